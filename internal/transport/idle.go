package transport

import (
	"io"
	"net"
)

// ReadWaiter is a connection that can wait for bytes without being given a
// buffer. A Reader uses it where the system's own way is closed to it, as with
// connections that live in memory or decode what they read.
type ReadWaiter interface {
	// WaitRead blocks until a Read would not: bytes are there, or the end, or
	// an error, which that Read will report. It returns an error when the
	// connection is closed or the read deadline passes first.
	WaitRead() error
}

// Reader reads a connection without holding a buffer while nothing arrives,
// so that an idle connection costs a goroutine and no more. On Unix it does so
// for TCP and Unix-domain connections, elsewhere for a [ReadWaiter]; with any
// other connection it works, but holds a buffer while it waits.
//
// One goroutine at a time may read. Deadlines and Close of the connection
// itself work as always.
type Reader struct {
	c    net.Conn
	wait ReadWaiter // nil unless c is one
	raw  rawReader  // unused unless it is ready
	err  error      // came along with bytes; reported by the next Read
}

// NewReader returns a reader of c. Its memory is all that Read ever allocates.
func NewReader(c net.Conn) *Reader {
	r := &Reader{c: c}
	r.wait, _ = c.(ReadWaiter)
	r.raw.init(c)
	return r
}

// Read waits for bytes, and only then asks get for a buffer to read them into.
// It returns that buffer and how many bytes it begins with. A buffer that was
// taken for nothing goes back through put; with an error there is no buffer,
// and with a buffer (n > 0) there is no error. The error is io.EOF at the end
// of the stream.
//
// Get must not block and must not return an empty buffer. It may be called
// several times in one Read, each time but the last followed by put.
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

// plain is the way of io.Reader, for connections that offer no other.
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

// ReadInto reads into a buffer the caller already holds, for a body whose size
// is known. It is the connection's own Read.
func (r *Reader) ReadInto(p []byte) (n int, err error) {
	if r.err != nil {
		err, r.err = r.err, nil
		return 0, err
	}
	return r.c.Read(p)
}
