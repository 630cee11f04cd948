// Package pipe connects one socket with one peer. A [Pipe] has two bounded
// queues, one for each direction. A [Queue] implements high-water marks,
// wake-ups and conflation, and delivers its remaining messages after it is
// closed. Messages move from one goroutine to another only in queues. A pipe
// does not know if its peer is a connection or another socket of the process.
//
// # Concurrency
//
// A queue has a writing half and a reading half. The writer's lock guards the writing
// half. If a socket writes the queue, it is the send lock of the socket
// ([Config.Lock]), which the socket holds already to choose a pipe. Otherwise it is a
// lock of the queue.
//
//   - Writing methods: the caller holds the writer's lock. These are all Put
//     methods, Full, Len, Unsent, ReadClosed, Discard, Withdraw, SetHWM,
//     SetConflate, SetReader, NewMark, RemoveMark, Pace, Stall and Close. A Put method does not check the limits
//     and must not follow CloseRead. The writer therefore calls Full, or at
//     least ReadClosed, under the same lock.
//   - Reading methods: the caller does not hold the writer's lock, because the
//     method takes it. Calls must not overlap each other. These are Next, NextRun,
//     Peek, Take, Ack, DropTaken, DropWritten, Return, Ended, Size, Unread,
//     CloseRead, DropUnread and DropUnsent. Next, NextRun and Peek take the lock only when they have used
//     up a batch. They then get everything written since as the next batch.
//   - Lock and Unlock take and release the writer's lock. From and To may be
//     called at any time, except that To must not overlap SetReader.
//
// A reader uses Next and Peek, or Take, but not both. A socket reads single
// messages with Next. A connection writes batches and gets them with Take.
//
// The queue calls [Reader.Wake] and [Writer.Room] with the writer's lock held.
// It calls each once per wait:
//
//   - If Next, NextRun, Peek or Take finds no message, the next Put or Close calls Wake.
//     A reader that stops earlier is not notified, so it must read until one of
//     these methods returns false.
//   - If Full returns true because of a limit, the queue calls Room when about
//     half of its capacity is free again, or when the reader closes.
//
// Close ends writing: the reader gets the queued messages, then Ended returns
// true. CloseRead ends reading: it drops the queued messages, and Full and
// ReadClosed return true from then on.
package pipe

import (
	"sync/atomic"

	"github.com/zerobroker/zmq/internal/msg"
)

// Subscriptions sends a subscriber's changes of its subscriptions to a peer.
// They do not pass through the queue, so no high-water mark delays them.
type Subscriptions interface {
	// Subscribe adds a prefix to the subscriptions at the peer, or removes it.
	Subscribe(topic string, on bool)
	// Probe calls done(true) when the peer has processed all earlier changes,
	// and done(false) when it is certain that the peer never will.
	Probe(done func(ok bool))
}

// Side specifies how the connection of a pipe is made.
type Side uint8

const (
	ConnectedInproc Side = iota // Connect linked it to another socket of the process
	Accepted                    // a bound endpoint accepted it, inproc included
	Dialed                      // a dialer made it, and replaces it when it is lost
)

// Connection is the connection of a pipe, for a pattern that refuses the peer.
type Connection interface {
	// Refuse ends the current connection. The peer may connect again. The
	// caller must not hold a lock of the socket.
	Refuse(why error)
}

// Pipe is one socket's end of the connection to one peer.
type Pipe struct {
	Out *Queue        // messages to the peer; nil if the socket never sends
	In  *Queue        // messages from the peer; nil if the socket never receives, and before an inproc peer is bound; an inproc link sets it under both locks
	Sub Subscriptions // nil if the peer takes no subscriptions
	To  Connection    // nil until a connection exists

	ID     uint64 // unique in the process
	Number uint32 // routing number, assigned by SERVER and PEER
	Side   Side
	Alias  string // routing ID that the application assigned to the peer (ZMQ_CONNECT_ROUTING_ID), or empty

	// Retired reports that Unbind or Disconnect has removed the pipe from the
	// pattern, possibly before it was attached. To set it requires the send
	// lock and the receive lock, to read it requires one of them.
	Retired bool

	TakesAll bool // the peer cannot join groups, so RADIO sends it every message
	MaxSize  int  // maximum size in bytes of a message to the peer; 0 is unlimited

	// After is the earlier pipe of the same peer. The socket reads it to its
	// end before it reads this pipe. Nil if there is none. Guarded by the
	// receive lock.
	After *Pipe

	Slot int    // index in the table of a load balancer; guarded by the send lock
	Mark uint64 // number of the last match that selected this pipe; guarded by the send lock

	// Changing reports that the socket has applied only a part of the
	// subscriptions that arrived together from the peer. Guarded by the send
	// lock.
	Changing bool

	peer  atomic.Pointer[msg.Peer]
	drops atomic.Pointer[Drops] // nil until Drop counts the first message
}

var lastID atomic.Uint64

// New returns a pipe without queues.
func New() *Pipe { return &Pipe{ID: lastID.Add(1), Slot: -1} }

// Peer returns the peer of the current connection, or nil before SetPeer.
func (p *Pipe) Peer() *msg.Peer { return p.peer.Load() }

// SetPeer sets the peer of the current connection.
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
