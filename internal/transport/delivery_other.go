//go:build !linux

package transport

import (
	"net"
	"time"
)

// systemDelivered implements Delivered for TCP and Unix-domain connections.
func systemDelivered(c net.Conn) (delivered, known bool) {
	_, ok := c.(*net.UnixConn)
	return ok, ok // Write puts the bytes into the peer's receive buffer
}

// Unreachable returns false, because this system does not report repeated
// packets.
func Unreachable(net.Conn, time.Duration) bool { return false }

// systemPeerDisconnected implements PeerDisconnected for TCP and Unix-domain
// connections.
func systemPeerDisconnected(net.Conn) bool { return false }

// CloseRead does nothing: a shutdown on this system discards the bytes that
// have arrived.
func CloseRead(net.Conn) {}
