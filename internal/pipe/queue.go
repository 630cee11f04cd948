package pipe

import (
	"sync"

	"github.com/zerobroker/zmq/internal/msg"
)

// Reader is told that a queue which it found empty has messages again, or has
// been closed. Ready is called with the writer's lock held: it may start a
// goroutine or take a lock that nothing is locked under, no more.
type Reader interface {
	Ready(q *Queue)
}

// Writer is told that a queue which was full has room again. Room is called
// with the writer's lock held.
type Writer interface {
	Room(q *Queue)
}

// Config is what a queue is made with.
type Config struct {
	Lock     *sync.Mutex // the writer's lock; it guards the writing half
	HWM      int         // messages; 0 is unlimited
	MaxBytes int         // bytes beside the HWM; 0 is unlimited
	Overhead int         // bytes that each message takes outside the queue; they count against MaxBytes
	Pooled   bool        // the reader gives batches back with Recycle, so their memory may be reused
	Conflate bool        // keep the newest message only; HWM and MaxBytes are ignored
	Reader   Reader
	Writer   Writer
	From, To *Pipe   // the ends whose Out and In this is, as far as they are sockets
	Drops    *Drops  // counts what Conflate drops, and what is Lost; nil: not counted
	Written  *uint64 // counts messages that were taken with Take and written; guarded by Lock; nil: not counted
}

// Queue is a bounded queue of whole messages from one writer side to one
// reader side. The writing methods need the writer's lock held by the caller;
// the reading methods must not overlap each other and take that lock
// themselves, once a batch.
type Queue struct {
	mu       *sync.Mutex
	from, to *Pipe // the ends whose Out and In this is; nil for one that is no socket
	hwm      int
	lwm      int // the reader acknowledges in multiples of this
	maxBytes int
	overhead int // for each message, beside its size
	pooled   bool
	conflate bool
	reader   Reader
	writer   Writer
	drops    *Drops // of what newer messages supersede, and what is Lost
	written  *uint64

	// The writing half, guarded by mu.
	in       msg.Batch
	tail     []byte // the open part of the newest chunk: its length is room
	used     int    // how much of tail is written; not yet in in.Segs nor in in.Bytes
	next     int    // size of the next unpooled chunk
	gone     int    // messages taken out of in and not acknowledged by the reader
	goneSize int    // their size at rest
	flying   int    // messages in the batch taken last, if they do not count; 0 once they are seen to
	lost     int    // those of flying that are Lost already
	asleep   bool   // the reader found nothing and waits for Ready
	blocked  bool   // the writer found no room and waits for Room
	closed   bool   // nothing more will be written
	dead     bool   // nothing more will be read
	lag      int    // while asleep: what the reader has read and not acknowledged
	lagSize  int
	early    int // what of that has been taken as acknowledged
	earlySz  int

	// The reading half.
	out       msg.Batch
	seg       int       // index in out.Segs of the segment after cur
	cur       []byte    // the current segment
	pos       int       // how much of cur is read
	sender    *msg.Peer // of cur
	ackAt     int       // acknowledge this many messages at a time
	unackMsgs int
	unackSize int
	frames    [][]byte // slab that multi-frame messages take their Rest from
}

// NewQueue returns an empty queue. Its reader is asleep, so the first message
// calls Ready.
func NewQueue(c Config) *Queue {
	q := &Queue{
		mu: c.Lock, maxBytes: c.MaxBytes, overhead: c.Overhead, pooled: c.Pooled, conflate: c.Conflate,
		reader: c.Reader, writer: c.Writer, from: c.From, to: c.To, drops: c.Drops, written: c.Written, asleep: true,
	}
	q.setHWM(c.HWM)
	return q
}

func (q *Queue) setHWM(n int) {
	n = min(n, MaxHWM)
	q.hwm = n
	q.lwm = (n + 1) / 2
	if n == 0 {
		q.lwm = unlimitedAck
	}
}

// MaxHWM is the largest high-water mark; higher ones are this.
const MaxHWM = 1 << 30

// unlimitedAck is how often, in messages, the reader of an unlimited queue
// acknowledges: only the statistics see it.
const unlimitedAck = 1024

// SetHWM changes the limit of a live queue. Messages above a lowered limit
// stay. The caller holds the writer's lock.
func (q *Queue) SetHWM(n int) {
	q.setHWM(n)
	if q.asleep {
		// The reader has read everything and would acknowledge the rest of it
		// only with what it reads next, which may now never fit.
		q.gone -= q.lag
		q.goneSize -= q.lagSize
		q.early += q.lag
		q.earlySz += q.lagSize
		q.lag, q.lagSize = 0, 0
	}
	// A limit that is raised makes room at once: there is no reader whose
	// acknowledgements it would pay to gather.
	if q.blocked && !q.atLimit() {
		q.room()
	}
}

// SetConflate has a queue that nobody has read yet keep the newest message only,
// of those that are in it too. The caller holds the writer's lock.
func (q *Queue) SetConflate() {
	if q.closeTail(); q.in.Msgs > 1 {
		q.conflated(q.in.Msgs - 1)
		q.in.KeepLast()
	}
	q.conflate = true
	q.unblock()
}

// SetReader installs the reader side, whose In this is, of a queue that was
// written to before anyone could read it, and wakes it if there is something
// to read. The caller holds the writer's lock.
func (q *Queue) SetReader(r Reader, p *Pipe) {
	q.reader, q.to = r, p
	q.asleep = true
	if q.in.Msgs > 0 || q.closed {
		q.wake()
	}
}

// From is the pipe whose Out this is, or nil.
func (q *Queue) From() *Pipe { return q.from }

// To is the pipe whose In this is, or nil.
func (q *Queue) To() *Pipe { return q.to }

// Lock takes the writer's lock, for a caller that is not the writer.
func (q *Queue) Lock() { q.mu.Lock() }

// Unlock gives the writer's lock back.
func (q *Queue) Unlock() { q.mu.Unlock() }

// Full reports whether the next message must wait, and if so has the writer
// told when it need not. The caller holds the writer's lock.
func (q *Queue) Full() bool {
	if q.dead {
		return true
	}
	if q.conflate {
		return false
	}
	if !q.atLimit() {
		return false
	}
	q.blocked = true
	return true
}

func (q *Queue) atLimit() bool {
	return q.hwm > 0 && q.Len() >= q.hwm || q.maxBytes > 0 && q.size() >= q.maxBytes
}

// size is how much is written and not acknowledged, in bytes at rest, with the
// overhead of each message.
func (q *Queue) size() int { return q.goneSize + q.in.Bytes + q.used + q.overhead*q.Len() }

// Len is the number of messages written and not yet acknowledged as read; the
// acknowledgement lags by up to half the HWM. The caller holds the writer's
// lock.
func (q *Queue) Len() int { return q.gone + q.in.Msgs }

// Unsent is the number of messages written to the queue that are neither read,
// nor written to a connection, nor dropped: those in the batch that was taken
// last are among them until the reader says otherwise or takes the next one. It
// lags as Len does. The caller holds the writer's lock.
func (q *Queue) Unsent() int { return q.Len() + q.flying - q.lost }

// finishTaken ends the batch taken last, if it does not count: the
// messages in it are written, but for those that are lost and for n others. The
// caller holds the writer's lock.
func (q *Queue) finishTaken(n int) {
	q.countWritten(q.flying - q.lost - n)
	q.flying, q.lost = 0, 0
}

func (q *Queue) countWritten(n int) {
	if q.written != nil {
		*q.written += uint64(n)
	}
}

// Dead reports whether the reading side is gone. The caller holds the
// writer's lock.
func (q *Queue) Dead() bool { return q.dead }

// Close says that nothing more will be written: the reader reads what there
// is and then finds the end. The caller holds the writer's lock.
func (q *Queue) Close() {
	q.closed = true
	q.wake()
}

func (q *Queue) wake() {
	if q.asleep && q.reader != nil {
		q.asleep = false
		q.reader.Ready(q)
	}
}

func (q *Queue) unblock() {
	if !q.blocked {
		return
	}
	if q.hwm > 0 && q.Len() > q.hwm-q.lwm || q.maxBytes > 0 && q.size() > q.maxBytes/2 {
		return
	}
	q.room()
}

// room tells the writer that there is.
func (q *Queue) room() {
	q.blocked = false
	if q.writer != nil {
		q.writer.Room(q)
	}
}

// acknowledge tells the writing half that n messages have been read.
func (q *Queue) acknowledge(n, size int) {
	q.mu.Lock()
	if !q.dead {
		q.countWritten(n)
		q.gone -= n - q.early
		q.goneSize -= size - q.earlySz
		q.early, q.earlySz = 0, 0
		q.unblock()
	}
	q.mu.Unlock()
}

// Discard drops what is written and not taken, and returns how many messages
// that was. The caller holds the writer's lock.
func (q *Queue) Discard() int {
	n := q.in.Msgs
	q.in.Recycle()
	q.tail, q.used = nil, 0
	q.unblock()
	return n
}

// unread is the number of messages that have not been read. The caller holds
// the writer's lock and is the reader.
func (q *Queue) unread() int { return q.Len() - (q.unackMsgs - q.early) }

// Kill says that nothing more will be read. It drops what is queued and
// returns how many messages that was. It takes the writer's lock and belongs
// to the reading methods.
func (q *Queue) Kill() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.KillLocked()
}

// KillLocked is Kill for a caller that holds the writer's lock.
func (q *Queue) KillLocked() int {
	if q.dead {
		return 0
	}
	// Len lags behind what was read by what is not yet acknowledged.
	dropped := q.unread()
	q.finishTaken(0)
	q.dead = true
	q.in.Recycle()
	q.out.Recycle()
	q.tail, q.used, q.cur, q.pos, q.seg, q.frames = nil, 0, nil, 0, 0, nil
	q.gone, q.goneSize, q.unackMsgs, q.unackSize = 0, 0, 0, 0
	q.lag, q.lagSize, q.early, q.earlySz = 0, 0, 0, 0
	if q.blocked && q.writer != nil {
		q.blocked = false
		q.writer.Room(q)
	}
	return dropped
}
