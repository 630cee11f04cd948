package transport

import "net"

// Delivered reports whether the peer's system has acknowledged all bytes
// written to c, so that closing c loses none of them. known is false if the
// operating system does not report this. A type other than *net.TCPConn and
// *net.UnixConn may implement a method Delivered.
func Delivered(c net.Conn) (delivered, known bool) {
	c = underlying(c)
	if g, ok := c.(*guarded); ok {
		return g.delivered()
	}
	if d, ok := c.(interface{ Delivered() bool }); ok {
		return d.Delivered(), true
	}
	return systemDelivered(c)
}

// PeerDisconnected reports whether the peer has closed its end of c or its
// system does not respond. Bytes that the peer sent before may still be unread.
// A peer that has ended only its TLS direction is not reported.
// PeerDisconnected returns false if the operating system does not report this.
// A type other than *net.TCPConn and *net.UnixConn may implement a method
// PeerDisconnected.
func PeerDisconnected(c net.Conn) bool {
	c = underlying(c)
	if p, ok := c.(interface{ PeerDisconnected() bool }); ok {
		return p.PeerDisconnected()
	}
	return systemPeerDisconnected(c)
}

// Readable reports whether Read would return at once with bytes, io.EOF or an
// error from the peer. It returns false if the operating system does not report
// this. A type other than *net.TCPConn and *net.UnixConn may implement a method
// Readable.
func Readable(c net.Conn) bool {
	if r, ok := c.(interface{ Readable() bool }); ok {
		return r.Readable()
	}
	return systemReadable(c)
}
