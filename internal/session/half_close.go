package session

import (
	"errors"
	"time"
)

// errEvicted ends a half-closed connection whose place is needed.
var errEvicted = errors.New("half-closed, and its place is needed")

// minDeliveryWait is the first wait before closeIfDelivered looks, if the peer has ended its
// direction already: there is no hanging up to wait for, only the confirmation
// of what was written.
const minDeliveryWait = 5 * time.Millisecond

// serveHalfClosed is the rest of run after the peer of a raw connection has
// ended its direction: messages are still written to it. It returns when the
// connection is closed or has failed, when nothing was written to it for
// HalfClose, or if its owner does not keep it, when everything queued is
// written. Until then the caller's goroutine waits here.
func (c *conn) serveHalfClosed() {
	c.mu.Lock()
	c.halfCloseLocked()
	c.mu.Unlock()
	keep := c.owner.halfClosed(c)
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
		case <-c.room: // closed, failed, or everything written
		case <-t.C:
			c.mu.Lock()
			finishing := c.finishing // then lingering has an end of its own
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

// halfClosed keeps the connection for what the application answers.
func (l *Listener) halfClosed(c *conn) (keep bool) {
	l.mu.Lock()
	c.halfClosed = l.half.PushBack(c)
	l.mu.Unlock()
	l.cfg.Host.HalfClosed(c.pipe)
	return true
}

// evictLocked returns the connection that has been half-closed for longest, to
// be closed, or nil. The caller holds mu.
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

// halfClosed does not keep the connection: what is queued is written, and then
// the endpoint is connected again.
func (d *Dialer) halfClosed(*conn) (keep bool) { return false }
