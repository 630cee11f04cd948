//go:build unix

package transport

import "syscall"

// TryWriter writes to connections without blocking. Only one goroutine at a time
// may use it, and no goroutine may call Write of the connection at the same time.
// It refers to no connection between two calls, so one serves many connections.
type TryWriter struct {
	try func(fd uintptr) bool // tryWrite as a function value, allocated once

	// Argument and result of the current call.
	bufs [][]byte
	n    int
}

// TryWrite writes as much of bufs as possible to the descriptor of a connection
// without blocking and returns the number of bytes written. It returns 0 also if the
// connection has failed; a following Write then returns the error.
func (w *TryWriter) TryWrite(conn syscall.RawConn, bufs [][]byte) (n int) {
	if w.try == nil {
		w.try = w.tryWrite
	}
	w.bufs, w.n = bufs, 0
	err := conn.Write(w.try)
	w.bufs = nil
	if err != nil {
		return 0
	}
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
