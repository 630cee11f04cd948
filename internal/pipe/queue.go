package pipe

import (
	"math"
	"sync"
	"sync/atomic"

	"github.com/zerobroker/zmq/internal/msg"
)

// Reader is the reading side of a queue.
type Reader interface {
	// Wake reports that q has a message or is closed, after a reading method
	// found q empty. The caller holds the writer's lock. Wake may start a
	// goroutine, or take a lock under which no other lock is taken.
	Wake(q *Queue)
}

// Writer is the writing side of a queue.
type Writer interface {
	// Room reports that q has free capacity, or that its reader is closed,
	// after Full returned true. The caller holds the writer's lock. Room has
	// the same restrictions as Wake.
	Room(q *Queue)
}

// Config is the configuration of a queue.
type Config struct {
	Lock       *sync.Mutex // the send lock of the socket that writes the queue; nil if no socket does: the queue then has a lock of its own
	HWM        int         // high-water mark in messages; 0 is unlimited
	MaxBytes   int         // limit in bytes of the encoded messages, in addition to HWM; 0 is unlimited
	Overhead   int         // bytes that each message uses outside the queue; they count against MaxBytes
	Pooled     bool        // the reader calls Recycle for each batch, so the queue may use pooled memory
	Conflate   bool        // keep only the newest message and ignore HWM and MaxBytes
	DropOldest bool        // never be full: at a limit, drop the oldest message that the reader has not taken
	Reader     Reader      // may be nil before SetReader
	Writer     Writer      // may be nil
	From, To   *Pipe       // the pipe whose Out is the queue, and the pipe whose In is the queue; nil if that end is not a socket
	Drops      *Drops      // counts messages that the queue drops; may be nil
	Written    *uint64     // counts messages that the reader has written after Take, or has read; guarded by Lock; may be nil
}

// Queue is a bounded queue of whole messages with a writing and a reading half.
// The package comment specifies which lock each method needs. Messages are
// encoded when they are written and decoded when Next reads them.
type Queue struct {
	mu         *sync.Mutex // the writer's lock: Config.Lock or own
	own        sync.Mutex
	from, to   *Pipe
	hwm        int // unlimited also if the queue conflates
	lwm        int // number of messages that the reader acknowledges at a time
	maxBytes   int // unlimited also if the queue conflates
	overhead   int32
	pooled     bool
	conflate   bool
	dropOldest bool
	replaces   bool // conflate or dropOldest
	reader     Reader
	writer     Writer
	drops      *Drops
	written    *uint64

	// The writing half, guarded by mu.
	in      msg.Batch // in.Msgs includes the messages in tail
	tail    []byte    // part of the newest chunk that is not in in.Segs
	used    int       // number of bytes written to tail; not included in in.Bytes
	unacked amount    // taken from in, and still counted against the limits

	// inFlight is the number of messages in the last batch from Take if it does
	// not count against the limits. It is 0 again when all are written, dropped
	// or returned. dropped is the number of them that were dropped.
	inFlight, dropped int

	passed    uint64 // number of messages that are written or acknowledged
	generated int32  // number of messages that are not counted in written when they pass

	// stalled is set when a writer has waited (Pace) and the reader has taken no
	// messages meanwhile, until it does.
	stalled bool

	// lent is the batch given to Lend, nil after Reclaim. begun is the number of
	// messages at its head that Withdraw does not remove.
	lent     *msg.Batch
	begun    int32
	nextSize int32 // size of the next chunk that is not pooled

	settled uint64  // messages that were written or dropped since NewQueue
	marks   []*Mark // not reached, in the order of their ends

	// limited is set when PutBatch or PutShared has brought the queue to a limit, and
	// cleared when HasRoom finds capacity.
	limited atomic.Bool

	// Each side can wait, and can be closed, independently of the other.
	readerWaits bool // a reading method found no message; Wake must be called
	writerWaits bool // Full returned true; Room must be called
	writeClosed bool
	readClosed  bool

	taken chan struct{} // closed when the reader takes messages; nil if no writer waits for that

	// deferredAck is the pendingAck of a reader that found no more messages.
	// The reader takes it back with the next batch, unless SetHWM acknowledges
	// it earlier.
	deferredAck amount

	// The reading half.
	out        msg.Batch
	seg        int       // index in out.Segs of the segment after cur
	cur        []byte    // current segment
	pos        int       // number of bytes of cur that are read
	sender     *msg.Peer // peer that sent cur
	ackAt      int       // lwm when the batch was taken
	pendingAck amount    // read and not acknowledged, a part of unacked
	frames     [][]byte  // slab for Msg.Rest of multi-frame messages
}

// amount is a number of messages and their encoded size in bytes.
type amount struct{ msgs, size int }

func (a *amount) add(b amount) { a.msgs, a.size = a.msgs+b.msgs, a.size+b.size }
func (a *amount) sub(b amount) { a.msgs, a.size = a.msgs-b.msgs, a.size-b.size }

// NewQueue returns an empty queue. The first message calls Wake, as if a
// reading method had found no message.
func NewQueue(c Config) *Queue {
	q := &Queue{
		mu: c.Lock, maxBytes: c.MaxBytes, overhead: int32(c.Overhead), pooled: c.Pooled,
		reader: c.Reader, writer: c.Writer, from: c.From, to: c.To, drops: c.Drops, written: c.Written, readerWaits: true,
	}
	if q.mu == nil {
		q.mu = &q.own
	}
	if q.maxBytes == 0 {
		q.maxBytes = unlimited
	}
	q.setHWM(c.HWM)
	q.dropOldest, q.replaces = c.DropOldest, c.DropOldest
	if c.Conflate {
		q.setConflate()
	}
	return q
}

// unlimited is the value of a limit that is never reached.
const unlimited = math.MaxInt

func (q *Queue) setHWM(n int) {
	if n == 0 || q.conflate {
		q.hwm, q.lwm = unlimited, unlimitedAck
		return
	}
	q.hwm = min(n, MaxHWM)
	q.lwm = (q.hwm + 1) / 2
}

func (q *Queue) setConflate() {
	q.conflate, q.replaces = true, true
	q.maxBytes = unlimited
	q.setHWM(0)
}

// MaxHWM is the largest high-water mark. Larger values are reduced to it.
const MaxHWM = 1 << 30

// unlimitedAck is the number of messages that the reader of an unlimited queue
// acknowledges at a time. It affects only Len, which statistics use.
const unlimitedAck = 1024

// SetHWM changes the high-water mark. The queue keeps messages above a lowered
// mark. SetHWM is a writing method.
func (q *Queue) SetHWM(n int) {
	q.setHWM(n)
	// Acknowledge for the reader. It would acknowledge only after it has read
	// more messages, which the lowered limit may never admit.
	q.ackDeferred()
	// After the mark is raised the writer does not wait for half of the
	// capacity. That rule only saves wake-ups while the reader acknowledges.
	if q.writerWaits && !q.atLimit() {
		q.wakeWriter()
	}
}

// SetConflate makes the queue keep only the newest message. It drops and counts
// the older messages in the queue. The reader must not have read from the queue
// yet. SetConflate is a writing method.
func (q *Queue) SetConflate() {
	if q.closeTail(); q.in.Msgs > 1 {
		n := q.in.Msgs - 1
		q.in.KeepLast()
		q.settle(n)
		q.countConflated(n)
	}
	q.setConflate()
	q.wakeWriterIfRoom()
}

// SetReader sets the reader of a queue that may contain messages already, and
// the pipe whose In is the queue. It calls Wake if there is something to read.
// SetReader is a writing method that must not overlap a reading method.
func (q *Queue) SetReader(r Reader, p *Pipe) {
	q.reader, q.to = r, p
	q.readerWaits = true
	if q.in.Msgs > 0 || q.writeClosed {
		q.wakeReader()
	}
	q.reachMarks()
}

// From returns the pipe whose Out is q, or nil.
func (q *Queue) From() *Pipe { return q.from }

// To returns the pipe whose In is q, or nil.
func (q *Queue) To() *Pipe { return q.to }

// Lock takes the writer's lock.
func (q *Queue) Lock() { q.mu.Lock() }

// Unlock releases the writer's lock.
func (q *Queue) Unlock() { q.mu.Unlock() }

// Full reports whether the queue has reached a limit or its reader is closed.
// If it has reached a limit, the queue calls Room later. Full is a writing
// method.
func (q *Queue) Full() bool {
	if q.readClosed {
		return true
	}
	if !q.atLimit() || q.dropOldest {
		return false
	}
	q.writerWaits = true
	return true
}

// HasRoom reports whether the queue has capacity or its reader is closed. If not, the
// queue calls Room later. It takes the writer's lock unless PutBatch and PutShared have left
// capacity. Only the goroutine that calls these may call it.
func (q *Queue) HasRoom() bool {
	if !q.limited.Load() {
		return true
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.readClosed && q.Full() {
		return false
	}
	q.limited.Store(false)
	return true
}

func (q *Queue) atLimit() bool { return q.Len() >= q.hwm || q.bytes() >= q.maxBytes }

// bytes returns the size that counts against maxBytes.
func (q *Queue) bytes() int { return q.size() + int(q.overhead)*q.Len() }

// size returns the encoded size of the messages that count against the limits.
func (q *Queue) size() int { return q.unacked.size + q.in.Bytes + q.used }

// Len returns the number of messages that count against the high-water mark:
// written and not acknowledged. It includes up to half of the high-water mark
// of messages that are read already. Len is a writing method.
func (q *Queue) Len() int { return q.unacked.msgs + q.in.Msgs }

// Unsent returns the number of messages that are neither read, written to a
// connection, nor dropped. A message of the last batch is written if the reader
// has acknowledged it or has called Take again. As with Len, the number may
// include messages that are read already. Unsent is a writing method.
func (q *Queue) Unsent() int { return q.Len() + q.inFlight - q.dropped }

// finishInFlight ends the accounting of the batch that does not count against
// the limits. It counts its messages as written, except those that were dropped
// and the number returned, which go back to the queue. The caller holds the
// writer's lock.
func (q *Queue) finishInFlight(returned int) {
	n := q.inFlight - q.dropped - returned
	q.inFlight, q.dropped = 0, 0
	q.countWritten(n)
}

func (q *Queue) countWritten(n int) {
	q.passed += uint64(n)
	if q.written != nil {
		q.addWritten(n)
	}
	q.settle(n)
}

// addWritten adds n to written, except the messages that the writer has not sent.
func (q *Queue) addWritten(n int) {
	if n > 0 && q.generated > 0 {
		except := min(n, int(q.generated))
		q.generated -= int32(except)
		n -= except
	}
	*q.written += uint64(n)
}

// ReadClosed reports whether CloseRead was called. It is a writing method.
func (q *Queue) ReadClosed() bool { return q.readClosed }

// Close ends writing. The reader can still read the queued messages. Close is a
// writing method.
func (q *Queue) Close() {
	q.writeClosed = true
	q.wakeReader()
}

func (q *Queue) wakeReader() {
	if q.readerWaits && q.reader != nil {
		q.readerWaits = false
		q.reader.Wake(q)
	}
}

// wakeWriterIfRoom calls Room if the writer waits and about half of the
// capacity is free.
func (q *Queue) wakeWriterIfRoom() {
	if !q.writerWaits {
		return
	}
	if q.Len() <= q.hwm-q.lwm && q.bytes() <= q.maxBytes/2 {
		q.wakeWriter()
	}
}

func (q *Queue) wakeWriter() {
	q.writerWaits = false
	if q.writer != nil {
		q.writer.Room(q)
	}
}

// ackDeferred acknowledges the messages that a waiting reader has read. The
// caller holds the writer's lock.
func (q *Queue) ackDeferred() {
	n := q.deferredAck.msgs
	q.unacked.sub(q.deferredAck)
	q.deferredAck = amount{}
	q.countWritten(n)
}

// Discard drops the messages that the reader has not taken, counts them with a reason
// and returns their number. Discard is a writing method.
func (q *Queue) Discard(why Drop) int {
	n := q.discard()
	q.settleDropped(n, why, n)
	return n
}

// discard implements Discard. The caller counts the messages as settled.
func (q *Queue) discard() int {
	n := q.in.Msgs
	q.in.Recycle()
	q.tail, q.used = nil, 0
	q.wakeWriterIfRoom()
	return n
}

// unread returns the amount that is not read. The caller is the reader and
// holds the writer's lock.
func (q *Queue) unread() amount {
	a := amount{q.Len(), q.size()}
	a.sub(q.pendingAck)
	a.sub(q.deferredAck)
	return a
}

// CloseRead ends reading. It drops the messages that are not read, counts them with a
// reason and returns their number. The number includes the unacknowledged messages of
// a batch that counts against the limits. It does not include a batch that does not:
// the queue counts its messages as written. CloseRead is a reading method.
func (q *Queue) CloseRead(why Drop) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := q.unread().msgs
	q.closeRead(n, why, n)
	return n
}

// closeRead drops all messages, which are dropped in number, and counts counted of them
// with a reason. The caller is the reader and holds the writer's lock.
func (q *Queue) closeRead(dropped int, why Drop, counted int) {
	if q.readClosed {
		return
	}
	q.finishInFlight(0)
	q.countWritten(q.pendingAck.msgs + q.deferredAck.msgs)
	q.readClosed = true
	q.in.Recycle()
	q.out.Recycle()
	q.tail, q.used, q.cur, q.pos, q.seg, q.frames = nil, 0, nil, 0, 0, nil
	q.unacked, q.pendingAck, q.deferredAck = amount{}, amount{}, amount{}
	q.settleDropped(dropped, why, counted)
	q.progressed()
	if q.writerWaits {
		q.wakeWriter()
	}
}
