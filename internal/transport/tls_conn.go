package transport

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// TLSConn is a connection over TLS. Its addresses and deadlines are those of the
// connection below. One goroutine at a time calls Handshake, Read, WaitRead and
// Readable.
//
// After a Write that has failed, also because of a deadline, every later Write
// fails.
type TLSConn struct {
	net.Conn // the connection below TLS
	below    *belowTLS
	tls      *tls.Conn
	config   *tls.Config // of Options.TLS
	shaken   atomic.Bool // the handshake is complete

	peeked bool // first is decrypted and not yet returned by Read
	first  [1]byte
}

func newTLSConn(base net.Conn, c *tls.Config, side func(net.Conn, *tls.Config) *tls.Conn) *TLSConn {
	below := &belowTLS{Conn: base}
	return &TLSConn{Conn: base, below: below, tls: side(below, c), config: c}
}

// TLSError is an error of TLS and not of the connection below: a certificate that
// is not accepted, an alert of the peer, or bytes that are not TLS.
type TLSError struct{ Err error }

func (e *TLSError) Error() string { return e.Err.Error() }

// Unwrap returns e.Err.
func (e *TLSError) Unwrap() error { return e.Err }

// tlsError returns err as a *TLSError if it is one. Alerts that are sent and
// received are *net.OpErrors like the errors of the connection below.
func tlsError(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		if op.Op == "local error" || op.Op == "remote error" {
			return &TLSError{err}
		}
		return err
	}
	for _, other := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, os.ErrDeadlineExceeded} {
		if errors.Is(err, other) {
			return err
		}
	}
	return &TLSError{err}
}

// Handshake performs the handshake, which Read and Write otherwise do, and
// returns what it has established. The deadlines of the connection apply.
func (c *TLSConn) Handshake() (*tls.ConnectionState, error) {
	if err := c.handshake(); err != nil {
		return nil, err
	}
	s := c.tls.ConnectionState()
	return &s, nil
}

func (c *TLSConn) handshake() error {
	if c.shaken.Load() {
		return nil
	}
	if err := c.callHandshake(); err != nil {
		return tlsError(err)
	}
	c.shaken.Store(true)
	return nil
}

// callHandshake calls the functions of the configuration, which the application has
// set.
func (c *TLSConn) callHandshake() (err error) {
	defer RecoverHook(&err, "a function of the TLS configuration")
	return c.tls.Handshake()
}

// Config returns the configuration of Options.TLS that was current when the
// connection was made.
func (c *TLSConn) Config() *tls.Config { return c.config }

// Below returns the connection below TLS.
func (c *TLSConn) Below() net.Conn { return c.Conn }

func (c *TLSConn) Read(p []byte) (n int, err error) {
	if err := c.handshake(); err != nil || len(p) == 0 {
		return 0, err
	}
	if c.peeked {
		p[0], c.peeked = c.first[0], false
		k, _ := c.readBuffered(p[1:]) // a later Read gets the error again
		return 1 + k, nil
	}
	return c.read(p)
}

func (c *TLSConn) read(p []byte) (n int, err error) {
	n, err = c.tls.Read(p)
	if n > 0 {
		c.below.arrived.Store(false)
		return n, nil
	}
	if err != nil {
		return 0, tlsError(err)
	}
	return 0, nil
}

// readBuffered reads only what TLS has received already, without waiting for the
// connection below. If that is less than a record, the error is
// os.ErrDeadlineExceeded.
func (c *TLSConn) readBuffered(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	c.below.noWait = true
	defer func() { c.below.noWait = false }()
	return c.read(p)
}

// WaitRead implements [ReadWaiter]. It decrypts one byte, because only TLS knows
// whether bytes that have arrived are data, and whether it has received data that
// Read has not returned yet.
func (c *TLSConn) WaitRead() error {
	if err := c.handshake(); err != nil {
		return err
	}
	if c.peeked {
		return nil
	}
	n, err := c.read(c.first[:])
	c.peeked = n > 0
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil // Read returns any other error again
}

// Readable implements [Readable]. It is true also if a part of a record has
// arrived since the last Read.
func (c *TLSConn) Readable() bool {
	if !c.shaken.Load() {
		return Readable(c.Conn)
	}
	if c.peeked {
		return true
	}
	n, err := c.readBuffered(c.first[:])
	c.peeked = n > 0
	return c.peeked || !errors.Is(err, os.ErrDeadlineExceeded) || c.below.arrived.Swap(false) || Readable(c.Conn)
}

func (c *TLSConn) Write(p []byte) (n int, err error) {
	if err := c.handshake(); err != nil {
		return 0, err
	}
	n, err = c.tls.Write(p)
	if err != nil {
		err = tlsError(err)
	}
	return n, err
}

// CloseWrite ends the sending direction, of TLS and of the connection below. Like
// Write it waits until the connection accepts the bytes.
func (c *TLSConn) CloseWrite() error {
	if err := c.tls.CloseWrite(); err != nil {
		return err
	}
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		if err := half.CloseWrite(); !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
	}
	return nil
}

// closeNotifyWait is how long Close may wait to send the alert that ends TLS. The
// alert waits only if the peer does not read.
const closeNotifyWait = 100 * time.Millisecond

// Close closes the connection. It sends the alert that ends TLS if the handshake
// is complete and the connection takes it.
func (c *TLSConn) Close() error {
	if c.below.writing.Load() > 0 {
		// The alert would have to wait for this write.
		return c.Conn.Close()
	}
	c.Conn.SetWriteDeadline(time.Now().Add(closeNotifyWait))
	return c.tls.Close()
}

// belowTLS is what TLS reads from and writes to.
type belowTLS struct {
	net.Conn
	noWait  bool         // Read does not wait; set by TLSConn.readBuffered
	arrived atomic.Bool  // bytes have arrived of which TLSConn.Read has returned none
	writing atomic.Int32 // running calls of Write
}

// Read returns os.ErrDeadlineExceeded with noWait. TLS keeps a partial record
// after that error and continues with the next Read.
func (b *belowTLS) Read(p []byte) (n int, err error) {
	if b.noWait {
		return 0, os.ErrDeadlineExceeded
	}
	n, err = b.Conn.Read(p)
	if n > 0 {
		b.arrived.Store(true)
	}
	return n, err
}

func (b *belowTLS) Write(p []byte) (n int, err error) {
	b.writing.Add(1)
	defer b.writing.Add(-1)
	return b.Conn.Write(p)
}

// SetWriteDeadline does nothing. Package tls calls it to limit the alert that ends
// a direction to 5 s, but a slow peer may take longer to read what is before it.
// The deadlines of TLSConn are set on the connection itself.
func (b *belowTLS) SetWriteDeadline(time.Time) error { return nil }

// underlying returns the connection below TLS for a *TLSConn, and else c.
func underlying(c net.Conn) net.Conn {
	if t, ok := c.(*TLSConn); ok {
		return t.Conn
	}
	return c
}
