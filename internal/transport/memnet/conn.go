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
	writing         bool // a Write is under way; the next waits for its turn
	readBy, writeBy deadline
}

// deadline is a moment after which a call fails; zero is never.
type deadline time.Time

func (d deadline) passed() bool {
	t := time.Time(d)
	return !t.IsZero() && !time.Now().Before(t)
}

// sooner returns the earlier of the deadline and another moment, where zero is
// no moment at all.
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
		c.link.cond.Broadcast() // there is room now
	}
	return n, c.wrap("read", err)
}

// WaitRead waits until a Read would not: see [transport.ReadWaiter].
func (c *conn) WaitRead() error {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	return c.wrap("read", c.awaitLocked())
}

// Delivered reports whether everything written has arrived: see
// [transport.Delivered]. What was destroyed never will.
func (c *conn) Delivered() bool {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	return c.out.killed == 0 && c.out.arrivedLocked() == c.out.pending
}

// PeerDisconnected reports whether the end of what the peer sends has arrived: see
// [transport.PeerDisconnected].
func (c *conn) PeerDisconnected() bool {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	return c.closed || c.in.end != nil && !c.in.stalled && !c.in.endAt.After(time.Now())
}

// Readable reports whether bytes or the end have arrived and are not read: see
// [transport.Readable].
func (c *conn) Readable() bool {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	ready, _ := c.in.pollLocked()
	return ready
}

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
		case c.in.unread:
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
	// One Write at a time, so that none lands inside another. Not by a mutex:
	// waiting for one would stop virtual time.
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
			return n, nil // even if just this has cut the link
		}
		if k > 0 {
			c.link.cond.Broadcast() // there are bytes now
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
	return c.out.werr
}

// CloseWrite ends the outgoing flow in order and leaves the other open.
func (c *conn) CloseWrite() error {
	l := c.link
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.closed {
		return c.wrap("close", net.ErrClosed)
	}
	c.out.finishLocked()
	if c.out.werr == nil {
		c.out.werr = syscall.EPIPE
	}
	l.cond.Broadcast()
	return nil
}

// Close follows TCP: see the package comment.
func (c *conn) Close() error {
	l := c.link
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.closed {
		return c.wrap("close", net.ErrClosed)
	}
	c.closed = true
	if c.in.arrivedLocked() > 0 {
		c.in.werr = syscall.ECONNRESET
		if c.out.end == nil {
			c.out.abortLocked()
		}
	}
	c.out.finishLocked()
	c.in.destroyLocked(0)
	c.in.gone = true
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
