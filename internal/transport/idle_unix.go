//go:build unix

package transport

import (
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
	"time"
)

// rawReader reads from a file descriptor with syscall.RawConn.Read. Its
// callback gets a buffer, tries to read, and returns the buffer before the
// goroutine is parked. The callback must call read(2) each time, because the
// poller does not report again that earlier bytes are available.
type rawReader struct {
	conn syscall.RawConn       // nil for a connection without a descriptor
	try  func(fd uintptr) bool // tryRead as a function value, allocated once

	spin time.Duration // how long tryRead tries again after bytes have arrived
	last time.Duration // when they have arrived, after start, if spin is set

	// Arguments and results of the current read.
	get func() []byte
	put func([]byte)
	buf []byte // what was read
	err error

	long bool // the last read was longer than maxShort, so the next one may be
}

// start is a time from which durations are measured, which need less memory.
var start = time.Now()

// init does nothing for a connection without a descriptor.
func (r *rawReader) init(c net.Conn) {
	if conn := rawConn(c); conn != nil {
		r.conn, r.try = conn, r.tryRead
	}
}

// rawConn returns the descriptor of a *net.TCPConn or *net.UnixConn, and nil for
// any other connection. A type that embeds one of them has the same methods, but its
// Read and Write may encrypt or count bytes, which a call with the descriptor would
// bypass.
func rawConn(c net.Conn) syscall.RawConn {
	var s syscall.Conn
	switch c := c.(type) {
	case *net.TCPConn:
		s = c
	case *net.UnixConn:
		s = c
	default:
		return nil
	}
	conn, err := s.SyscallConn()
	if err != nil {
		return nil
	}
	return conn
}

func (r *rawReader) setSpin(d time.Duration) { r.spin, r.last = d, time.Since(start)-d }

func (r *rawReader) descriptor() syscall.RawConn { return r.conn }

func (r *rawReader) read(c net.Conn, get func() []byte, put func([]byte)) ([]byte, int, error) {
	r.get, r.put = get, put
	err := r.conn.Read(r.try)
	buf := r.buf
	if err == nil {
		err = connError(c, r.err)
	} else if op := (*net.OpError)(nil); errors.As(err, &op) {
		op.Op = "read" // as in errors of the connection's Read method
	}
	// Do not keep a reference to memory of the caller.
	r.get, r.put, r.buf, r.err = nil, nil, nil, nil
	return buf, len(buf), err
}

// connError returns the error of read(2) as the Read method of the connection does.
func connError(c net.Conn, err error) error {
	errno, ok := err.(syscall.Errno)
	if !ok {
		return err
	}
	return &net.OpError{
		Op: "read", Net: c.LocalAddr().Network(), Source: c.LocalAddr(), Addr: c.RemoteAddr(),
		Err: os.NewSyscallError("read", errno),
	}
}

// tryRead tries to read, and tries again while the last bytes have arrived less than
// spin ago. It returns false if no bytes are available, so that RawConn.Read waits.
func (r *rawReader) tryRead(fd uintptr) bool {
	buf := r.get()
	if len(buf) == 0 {
		r.put(buf)
		r.err = io.ErrShortBuffer
		return true
	}
	n, err := r.readOnce(fd, buf)
	for r.spin > 0 && err == syscall.EAGAIN && time.Since(start)-r.last < r.spin {
		runtime.Gosched() // first for the goroutine that the last bytes have woken
		n, err = r.readOnce(fd, buf)
	}
	if n > 0 {
		if r.spin > 0 {
			r.last = time.Since(start)
		}
		r.buf, r.long = buf[:n], n > maxShort
		return true
	}
	r.put(buf)
	switch err {
	case syscall.EAGAIN:
		return false
	case nil:
		r.err = io.EOF
	default:
		r.err = err
	}
	return true
}

// readOnce calls read(2), again if a signal has interrupted it.
func (r *rawReader) readOnce(fd uintptr, buf []byte) (n int, err error) {
	read := readShort
	if r.long {
		read = syscall.Read
	}
	for {
		if n, err = read(int(fd), buf); err != syscall.EINTR {
			return n, err
		}
	}
}
