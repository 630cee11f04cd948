//go:build !linux

package transport

import (
	"net"
	"time"
)

// systemDelivered is Delivered for connections of the system.
func systemDelivered(c net.Conn) (delivered, known bool) {
	_, ok := c.(*net.UnixConn)
	return ok, ok // what is written is with the peer
}

// Unreachable reports whether the peer's system has not answered for d although
// the system has tried again to reach it. Where nobody can tell it is false.
func Unreachable(net.Conn, time.Duration) bool { return false }

// systemPeerDisconnected is PeerDisconnected for connections of the system.
func systemPeerDisconnected(net.Conn) bool { return false }

// CloseRead does nothing: a shutdown on this system discards the bytes that
// have arrived.
func CloseRead(net.Conn) {}
