package pipe

import "github.com/zerobroker/zmq/internal/msg"

// Next removes the oldest message and stores it in m. It returns false if there
// is none; the queue then calls Wake for the next message, and Ended reports
// whether there can be one. The caller owns the frames of m. Next is a reading
// method.
func (q *Queue) Next(m *msg.Msg) bool {
	if q.pos == len(q.cur) && !q.refill() {
		return false
	}
	// Only pos changes. To store a pointer for each message, as q.cur =
	// q.cur[end:] does, costs a write barrier while the garbage collector runs.
	b := q.cur[q.pos:]
	size, h, more := msg.Header(b)
	if end := h + size; !more && end <= len(b) {
		m.First = b[h:end:end]
		m.Rest, m.From, m.Bufs = nil, q.sender, nil
		q.pos += end
		q.consumed(1, end)
		return true
	}
	q.nextFrames(m)
	return true
}

// Peek returns a cursor over the frames of the message that Next would return.
// If there is none, it returns false like Next. The cursor is valid until the
// next call of a reading method. Peek is a reading method.
func (q *Queue) Peek() (c msg.Cursor, ok bool) {
	if q.pos == len(q.cur) && !q.refill() {
		return c, false
	}
	return msg.Continue(q.cur[q.pos:], q.out.Segs[q.seg:]), true
}

// nextFrames implements Next for a message with several frames or a large
// frame.
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
			body = q.largeBody(m)
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
			q.frames = nil // do not share such a large slab with later messages
		}
	}
	q.consumed(1, total)
}

// largeBody returns the body of a large frame, which is a segment of its own. It
// moves the pooled buffer of the segment to m.
func (q *Queue) largeBody(m *msg.Msg) []byte {
	s := &q.out.Segs[q.seg]
	q.seg++
	body := s.B
	m.Adopt(s)
	*s = msg.Seg{}
	return body
}

// slabFrames is the largest number of frames in a slab, except of a message that has
// more. Multi-frame messages share a slab to save allocations.
const slabFrames = 64

// growSlab allocates a slab. It copies the frames of the current message, which
// start at index mark of the old slab, to the start of the new one. The slab of a
// batch of one message has room for two frames, as those of a request have.
func (q *Queue) growSlab(mark int) {
	own := q.frames[mark:]
	slab := make([][]byte, len(own), max(min(2*q.out.Msgs, slabFrames), 2*len(own)))
	copy(slab, own)
	q.frames = slab
}

// consumed records that n messages of size bytes are read. It acknowledges when
// half of a limit is reached, so that the lock and the wake-up of the writer are
// rare.
func (q *Queue) consumed(n, size int) {
	q.pendingAck.msgs += n
	q.pendingAck.size += size
	if q.pendingAck.msgs >= q.ackAt || q.pendingAck.size+int(q.overhead)*q.pendingAck.msgs >= q.maxBytes/2 {
		q.ackPending()
	}
}

func (q *Queue) ackPending() {
	a := q.pendingAck
	q.pendingAck = amount{}
	q.Ack(a.msgs, a.size)
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

// refill makes the next segment current. After the last segment it takes the
// batch of the writing half.
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

// take moves the batch of the writing half to b, which is empty. The messages
// still count against the limits if counted is true or the batch is large.
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
		q.tail = nil // Recycle of the batch reuses its chunk
	}
	*b, q.in = q.in, *b
	if counted || b.Bytes > maxUncounted {
		b.Counted = true
		q.unacked.add(amount{b.Msgs, b.Bytes})
	} else {
		q.inFlight = b.Msgs
		q.wakeWriterIfRoom()
	}
	q.progressed()
	return true
}

// deferAck moves pendingAck to the writing half, so that SetHWM can acknowledge
// while the reader waits. The caller is the reader and holds the writer's lock.
func (q *Queue) deferAck() {
	q.deferredAck.add(q.pendingAck)
	q.pendingAck = amount{}
	if q.deferredAck.msgs >= q.lwm { // SetHWM has lowered lwm since the last take
		q.ackDeferred()
		q.wakeWriterIfRoom()
	}
}

// maxUncounted is the maximum size of a batch from Take that does not count
// against the limits. The writer can then fill the queue again while the reader
// writes such a batch to its connection.
const maxUncounted = msg.ChunkSize

// Take moves all queued messages to b, which must be empty. It returns false if
// there are none; the queue then calls Wake for the next message. If b.Counted
// is true, the messages count against the limits until Ack. Otherwise the next
// Take counts them as written. Take is a reading method.
func (q *Queue) Take(b *msg.Batch) bool { return q.take(b, false) }

// Ack acknowledges n messages of size encoded bytes in total: they are written
// and no longer count against the limits. They are from a batch of Take that is
// Counted. Ack is a reading method.
func (q *Queue) Ack(n, size int) {
	q.mu.Lock()
	if !q.readClosed {
		q.unacked.sub(amount{n, size})
		q.countWritten(n)
		q.wakeWriterIfRoom()
	}
	q.mu.Unlock()
}

// DropTaken drops n messages of b and counts them with a reason. size is their
// encoded size in bytes. b is the last batch from Take. The caller does not
// acknowledge these messages. DropTaken is a reading method.
func (q *Queue) DropTaken(b *msg.Batch, n, size int, why Drop) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.readClosed:
		q.drop(why, n)
	case b.Counted:
		q.unacked.sub(amount{n, size})
		q.settleDropped(n, why, n)
		q.wakeWriterIfRoom()
	default:
		q.dropped += n
		q.settleDropped(n, why, n)
	}
}

// DropWritten counts one message as dropped that was counted as written before.
// b is the last batch from Take; the message may be from an earlier one. If b is
// Counted, the caller has acknowledged the messages of b that are written.
// DropWritten is a reading method.
func (q *Queue) DropWritten(b *msg.Batch, why Drop) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case b.Counted:
		q.countWritten(-1)
		q.settleDropped(1, why, 1)
	case !q.readClosed:
		q.dropped++
		q.settleDropped(1, why, 1)
	default:
		q.drop(why, 1)
	}
}

// Return puts the messages of b, which Take removed, back to the head of the
// queue and empties b. If Take has removed none since its batch was accounted for,
// the messages are ones that a socket has generated. Return is a reading method.
func (q *Queue) Return(b *msg.Batch) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.readClosed {
		b.Recycle()
		return
	}
	switch {
	case b.Counted:
		q.unacked.sub(amount{b.Msgs, b.Bytes})
	case q.inFlight == 0: // Take has not removed them
		q.excludeGenerated(b.Msgs)
	default:
		defer q.finishInFlight(b.Msgs) // when the queue has the messages again
	}
	q.closeTail()
	if q.conflate && q.in.Msgs > 0 {
		n := b.Msgs
		b.Recycle()
		q.settle(n)
		q.countConflated(n) // a newer message was written since Take
		q.wakeWriterIfRoom()
		return
	}
	b.Append(&q.in)
	*b, q.in = q.in, *b
	q.in.Counted = false
}

// Ended reports whether the reader will get no more messages: CloseRead was
// called, or Close was called and every message is read, written, dropped or
// removed. Ended is a reading method.
func (q *Queue) Ended() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.readClosed || q.writeClosed && q.inFlight == 0 && q.unread().msgs == 0
}

// Size returns the number of encoded bytes that Next has not returned yet,
// including the overhead of each message. Size is a reading method.
func (q *Queue) Size() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	a := q.unread()
	return a.size + int(q.overhead)*a.msgs
}

// Unread returns the number of messages that Next has not returned yet. Unread
// is a reading method.
func (q *Queue) Unread() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.unread().msgs
}
