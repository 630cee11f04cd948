//go:build unix

package transport

import (
	"net"
	"syscall"
)

// TryWriter writes to a connection without blocking. Only one goroutine at a
// time may use it, and no goroutine may call Write of the connection at the
// same time.
type TryWriter struct {
	conn syscall.RawConn
	try  func(fd uintptr) bool // tryWrite as a function value, allocated once

	// Argument and result of the current call.
	bufs [][]byte
	n    int
}

// NewTryWriter returns a TryWriter for a TCP or Unix-domain connection, and nil
// for other connections, which have no non-blocking write.
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

// TryWrite writes as much of bufs as possible without blocking and returns the
// number of bytes written. It returns 0 also if the connection has failed; a
// following Write then returns the error.
func (w *TryWriter) TryWrite(bufs [][]byte) (n int) {
	w.bufs, w.n = bufs, 0
	if w.conn.Write(w.try) != nil {
		return 0
	}
	w.bufs = nil
	return w.n
}

func (w *TryWriter) tryWrite(fd uintptr) bool {
	n, err := writev(int(fd), w.bufs)
	for err == syscall.EINTR {
		n, err = writev(int(fd), w.bufs)
	}
	w.n = max(n, 0)
	return true
}
