package pipe

import "github.com/zerobroker/zmq/internal/msg"

// Next takes the oldest message. It returns false when there is none, after
// which the reader is told by Ready when there is; Ended tells whether there
// ever will be. The frames of m are the caller's.
func (q *Queue) Next(m *msg.Msg) bool {
	if len(q.rest) == 0 && !q.refill() {
		return false
	}
	size, h, more := msg.Header(q.rest)
	if end := h + size; !more && end <= len(q.rest) {
		m.First = q.rest[h:end:end]
		m.Rest, m.From, m.Bufs = nil, q.sender, nil
		q.rest = q.rest[end:]
		q.consumed(end)
		return true
	}
	q.nextFrames(m)
	return true
}

// nextFrames takes a message of several or large frames.
func (q *Queue) nextFrames(m *msg.Msg) {
	m.From, m.Rest, m.Bufs = q.sender, nil, nil
	total := 0
	first := true
	mark := len(q.frames)
	for more := true; more; {
		if len(q.rest) == 0 {
			q.nextSeg()
		}
		var size, h int
		size, h, more = msg.Header(q.rest)
		total += h + size
		q.rest = q.rest[h:]
		var body []byte
		if len(q.rest) == 0 && size > 0 {
			body = q.large(m)
		} else {
			body = q.rest[:size:size]
			q.rest = q.rest[size:]
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
	}
	q.consumed(total)
}

// large takes the segment that is the body of the header just read.
func (q *Queue) large(m *msg.Msg) []byte {
	s := &q.out.Segs[q.seg]
	q.seg++
	if s.Buf != nil {
		s.Buf.Next, m.Bufs = m.Bufs, s.Buf
	}
	body := s.B
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
	q.unackMsgs++
	q.unackSize += size
	if q.unackMsgs >= q.lwm || q.maxBytes > 0 && q.unackSize >= q.maxBytes/2 {
		n, s := q.unackMsgs, q.unackSize
		q.unackMsgs, q.unackSize = 0, 0
		q.acknowledge(n, s)
	}
}

func (q *Queue) nextSeg() {
	s := &q.out.Segs[q.seg]
	q.seg++
	q.rest, q.sender = s.B, s.From
	if q.sender == nil && q.to != nil {
		q.sender = q.to.Peer()
	}
	*s = msg.Seg{}
}

// refill makes the next segment current, taking the writing half's batch when
// this one is read.
func (q *Queue) refill() bool {
	if q.seg == len(q.out.Segs) {
		q.frames = nil
		q.seg = 0
		if !q.take(&q.out, true) {
			return false
		}
	}
	q.nextSeg()
	return true
}

// take swaps the writing half's batch into b, which is empty.
func (q *Queue) take(b *msg.Batch, sleep bool) bool {
	b.Reset()
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.in.Msgs == 0 || q.dead {
		q.asleep = sleep
		q.next = 0
		return false
	}
	q.closeTail()
	if q.pooled {
		q.tail = nil // its chunk leaves with the batch
	}
	*b, q.in = q.in, *b
	q.gone += b.Msgs
	q.goneSize += b.Bytes
	return true
}

// Take moves everything queued into b, which must be empty, and returns
// whether there was anything. If not, the reader is told by Ready when there
// is. Messages taken still count against the HWM until Done.
func (q *Queue) Take(b *msg.Batch) bool { return q.take(b, true) }

// Done says that n messages of size bytes at rest, taken with Take, need no
// more room.
func (q *Queue) Done(n, size int) { q.acknowledge(n, size) }

// Return puts messages taken with Take back, ahead of what has been written
// since, and empties b.
func (q *Queue) Return(b *msg.Batch) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.dead {
		b.Recycle()
		return
	}
	q.gone -= b.Msgs
	q.goneSize -= b.Bytes
	q.closeTail()
	b.Append(&q.in)
	*b, q.in = q.in, *b
}

// Ended reports whether the queue is closed and everything in it has been
// read.
func (q *Queue) Ended() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dead || q.closed && q.in.Msgs == 0 && len(q.rest) == 0 && q.seg == len(q.out.Segs)
}

// Unread is the number of messages that Next has yet to return. It takes the
// writer's lock and belongs to the reading methods.
func (q *Queue) Unread() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.Len() - q.unackMsgs
}
