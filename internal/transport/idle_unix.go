//go:build unix

package transport

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// rawReader reads a file descriptor from inside the poller: the callback takes
// a buffer, tries, and gives the buffer back before the goroutine is parked.
// It must really try each time, because the poller has by then forgotten that
// the descriptor was readable.
type rawReader struct {
	c    net.Conn
	conn syscall.RawConn
	try  func(fd uintptr) bool // the callback, made once

	// One Read's arguments and result.
	get func() []byte
	put func([]byte)
	buf []byte
	n   int
	err error
}

// init takes only the two types known to read what the descriptor reads: a
// type that embeds one of them, to decrypt or count, has the same methods.
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
		op.Op = "read" // as the connection's own Read says
	}
	// An idle Reader keeps nothing alive.
	r.get, r.put, r.buf, r.n, r.err = nil, nil, nil, 0, nil
	return buf, n, err
}

// tryRead reports whether the waiting is over.
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
