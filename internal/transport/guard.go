package transport

import (
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"sync/atomic"
	"time"
)

// guarded is a connection that the application has made. A panic of its methods, or
// a count that Read and Write must not return, becomes an error that names the method
// and closes the connection. Code above it relies on valid counts. Connections of
// package net are not guarded, so that their descriptors can be used.
type guarded struct {
	net.Conn
	local, remote net.Addr
	broken        atomic.Pointer[error] // why end has closed the connection
}

// Guard returns c, or a guarded connection if it is not one of package net. It calls
// LocalAddr and RemoteAddr of c, and does not recover a panic of these.
func Guard(c net.Conn) net.Conn {
	switch c.(type) {
	case *net.TCPConn, *net.UnixConn:
		if c.LocalAddr() == nil || c.RemoteAddr() == nil {
			break // the zero value
		}
		return c
	case *guarded:
		return c
	}
	return &guarded{Conn: c, local: orUnknown(c.LocalAddr()), remote: orUnknown(c.RemoteAddr())}
}

// maxEmptyReads is the number of calls of Read that may return no bytes and no error,
// one after another.
const maxEmptyReads = 100

// Read implements net.Conn. It returns io.ErrNoProgress if the connection returns
// neither bytes nor an error again and again.
func (c *guarded) Read(p []byte) (n int, err error) {
	defer c.endAfterPanic(&err, "Read of the connection")
	for range maxEmptyReads {
		n, err := c.Conn.Read(p)
		switch {
		case n < 0 || n > len(p):
			return 0, c.end(fmt.Errorf("Read of the connection returned the count %d for %d bytes", n, len(p)))
		case n > 0 || err != nil || len(p) == 0:
			return n, c.cause(err)
		}
	}
	return 0, c.end(fmt.Errorf("Read of the connection: %w", io.ErrNoProgress))
}

// Write implements net.Conn. After a panic or an invalid count the number of bytes
// that were written is not known. Write then returns len(p), because a message of
// which the peer may have received a part must not be sent again.
func (c *guarded) Write(p []byte) (n int, err error) {
	n = len(p) // after a panic
	defer c.endAfterPanic(&err, "Write of the connection")
	switch written, err := c.Conn.Write(p); {
	case written < 0 || written > len(p):
		return len(p), c.end(fmt.Errorf("Write of the connection returned the count %d for %d bytes", written, len(p)))
	case written < len(p) && err == nil:
		return written, c.end(fmt.Errorf("Write of the connection: %w: %d of %d bytes and no error", io.ErrShortWrite, written, len(p)))
	default:
		return written, c.cause(err)
	}
}

// endAfterPanic is RecoverHook for a method after whose panic the connection cannot
// be used. It must be deferred.
func (c *guarded) endAfterPanic(err *error, method string) {
	if p := recover(); p != nil {
		*err = c.end(fmt.Errorf("%s %w", method, PanicError(p)))
	}
}

// end closes the connection, which ends a Read or Write that is in progress, and
// returns err.
func (c *guarded) end(err error) error {
	c.broken.CompareAndSwap(nil, &err)
	c.Close()
	return err
}

// cause returns the error for which end has closed the connection, if err is a
// consequence of that, and else err.
func (c *guarded) cause(err error) error {
	if b := c.broken.Load(); b != nil && err != nil {
		return *b
	}
	return err
}

func (c *guarded) Close() (err error) {
	defer RecoverHook(&err, "Close of the connection")
	return c.Conn.Close()
}

func (c *guarded) LocalAddr() net.Addr  { return c.local }
func (c *guarded) RemoteAddr() net.Addr { return c.remote }

func (c *guarded) SetDeadline(t time.Time) (err error) {
	defer c.endAfterPanic(&err, "SetDeadline of the connection")
	return c.Conn.SetDeadline(t)
}

func (c *guarded) SetReadDeadline(t time.Time) (err error) {
	defer c.endAfterPanic(&err, "SetReadDeadline of the connection")
	return c.Conn.SetReadDeadline(t)
}

func (c *guarded) SetWriteDeadline(t time.Time) (err error) {
	defer c.endAfterPanic(&err, "SetWriteDeadline of the connection")
	return c.Conn.SetWriteDeadline(t)
}

// CloseWrite ends the sending direction. The error matches errors.ErrUnsupported if
// the connection has no such method.
func (c *guarded) CloseWrite() (err error) {
	defer c.endAfterPanic(&err, "CloseWrite of the connection")
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// CloseRead implements [CloseRead].
func (c *guarded) CloseRead() (err error) {
	defer c.endAfterPanic(&err, "CloseRead of the connection")
	CloseRead(c.Conn)
	return nil
}

// WaitRead implements [ReadWaiter]. For a connection that is no ReadWaiter it returns
// at once; Reader then has a buffer while it waits.
func (c *guarded) WaitRead() (err error) {
	defer c.endAfterPanic(&err, "WaitRead of the connection")
	if w, ok := c.Conn.(ReadWaiter); ok {
		return w.WaitRead()
	}
	return nil
}

// Readable implements [Readable]. It returns true after a panic: Read returns an error.
func (c *guarded) Readable() (readable bool) {
	var err error
	defer func() { readable = readable || err != nil }()
	defer c.endAfterPanic(&err, "Readable of the connection")
	return Readable(c.Conn)
}

// PeerDisconnected implements [PeerDisconnected].
func (c *guarded) PeerDisconnected() (disconnected bool) {
	var err error
	defer func() { disconnected = disconnected || err != nil }()
	defer c.endAfterPanic(&err, "PeerDisconnected of the connection")
	return PeerDisconnected(c.Conn)
}

// delivered implements [Delivered].
func (c *guarded) delivered() (delivered, known bool) {
	var err error
	defer c.endAfterPanic(&err, "Delivered of the connection")
	return Delivered(c.Conn)
}

// IsNil reports whether v is nil or a nil pointer, whose methods usually panic.
func IsNil(v any) bool {
	if v == nil {
		return true
	}
	r := reflect.ValueOf(v)
	return r.Kind() == reflect.Pointer && r.IsNil()
}
