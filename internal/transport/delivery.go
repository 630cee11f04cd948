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

// PeerDisconnected reports whether the peer has closed its end of c, also if what it
// sent before has not been read, or its system does not answer any more. Where
// that cannot be known it is false. A connection that is none of the system's
// may have a method PeerDisconnected of its own.
func PeerDisconnected(c net.Conn) bool {
	if p, ok := c.(interface{ PeerDisconnected() bool }); ok {
		return p.PeerDisconnected()
	}
	return systemPeerDisconnected(c)
}

// Readable reports whether something of the peer's has arrived at c and is not
// read: bytes, its end, or an error. Where that cannot be known it is false. A
// connection that is none of the system's may have a method Readable of its own.
func Readable(c net.Conn) bool {
	if r, ok := c.(interface{ Readable() bool }); ok {
		return r.Readable()
	}
	return systemReadable(c)
}
