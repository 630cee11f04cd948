// Package pipe is the bounded two-way message queue between a pattern and one
// peer: high-water marks, wake-ups, conflation, drain-then-close. It is the
// only place where messages change goroutine. A pipe does not know who is on
// either end: a connection or another socket of the process.
//
// # Locks
//
// A [Queue] is guarded by its writer's lock, which the writer already holds
// when it picks the pipe: the hot path of a send is one lock and one append.
// A reader swaps whole batches out, so it takes that lock once a batch. Both
// callbacks, [Reader.Ready] and [Writer.Room], are made under it.
package pipe

import (
	"sync/atomic"

	"github.com/zerobroker/zmq/internal/msg"
)

// Subscriptions is the far side of a pipe as seen by a subscriber: it carries
// changes of the set of subscriptions, which are state and not messages, so no
// high-water mark holds them up.
type Subscriptions interface {
	// Subscribe adds a prefix to the far side's set, or removes it.
	Subscribe(topic string, on bool)
	// Probe calls done when the far side is known to have processed all
	// changes so far, or with false when it never will.
	Probe(done func(ok bool))
}

// Side tells which end of a connection a pipe is.
type Side uint8

const (
	ConnectedInproc Side = iota // to a socket of this process that we connected to
	Accepted                    // by us
	Dialed                      // by us, and again when it is lost
)

// Connection is what a pipe leads to, as seen by a pattern that wants it gone.
type Connection interface {
	// Refuse ends the connection that there is now. Whoever connected may
	// connect again. No lock of the socket may be held.
	Refuse(why error)
}

// Pipe is one socket's end of the connection to one peer.
type Pipe struct {
	Out *Queue        // messages to the peer; nil if the type never sends
	In  *Queue        // messages from the peer; nil until it exists
	Sub Subscriptions // nil if the peer takes no subscriptions
	To  Connection    // nil until there is one

	ID      uint64 // unique in the process
	Number  uint32 // the routing number that SERVER and PEER gave it
	Side    Side   // who made the connection
	Alias   string // the routing id that we gave to whoever is at the far end, or empty
	Retired bool   // taken away, maybe before it was attached; guarded by both locks

	TakesAll bool // the far end cannot say what it wants, and gets everything
	MaxSize  int  // the most bytes of one message that go there; 0: no limit

	// After is read to its end before anything is read from this pipe: the peer
	// was at its far end before. Nil if there is none; guarded by the receive lock.
	After *Pipe

	Slot int    // index in a load balancer's table; guarded by the send lock
	Mark uint64 // the last message distributed here; guarded by the send lock

	// Changing says that some of the subscriptions that the peer sent together
	// have been made and others not. Guarded by the send lock.
	Changing bool

	peer atomic.Pointer[msg.Peer]
}

var lastID atomic.Uint64

// New returns a pipe without queues.
func New() *Pipe { return &Pipe{ID: lastID.Add(1), Slot: -1} }

// Peer describes who is at the far end, or nil while nobody is.
func (p *Pipe) Peer() *msg.Peer { return p.peer.Load() }

// SetPeer records who is at the far end.
func (p *Pipe) SetPeer(peer *msg.Peer) { p.peer.Store(peer) }

// Enqueue moves the messages of b to In and empties b. It ignores the limits
// of In. If the socket never receives, or no longer reads, Enqueue discards
// the messages and returns their number. It takes the writer's lock of In.
func (p *Pipe) Enqueue(b *msg.Batch) (dropped int) {
	if p.In == nil {
		dropped = b.Msgs
		b.Recycle()
		return dropped
	}
	p.In.Lock()
	defer p.In.Unlock()
	if p.In.ReadClosed() {
		dropped = b.Msgs
		b.Recycle()
		return dropped
	}
	p.In.PutBatch(b)
	return 0
}
