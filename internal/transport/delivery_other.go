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

// systemPeerGone is PeerGone for connections of the system.
func systemPeerGone(net.Conn) bool { return false }

// systemEndRead does nothing: elsewhere a shutdown discards what has arrived.
func systemEndRead(net.Conn) {}
