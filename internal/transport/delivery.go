package transport

import "net"

// Delivered reports whether the peer's system has confirmed everything written
// to c, so that closing it loses nothing. known is false where nobody can tell.
// A connection that is none of the system's may have a method Delivered of its
// own.
func Delivered(c net.Conn) (delivered, known bool) {
	if d, ok := c.(interface{ Delivered() bool }); ok {
		return d.Delivered(), true
	}
	return systemDelivered(c)
}
