//go:build unix

package transport

import (
	"net"
	"syscall"
)

// TryWriter writes to a connection as much as goes without waiting. One
// goroutine at a time may use it, and none may Write meanwhile.
type TryWriter struct {
	conn syscall.RawConn
	try  func(fd uintptr) bool // the callback, made once

	// One call's argument and result.
	p []byte
	n int
}

// NewTryWriter returns a TryWriter of c, or nil if c is of a kind that does not
// tell whether it would wait: only TCP and Unix-domain connections do.
func NewTryWriter(c net.Conn) *TryWriter {
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
	w := &TryWriter{conn: conn}
	w.try = w.tryWrite
	return w
}

// TryWrite returns how much of p the system took at once. It may be nothing,
// also because the connection has failed: a Write of the rest then tells.
func (w *TryWriter) TryWrite(p []byte) (n int) {
	w.p, w.n = p, 0
	if w.conn.Write(w.try) != nil {
		return 0
	}
	w.p = nil
	return w.n
}

func (w *TryWriter) tryWrite(fd uintptr) bool {
	n, err := syscall.Write(int(fd), w.p)
	for err == syscall.EINTR {
		n, err = syscall.Write(int(fd), w.p)
	}
	w.n = max(n, 0)
	return true
}
