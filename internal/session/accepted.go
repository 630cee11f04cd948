package session

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/zerobroker/zmq/internal/pipe"
)

// accepted is what the pipe of an accepted connection leads to. It is all of the
// connection that may be kept for as long as what came over it is unread, so it
// lets go of it at its end. The connection can be parted with while its listener
// goes on: Finish and what follows it are for that.
type accepted struct {
	conn   atomic.Pointer[conn] // nil when it has ended and is counted
	inLock sync.Mutex           // guards the writing half of pipe.In

	mu     sync.Mutex    // guards what follows
	ended  chan struct{} // closed with the end; nil while nobody waits for it
	unsent int           // messages that were lost with it
	broken bool          // it was lost before all that was written had arrived
}

// end says that the connection is no more.
func (a *accepted) end(unsent int, broken bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.unsent, a.broken = unsent, broken
	a.conn.Store(nil)
	if a.ended != nil {
		close(a.ended)
	}
}

// Ready is called by pipe.Out.
func (a *accepted) Ready(*pipe.Queue) {
	if c := a.conn.Load(); c != nil {
		c.kick()
	}
}

// Flush is Ready for a caller that holds no lock and will wait for an answer.
func (a *accepted) Flush() {
	if c := a.conn.Load(); c != nil {
		c.Flush()
	}
}

// Room is called by pipe.In under its lock.
func (a *accepted) Room(q *pipe.Queue) {
	if c := a.conn.Load(); c != nil {
		c.Room(q)
	}
}

// Refuse ends the connection.
func (a *accepted) Refuse(why error) {
	if c := a.conn.Load(); c != nil {
		c.Refuse(why)
	}
}

// PeerDisconnected reports whether the peer has closed the connection or cannot be
// reached. What it sent before is still received.
func (a *accepted) PeerDisconnected() bool {
	c := a.conn.Load()
	return c == nil || c.peerGone()
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

// Abort closes the connection after Finish, whatever is unwritten.
func (a *accepted) Abort() { a.endLinger(context.Canceled) }

func (a *accepted) endLinger(why error) {
	if c := a.conn.Load(); c != nil {
		c.endLinger(why)
	}
}

// Ended reports whether the connection has ended.
func (a *accepted) Ended() bool { return a.conn.Load() == nil }

// Pending is nothing: the listener counts what its connections have to write.
func (a *accepted) Pending() int { return 0 }

// Wait returns when the connection has ended after Finish, which ctx makes
// happen at once.
func (a *accepted) Wait(ctx context.Context) {
	a.mu.Lock()
	if a.Ended() {
		a.mu.Unlock()
		return
	}
	if a.ended == nil {
		a.ended = make(chan struct{})
	}
	ended := a.ended
	a.mu.Unlock()
	select {
	case <-ended:
	case <-ctx.Done():
		a.endLinger(context.Cause(ctx))
		<-ended
	}
}

// LossStats tells, after Wait, how many messages were not written or were rejected by
// the peer, and whether the
// connection broke before what was had arrived.
func (a *accepted) LossStats() (unsent int, broken bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.unsent, a.broken
}
