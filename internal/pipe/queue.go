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
	nextSize int    // size of the next unpooled chunk
	unacked  amount // moved out of in, still counted against the limits

	// The messages in the batch taken last, if it is not Counted: 0 as soon as
	// all are written, dropped or returned. dropped of them were dropped.
	inFlight, dropped int

	readerWaits bool   // a reading method found nothing; Ready is due
	writerWaits bool   // Full was true; Room is due
	writeClosed bool   // nothing more will be written
	readClosed  bool   // nothing more will be read
	deferredAck amount // pendingAck of a reader that has found nothing more

	// The reading half.
	out        msg.Batch
	seg        int       // index in out.Segs of the segment after cur
	cur        []byte    // the current segment
	pos        int       // how much of cur is read
	sender     *msg.Peer // of cur
	ackAt      int       // acknowledge this many messages at a time
	pendingAck amount    // read, part of unacked
	frames     [][]byte  // slab that multi-frame messages take their Rest from
}

// amount is a number of messages and their encoded size in bytes.
type amount struct{ msgs, size int }

func (a *amount) add(b amount) { a.msgs, a.size = a.msgs+b.msgs, a.size+b.size }
func (a *amount) sub(b amount) { a.msgs, a.size = a.msgs-b.msgs, a.size-b.size }

// NewQueue returns an empty queue. Its reader is asleep, so the first message
// calls Ready.
func NewQueue(c Config) *Queue {
	q := &Queue{
		mu: c.Lock, maxBytes: c.MaxBytes, overhead: c.Overhead, pooled: c.Pooled, conflate: c.Conflate,
		reader: c.Reader, writer: c.Writer, from: c.From, to: c.To, drops: c.Drops, written: c.Written, readerWaits: true,
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
	// The reader would acknowledge these only with messages that may never fit
	// in the lowered limit.
	q.ackDeferred()
	// A limit that is raised makes room at once: there is no reader whose
	// acknowledgements it would pay to gather.
	if q.writerWaits && !q.atLimit() {
		q.wakeWriter()
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
	q.wakeWriterIfRoom()
}

// SetReader installs the reader side, whose In this is, of a queue that was
// written to before anyone could read it, and wakes it if there is something
// to read. The caller holds the writer's lock.
func (q *Queue) SetReader(r Reader, p *Pipe) {
	q.reader, q.to = r, p
	q.readerWaits = true
	if q.in.Msgs > 0 || q.writeClosed {
		q.wakeReader()
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
	if q.readClosed {
		return true
	}
	if q.conflate {
		return false
	}
	if !q.atLimit() {
		return false
	}
	q.writerWaits = true
	return true
}

func (q *Queue) atLimit() bool {
	return q.hwm > 0 && q.Len() >= q.hwm || q.maxBytes > 0 && q.bytes(q.queued()) >= q.maxBytes
}

// queued is the amount that counts against the limits.
func (q *Queue) queued() amount {
	return amount{q.Len(), q.unacked.size + q.in.Bytes + q.used}
}

// bytes is the size of a with the overhead of each message.
func (q *Queue) bytes(a amount) int { return a.size + q.overhead*a.msgs }

// Len is the number of messages written and not yet acknowledged as read; the
// acknowledgement lags by up to half the HWM. The caller holds the writer's
// lock.
func (q *Queue) Len() int { return q.unacked.msgs + q.in.Msgs }

// Unsent is the number of messages written to the queue that are neither read,
// nor written to a connection, nor dropped: those in the batch that was taken
// last are among them until the reader says otherwise or takes the next one. It
// lags as Len does. The caller holds the writer's lock.
func (q *Queue) Unsent() int { return q.Len() + q.inFlight - q.dropped }

// finishInFlight ends the batch taken last, if it does not count: the
// messages in it are written, but for those that are lost and for n others. The
// caller holds the writer's lock.
func (q *Queue) finishInFlight(n int) {
	q.countWritten(q.inFlight - q.dropped - n)
	q.inFlight, q.dropped = 0, 0
}

func (q *Queue) countWritten(n int) {
	if q.written != nil {
		*q.written += uint64(n)
	}
}

// ReadClosed reports whether the reading side is gone. The caller holds the
// writer's lock.
func (q *Queue) ReadClosed() bool { return q.readClosed }

// Close says that nothing more will be written: the reader reads what there
// is and then finds the end. The caller holds the writer's lock.
func (q *Queue) Close() {
	q.writeClosed = true
	q.wakeReader()
}

func (q *Queue) wakeReader() {
	if q.readerWaits && q.reader != nil {
		q.readerWaits = false
		q.reader.Ready(q)
	}
}

// wakeWriterIfRoom calls Room if the writer waits and enough is acknowledged.
func (q *Queue) wakeWriterIfRoom() {
	if !q.writerWaits {
		return
	}
	if q.hwm > 0 && q.Len() > q.hwm-q.lwm || q.maxBytes > 0 && q.bytes(q.queued()) > q.maxBytes/2 {
		return
	}
	q.wakeWriter()
}

func (q *Queue) wakeWriter() {
	q.writerWaits = false
	if q.writer != nil {
		q.writer.Room(q)
	}
}

// acknowledge ends the accounting of messages that have been read.
func (q *Queue) acknowledge(a amount) {
	q.mu.Lock()
	if !q.readClosed {
		q.countWritten(a.msgs)
		q.unacked.sub(a)
		q.wakeWriterIfRoom()
	}
	q.mu.Unlock()
}

// ackDeferred acknowledges what a waiting reader has not. The caller holds the
// writer's lock.
func (q *Queue) ackDeferred() {
	q.countWritten(q.deferredAck.msgs)
	q.unacked.sub(q.deferredAck)
	q.deferredAck = amount{}
}

// Discard drops what is written and not taken, and returns how many messages
// that was. The caller holds the writer's lock.
func (q *Queue) Discard() int {
	n := q.in.Msgs
	q.in.Recycle()
	q.tail, q.used = nil, 0
	q.wakeWriterIfRoom()
	return n
}

// unread is the amount that has not been read. The caller holds the writer's
// lock and is the reader.
func (q *Queue) unread() amount {
	a := q.queued()
	a.sub(q.pendingAck)
	a.sub(q.deferredAck)
	return a
}

// CloseRead ends reading. It drops the queued messages and returns their number.
// It is a reading method and takes the writer's lock.
func (q *Queue) CloseRead() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.readClosed {
		return 0
	}
	// Len lags behind what was read by what is not yet acknowledged.
	dropped := q.unread().msgs
	q.finishInFlight(0)
	q.readClosed = true
	q.in.Recycle()
	q.out.Recycle()
	q.tail, q.used, q.cur, q.pos, q.seg, q.frames = nil, 0, nil, 0, 0, nil
	q.unacked, q.pendingAck, q.deferredAck = amount{}, amount{}, amount{}
	if q.writerWaits {
		q.wakeWriter()
	}
	return dropped
}
