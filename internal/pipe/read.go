package pipe

import "github.com/zerobroker/zmq/internal/msg"

// Next takes the oldest message. It returns false when there is none, after
// which the reader is told by Ready when there is; Ended tells whether there
// ever will be. The frames of m are the caller's.
func (q *Queue) Next(m *msg.Msg) bool {
	if q.pos == len(q.cur) && !q.refill() {
		return false
	}
	// Only the index moves: a pointer stored for every message would cost a
	// write barrier whenever the collector is at work.
	b := q.cur[q.pos:]
	size, h, more := msg.Header(b)
	if end := h + size; !more && end <= len(b) {
		m.First = b[h:end:end]
		m.Rest, m.From, m.Bufs = nil, q.sender, nil
		q.pos += end
		q.consumed(end)
		return true
	}
	q.nextFrames(m)
	return true
}

// Peek returns a cursor over the frames of the message that Next would take, or
// false as Next does. It is good until the next call of a reading method.
func (q *Queue) Peek() (c msg.Cursor, ok bool) {
	if q.pos == len(q.cur) && !q.refill() {
		return c, false
	}
	return msg.Continue(q.cur[q.pos:], q.out.Segs[q.seg:]), true
}

// nextFrames takes a message of several or large frames.
func (q *Queue) nextFrames(m *msg.Msg) {
	m.From, m.Rest, m.Bufs = q.sender, nil, nil
	total := 0
	first := true
	mark := len(q.frames)
	for more := true; more; {
		if q.pos == len(q.cur) {
			q.nextSeg()
		}
		var size, h int
		size, h, more = msg.Header(q.cur[q.pos:])
		total += h + size
		q.pos += h
		var body []byte
		if q.pos == len(q.cur) && size > 0 {
			body = q.large(m)
		} else {
			body = q.cur[q.pos : q.pos+size : q.pos+size]
			q.pos += size
		}
		if first {
			m.First = body
			first = false
			continue
		}
		if len(q.frames) == cap(q.frames) {
			q.growSlab(mark)
			mark = 0
		}
		q.frames = append(q.frames, body)
	}
	if n := len(q.frames); n > mark {
		m.Rest = q.frames[mark:n:n]
		if n-mark > slabFrames {
			q.frames = nil // a slab of that size is the message's alone
		}
	}
	q.consumed(total)
}

// large takes the segment that is the body of the header just read.
func (q *Queue) large(m *msg.Msg) []byte {
	s := &q.out.Segs[q.seg]
	q.seg++
	body := s.B
	m.Adopt(s)
	*s = msg.Seg{}
	return body
}

// slabFrames is how many frames' slices are allocated at a time for
// multi-frame messages.
const slabFrames = 64

// growSlab opens a new slab and moves the frames from mark on, those of the
// message in hand, to its start.
func (q *Queue) growSlab(mark int) {
	own := q.frames[mark:]
	slab := make([][]byte, len(own), max(slabFrames, 2*len(own)))
	copy(slab, own)
	q.frames = slab
}

func (q *Queue) consumed(size int) {
	q.pendingAck.msgs++
	q.pendingAck.size += size
	if q.pendingAck.msgs >= q.ackAt || q.maxBytes > 0 && q.bytes(q.pendingAck) >= q.maxBytes/2 {
		a := q.pendingAck
		q.pendingAck = amount{}
		q.acknowledge(a)
	}
}

func (q *Queue) nextSeg() {
	s := &q.out.Segs[q.seg]
	q.seg++
	q.cur, q.pos, q.sender = s.B, 0, s.From
	if q.sender == nil && q.to != nil {
		q.sender = q.to.Peer()
	}
	*s = msg.Seg{}
}

// refill makes the next segment current, taking the writing half's batch when
// this one is read.
func (q *Queue) refill() bool {
	if q.seg == len(q.out.Segs) {
		q.cur, q.pos, q.frames, q.seg = nil, 0, nil, 0
		if !q.take(&q.out, true) {
			return false
		}
	}
	q.nextSeg()
	return true
}

// take swaps the writing half's batch into b, which is empty. Its messages go
// on counting against the limits if counted.
func (q *Queue) take(b *msg.Batch, counted bool) bool {
	b.Reset()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.finishInFlight(0)
	q.ackAt = q.lwm
	if q.in.Msgs == 0 || q.readClosed {
		q.readerWaits = true
		q.nextSize = 0
		q.deferAck()
		return false
	}
	q.pendingAck.add(q.deferredAck)
	q.deferredAck = amount{}
	q.closeTail()
	if q.pooled {
		q.tail = nil // its chunk leaves with the batch
	}
	*b, q.in = q.in, *b
	if counted || b.Bytes > freeTake {
		b.Counted = true
		q.unacked.add(amount{b.Msgs, b.Bytes})
	} else {
		q.inFlight = b.Msgs
		q.wakeWriterIfRoom()
	}
	return true
}

// deferAck leaves it to the writing half to acknowledge what the reader has read
// if a limit is lowered before it reads more. The caller holds the writer's lock
// and is the reader.
func (q *Queue) deferAck() {
	q.deferredAck.add(q.pendingAck)
	q.pendingAck = amount{}
	if q.deferredAck.msgs >= q.lwm { // the limit was lowered since the last take
		q.ackDeferred()
		q.wakeWriterIfRoom()
	}
}

// freeTake is how many bytes may be in the hands of a writer beside what
// counts against the limits: a writer then need not wait for a writer.
const freeTake = msg.ChunkSize

// Take moves everything queued into b, which must be empty, and returns
// whether there was anything. If not, the reader is told by Ready when there
// is. If the batch is Counted, its messages count against the limits until
// Done.
func (q *Queue) Take(b *msg.Batch) bool { return q.take(b, false) }

// Ack says that n messages of size bytes at rest, taken with Take in a batch
// that is Counted, are written and need no more room. Those of a batch that is
// not are taken for written at the next Take.
func (q *Queue) Ack(n, size int) { q.acknowledge(amount{n, size}) }

// DropTaken drops n messages of size bytes at rest of b, the batch taken last with
// Take, and counts them for that reason. They are not Done.
func (q *Queue) DropTaken(b *msg.Batch, n, size int, why Drop) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.readClosed:
	case b.Counted:
		q.unacked.sub(amount{n, size})
		q.wakeWriterIfRoom()
	default:
		q.dropped += n
	}
	if q.drops != nil {
		q.drops.Add(why, n)
	}
}

// DropWritten counts a message that was written before, maybe in an earlier
// batch than b, the one taken last, as dropped for that reason instead. What is
// written of b so far is Done if it is Counted.
func (q *Queue) DropWritten(b *msg.Batch, why Drop) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case b.Counted:
		q.countWritten(-1)
	case !q.readClosed:
		q.dropped++
	}
	if q.drops != nil {
		q.drops.Add(why, 1)
	}
}

// Return puts messages taken with Take back, ahead of what has been written
// since, and empties b.
func (q *Queue) Return(b *msg.Batch) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.readClosed {
		b.Recycle()
		return
	}
	if b.Counted {
		q.unacked.sub(amount{b.Msgs, b.Bytes})
	} else {
		q.finishInFlight(b.Msgs)
	}
	q.closeTail()
	if q.conflate && q.in.Msgs > 0 {
		q.conflated(b.Msgs) // by what was written since
		b.Recycle()
		q.wakeWriterIfRoom()
		return
	}
	b.Append(&q.in)
	*b, q.in = q.in, *b
	q.in.Counted = false
}

// Ended reports whether the queue is closed and everything in it has been
// read, or taken and seen to. It takes the writer's lock and belongs to the
// reading methods.
func (q *Queue) Ended() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.readClosed || q.writeClosed && q.inFlight == 0 && q.unread().msgs == 0
}

// Size is the number of bytes at rest that Next has yet to return, about. It
// takes the writer's lock and belongs to the reading methods.
func (q *Queue) Size() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bytes(q.unread())
}

// Unread is the number of messages that Next has yet to return. It takes the
// writer's lock and belongs to the reading methods.
func (q *Queue) Unread() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.unread().msgs
}
