package session

import (
	"context"
	"math"
)

// An accepted connection can be parted with while its listener goes on.

// Finish ends an accepted connection when everything queued is written.
func (c *conn) Finish() {
	c.cfg.Host.Retire(c.pipe)
	c.finish()
}

// Abort closes an accepted connection after Finish, whatever is unwritten.
func (c *conn) Abort() { c.close(context.Canceled) }

// Gone reports whether the connection is closed.
func (c *conn) Gone() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// Pending is nothing: the listener counts what its connections have to write.
func (c *conn) Pending() int { return 0 }

// Wait returns when the connection is closed after Finish, which ctx makes
// happen at once.
func (c *conn) Wait(ctx context.Context) {
	gone := make(chan struct{})
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.probes = append(c.probes, probe{math.MaxUint64, func(bool) { close(gone) }})
	c.mu.Unlock()
	select {
	case <-gone:
	case <-ctx.Done():
		c.close(context.Cause(ctx))
	}
}
