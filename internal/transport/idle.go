package transport

import (
	"io"
	"net"
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
	c    net.Conn
	wait ReadWaiter // c, or nil if c is no ReadWaiter
	raw  rawReader  // used if raw.ready()
	err  error      // an error that Read returned with bytes, for the next call
}

// NewReader returns a Reader of c. Its Read and ReadInto allocate memory only
// for errors.
func NewReader(c net.Conn) *Reader {
	r := &Reader{c: c}
	r.wait, _ = c.(ReadWaiter)
	r.raw.init(c)
	return r
}

// Read waits for bytes, calls get for a buffer, and reads into it. It returns
// either the buffer and the number of bytes in it (n > 0), or an error and no
// buffer. The error at the end of the stream is io.EOF. Read returns a buffer
// that it does not need by calling put.
//
// get must not block and must not return an empty buffer. Read may call get
// several times; before each further call it calls put.
func (r *Reader) Read(get func() []byte, put func([]byte)) (buf []byte, n int, err error) {
	if r.err != nil {
		err, r.err = r.err, nil
		return nil, 0, err
	}
	if r.raw.ready() {
		return r.raw.read(get, put)
	}
	if r.wait != nil {
		if err := r.wait.WaitRead(); err != nil {
			return nil, 0, err
		}
	}
	return r.plain(get, put)
}

// plain calls Read of the connection with a buffer, and so needs one while it
// waits.
func (r *Reader) plain(get func() []byte, put func([]byte)) ([]byte, int, error) {
	buf := get()
	for range 100 {
		n, err := r.c.Read(buf)
		if n > 0 {
			r.err = err
			return buf, n, nil
		}
		if err != nil {
			put(buf)
			return nil, 0, err
		}
	}
	put(buf)
	return nil, 0, io.ErrNoProgress
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
