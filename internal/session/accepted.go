package session

import (
	"context"
	"sync/atomic"

	"github.com/zerobroker/zmq/internal/pipe"
)

// accepted stands between the pipe of an accepted connection and the connection.
// The pipe stays in memory while messages in it are unread. Therefore accepted
// drops its reference to the connection when that ends. Finish, Abort, Wait and
// LossStats end one connection of a listener that goes on.
type accepted struct {
	conn atomic.Pointer[conn] // nil when it has ended and its losses are counted

	// What follows is final when ended is closed.
	ended       ending // closed when the connection has ended
	lost        int    // messages that were lost with it
	unconfirmed bool   // it ended with written messages that may not have arrived
}

func newAccepted(c *conn) *accepted {
	a := &accepted{}
	a.conn.Store(c)
	return a
}

// end records that the connection has ended.
func (a *accepted) end(lost int, unconfirmed bool) {
	a.lost, a.unconfirmed = lost, unconfirmed
	a.conn.Store(nil)
	a.ended.close()
}

// Wake starts writing. pipe.Out calls it.
func (a *accepted) Wake(*pipe.Queue) {
	if c := a.conn.Load(); c != nil {
		c.wakeFlusher()
	}
}

// Flush is like Wake, but the caller must hold no lock. A caller that next
// waits for a reply uses it.
func (a *accepted) Flush() {
	if c := a.conn.Load(); c != nil {
		c.Flush()
	}
}

// Room reports free capacity to the connection. pipe.In calls it under its lock.
func (a *accepted) Room(q *pipe.Queue) {
	if c := a.conn.Load(); c != nil {
		c.Room(q)
	}
}

// Refuse closes the connection.
func (a *accepted) Refuse(why error) {
	if c := a.conn.Load(); c != nil {
		c.close(why)
	}
}

// PeerDisconnected reports whether the peer has closed the connection or cannot be
// reached. Messages that it sent before are still received.
func (a *accepted) PeerDisconnected() bool {
	c := a.conn.Load()
	return c == nil || c.peerDisconnected()
}

// Subscribe sends a change of our subscriptions to the peer.
func (a *accepted) Subscribe(topic string, on bool) {
	if c := a.conn.Load(); c != nil {
		c.Subscribe(topic, on)
	}
}

// Probe calls done when the peer has processed everything sent so far.
func (a *accepted) Probe(done func(ok bool)) {
	if c := a.conn.Load(); c != nil {
		c.Probe(done)
		return
	}
	done(false)
}

// Finish ends the connection when everything queued is written.
func (a *accepted) Finish() {
	if c := a.conn.Load(); c != nil {
		c.Finish()
	}
}

// Abort closes the connection after Finish, and drops unwritten messages.
func (a *accepted) Abort() { a.endLinger(context.Canceled) }

func (a *accepted) endLinger(why error) {
	if c := a.conn.Load(); c != nil {
		c.endLinger(why)
	}
}

// Ended reports whether the connection has ended.
func (a *accepted) Ended() bool { return a.conn.Load() == nil }

// Wait returns when the connection has ended after Finish. When ctx ends it calls
// Abort.
func (a *accepted) Wait(ctx context.Context) {
	select {
	case <-a.ended.done():
	case <-ctx.Done():
		a.endLinger(context.Cause(ctx))
		<-a.ended.done()
	}
}

// LossStats returns, after Wait, how many messages were not written or were
// rejected by the peer, and whether written messages may not have arrived.
func (a *accepted) LossStats() (lost int, unconfirmed bool) { return a.lost, a.unconfirmed }
