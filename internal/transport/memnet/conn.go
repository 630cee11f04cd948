package memnet

import (
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// conn is one end of a link.
type conn struct {
	link          *Link
	in, out       *Flow
	local, remote Addr

	// Guarded by link.mu.
	closed          bool
	writing         bool // a Write is running; other Writes wait
	readBy, writeBy deadline
}

// deadline is the time after which a call fails; the zero deadline means never.
type deadline time.Time

func (d deadline) passed() bool {
	t := time.Time(d)
	return !t.IsZero() && !time.Now().Before(t)
}

// sooner returns the earlier of the deadline and t. A zero time means never.
func (d deadline) sooner(t time.Time) time.Time {
	if u := time.Time(d); t.IsZero() || !u.IsZero() && u.Before(t) {
		return u
	}
	return t
}

func (c *conn) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	if err = c.awaitLocked(); err == nil {
		n, err = c.in.deliverLocked(p)
		c.link.cond.Broadcast() // the buffer has free space now
	}
	return n, c.wrap("read", err)
}

// WaitRead waits until Read would not block: see [transport.ReadWaiter].
func (c *conn) WaitRead() error {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	return c.wrap("read", c.awaitLocked())
}

// Delivered reports whether all written bytes have arrived: see
// [transport.Delivered]. It returns false if any bytes were destroyed.
func (c *conn) Delivered() bool {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	return c.out.destroyed == 0 && c.out.arrivedLocked() == c.out.pending
}

// PeerDisconnected reports whether the end of the incoming flow has arrived:
// see [transport.PeerDisconnected].
func (c *conn) PeerDisconnected() bool {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	return c.closed || c.in.end != nil && !c.in.stalled && !c.in.endAt.After(time.Now())
}

// Readable reports whether unread bytes or the end of the flow have arrived:
// see [transport.Readable].
func (c *conn) Readable() bool {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	ready, _ := c.in.pollLocked()
	return ready
}

// awaitLocked waits until deliverLocked can return bytes or the end of the
// flow.
func (c *conn) awaitLocked() error {
	for {
		switch {
		case c.closed:
			return net.ErrClosed
		case c.readBy.passed():
			return os.ErrDeadlineExceeded
		}
		ready, wake := c.in.pollLocked()
		switch {
		case c.in.heldReads:
			wake = time.Time{}
		case ready:
			return nil
		}
		waitUntil(&c.link.cond, c.readBy.sooner(wake))
	}
}

func (c *conn) Write(p []byte) (n int, err error) {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	// One Write at a time, so that their bytes do not mix. This is not a mutex,
	// because virtual time does not advance while a goroutine waits for one.
	for c.writing && c.writeErrorLocked() == nil {
		waitUntil(&c.link.cond, time.Time(c.writeBy))
	}
	if err = c.writeErrorLocked(); err != nil || len(p) == 0 {
		return 0, c.wrap("write", err)
	}
	c.writing = true
	n, err = c.writeLocked(p)
	c.writing = false
	c.link.cond.Broadcast()
	return n, c.wrap("write", err)
}

func (c *conn) writeLocked(p []byte) (n int, err error) {
	for {
		if err := c.writeErrorLocked(); err != nil {
			return n, err
		}
		k := c.out.acceptLocked(p[n:])
		if n += k; n == len(p) {
			return n, nil // also if acceptLocked has cut the link
		}
		if k > 0 {
			c.link.cond.Broadcast() // the reader has bytes now
			continue
		}
		waitUntil(&c.link.cond, time.Time(c.writeBy))
	}
}

func (c *conn) writeErrorLocked() error {
	switch {
	case c.closed:
		return net.ErrClosed
	case c.writeBy.passed():
		return os.ErrDeadlineExceeded
	}
	return c.out.writeErr
}

// CloseWrite ends the outgoing flow in order; the incoming flow stays open.
func (c *conn) CloseWrite() error {
	l := c.link
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.closed {
		return c.wrap("close", net.ErrClosed)
	}
	c.out.finishLocked()
	if c.out.writeErr == nil {
		c.out.writeErr = syscall.EPIPE
	}
	l.cond.Broadcast()
	return nil
}

// Close works as on TCP: see the package comment.
func (c *conn) Close() error {
	l := c.link
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.closed {
		return c.wrap("close", net.ErrClosed)
	}
	c.closed = true
	if c.in.arrivedLocked() > 0 {
		c.in.writeErr = syscall.ECONNRESET
		if c.out.end == nil {
			c.out.abortLocked()
		}
	}
	c.out.finishLocked()
	c.in.destroyLocked(0)
	c.in.readerClosed = true
	l.cond.Broadcast()
	return nil
}

func (c *conn) LocalAddr() net.Addr { return c.local }

func (c *conn) RemoteAddr() net.Addr { return c.remote }

func (c *conn) SetDeadline(t time.Time) error {
	return c.setDeadline(func() { c.readBy, c.writeBy = deadline(t), deadline(t) })
}

func (c *conn) SetReadDeadline(t time.Time) error {
	return c.setDeadline(func() { c.readBy = deadline(t) })
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	return c.setDeadline(func() { c.writeBy = deadline(t) })
}

func (c *conn) setDeadline(set func()) error {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	if c.closed {
		return c.wrap("set deadline", net.ErrClosed)
	}
	set()
	c.link.cond.Broadcast()
	return nil
}

func (c *conn) wrap(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return opError(op, c.local, c.remote, err)
}
