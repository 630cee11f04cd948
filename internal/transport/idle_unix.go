//go:build unix

package transport

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// rawReader reads from a file descriptor with syscall.RawConn.Read. Its
// callback gets a buffer, tries to read, and returns the buffer before the
// goroutine is parked. The callback must call read(2) each time, because the
// poller does not report again that earlier bytes are available.
type rawReader struct {
	c    net.Conn
	conn syscall.RawConn
	try  func(fd uintptr) bool // tryRead as a function value, allocated once

	// Arguments and results of the current read.
	get func() []byte
	put func([]byte)
	buf []byte
	n   int
	err error
}

// init accepts only *net.TCPConn and *net.UnixConn. A type that embeds one of
// them has the same methods, but its Read may decrypt or count bytes, which a
// read from the descriptor would bypass.
func (r *rawReader) init(c net.Conn) {
	var s syscall.Conn
	switch c := c.(type) {
	case *net.TCPConn:
		s = c
	case *net.UnixConn:
		s = c
	default:
		return
	}
	conn, err := s.SyscallConn()
	if err != nil {
		return
	}
	r.c, r.conn, r.try = c, conn, r.tryRead
}

func (r *rawReader) ready() bool { return r.conn != nil }

func (r *rawReader) read(get func() []byte, put func([]byte)) ([]byte, int, error) {
	r.get, r.put = get, put
	err := r.conn.Read(r.try)
	buf, n := r.buf, r.n
	if err == nil {
		err = r.err
	} else if op := (*net.OpError)(nil); errors.As(err, &op) {
		op.Op = "read" // as in errors of the connection's Read method
	}
	// Do not keep a reference to memory of the caller.
	r.get, r.put, r.buf, r.n, r.err = nil, nil, nil, 0, nil
	return buf, n, err
}

// tryRead tries to read once. It returns false if no bytes are available, so
// that RawConn.Read waits.
func (r *rawReader) tryRead(fd uintptr) bool {
	buf := r.get()
	if len(buf) == 0 {
		r.put(buf)
		r.err = io.ErrShortBuffer
		return true
	}
	n, err := syscall.Read(int(fd), buf)
	for err == syscall.EINTR {
		n, err = syscall.Read(int(fd), buf)
	}
	if n > 0 {
		r.buf, r.n = buf, n
		return true
	}
	r.put(buf)
	switch err {
	case syscall.EAGAIN:
		return false
	case nil:
		r.err = io.EOF
	default:
		r.err = &net.OpError{
			Op: "read", Net: r.c.LocalAddr().Network(), Source: r.c.LocalAddr(), Addr: r.c.RemoteAddr(),
			Err: os.NewSyscallError("read", err),
		}
	}
	return true
}
