package session

import (
	"errors"
	"time"
)

// errEvicted is the reason of a half-closed connection that is closed because a
// limit is reached.
var errEvicted = errors.New("half-closed, and closed to admit another connection")

// minDeliveryWait is the first wait before closeIfDelivered looks, if the peer has
// ended its direction already: then only the acknowledgement of what was written
// is missing.
const minDeliveryWait = 5 * time.Millisecond

// serveHalfClosed is the reader's part after the peer of a raw connection has
// ended its direction: messages are still written to it. It returns when the
// connection is closed or has failed, when nothing was written to it for
// HalfClose, or, if its session does not keep it, when everything queued is
// written.
func (c *conn) serveHalfClosed() {
	c.mu.Lock()
	c.halfCloseLocked()
	c.mu.Unlock()
	keep := c.session.halfClosed(c)
	t := time.NewTimer(c.cfg.HalfClose)
	defer t.Stop()
	seen := c.progress.Load()
	for {
		c.mu.Lock()
		over := c.state != stateHalfClosed && c.state != stateWriteClosed
		idle := c.flusher == flusherIdle && !c.finishing
		c.mu.Unlock()
		if over || !keep && idle && pending(c.pipe) == 0 {
			return
		}
		select {
		case <-c.room.wait(): // closed, failed, or everything written
		case <-t.C:
			c.mu.Lock()
			finishing := c.finishing // then the linger time limits it
			c.mu.Unlock()
			now := c.progress.Load()
			if now == seen && !finishing {
				return
			}
			seen = now
			t.Reset(c.cfg.HalfClose)
		}
	}
}

// halfClosed keeps the connection for the replies of the application.
func (l *Listener) halfClosed(c *conn) (keep bool) {
	l.mu.Lock()
	c.halfClosed = l.half.PushBack(c)
	l.mu.Unlock()
	l.cfg.Host.HalfClosed(c.pipe)
	return true
}

// evictLocked returns the connection that has been half-closed for longest, or
// nil. The caller holds mu and must close it.
func (l *Listener) evictLocked() *conn {
	e := l.half.Front()
	if e == nil {
		return nil
	}
	c := e.Value.(*conn)
	l.half.Remove(e)
	c.halfClosed = nil
	return c
}

// evict closes the connection that has been half-closed for longest, and
// reports whether there was one.
func (l *Listener) evict() bool {
	l.mu.Lock()
	c := l.evictLocked()
	l.mu.Unlock()
	if c == nil {
		return false
	}
	c.close(errEvicted)
	return true
}

// halfClosed does not keep the connection: queued messages are written, and then
// the dialer connects again.
func (d *Dialer) halfClosed(*conn) (keep bool) { return false }
