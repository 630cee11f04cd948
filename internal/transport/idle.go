package transport

import (
	"net"
	"syscall"
	"time"
)

// ReadWaiter is a connection that can wait for bytes without a buffer. A Reader
// uses it for connections without a file descriptor to wait for, for example
// connections in memory, and for TLS, whose bytes are not those of the descriptor.
type ReadWaiter interface {
	// WaitRead blocks until Read would not block: because bytes have arrived,
	// or because Read would return io.EOF or an error. WaitRead returns an
	// error only if the connection is closed or the read deadline passes.
	WaitRead() error
}

// Reader reads from a connection and has no buffer while it waits, so that an
// idle connection needs only a goroutine. On Unix this works for TCP and
// Unix-domain connections, and on all systems for a [ReadWaiter]. With any
// other connection, Reader has a buffer while it waits.
//
// Only one goroutine at a time may use a Reader. Deadlines and Close of the
// connection work as without a Reader.
type Reader struct {
	c   net.Conn
	raw rawReader // used if it has a descriptor
	err error     // an error that Read returned with bytes, for the next call
}

// NewReader returns a Reader of c. Its Read and ReadInto allocate memory only
// for errors.
func NewReader(c net.Conn) *Reader {
	r := &Reader{c: c}
	r.raw.init(c)
	return r
}

// Descriptor returns the file descriptor that Read uses. It is nil for a connection
// without one, and for one whose bytes are not those of the descriptor, as for TLS.
func (r *Reader) Descriptor() syscall.RawConn { return r.raw.descriptor() }

// SetSpin makes Read look for more bytes, without sleeping, for d after bytes have
// arrived. This uses a processor meanwhile. It has no effect for a connection whose
// file descriptor Reader does not read.
func (r *Reader) SetSpin(d time.Duration) { r.raw.setSpin(d) }

// Read waits for bytes, calls get for a buffer, and reads into it. It returns
// either the n > 0 bytes at the start of the buffer, or an error and no buffer. The error at the end of the stream is io.EOF. Read returns a buffer
// that it does not need by calling put.
//
// get must not block and must not return an empty buffer. Read may call get
// several times; before each further call it calls put.
func (r *Reader) Read(get func() []byte, put func([]byte)) (buf []byte, n int, err error) {
	if r.err != nil {
		err, r.err = r.err, nil
		return nil, 0, err
	}
	if r.raw.descriptor() != nil {
		return r.raw.read(r.c, get, put)
	}
	if w, ok := r.c.(ReadWaiter); ok {
		if err := w.WaitRead(); err != nil {
			return nil, 0, err
		}
	}
	return r.plain(get, put)
}

// plain calls Read of the connection with a buffer, and so needs one while it
// waits.
func (r *Reader) plain(get func() []byte, put func([]byte)) ([]byte, int, error) {
	buf := get()
	n, err := r.c.Read(buf) // a guarded connection returns bytes or an error
	if n > 0 {
		r.err = err
		return buf[:n], n, nil
	}
	put(buf)
	return nil, 0, err
}

// ReadInto reads into a buffer of the caller, for example for a large body of
// known size. It calls Read of the connection.
func (r *Reader) ReadInto(p []byte) (n int, err error) {
	if r.err != nil {
		err, r.err = r.err, nil
		return 0, err
	}
	return r.c.Read(p)
}

// Buffers reports whether Write returns without waiting for a Read of the peer as
// long as the peer has not many bytes to read. It is false for a connection of which
// this is not known, such as one of net.Pipe.
func Buffers(c net.Conn) bool {
	switch underlying(c).(type) {
	case *net.TCPConn, *net.UnixConn:
		return true
	}
	return false
}
