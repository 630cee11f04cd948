package pipe

import (
	"bytes"

	"github.com/zerobroker/zmq/internal/msg"
)

// PutFrame appends a message of one frame below msg.LargeFrame, copying it. It
// does not ask whether the queue is Full. The caller holds the writer's lock
// and has checked ReadClosed.
func (q *Queue) PutFrame(b []byte) {
	n := len(b)
	if n > 255 || q.conflate {
		q.Put(&msg.Msg{First: b})
		return
	}
	if len(q.tail)-q.used < n+2 {
		q.grow(n + 2)
	}
	t := q.tail[q.used : q.used+2+n]
	t[0], t[1] = 0, byte(n)
	copy(t[2:], b)
	q.used += n + 2
	q.in.Msgs++
	if q.readerWaits {
		q.wakeReader()
	}
}

// supersede drops what is queued if only the newest message is to be kept.
func (q *Queue) supersede() {
	if q.conflate {
		q.conflated(q.Discard())
	}
}

// conflated counts messages that newer ones have superseded.
func (q *Queue) conflated(n int) {
	if q.drops != nil {
		q.drops.Add(DropConflated, n)
	}
}

// PutShared is Put for a message whose large frames other queues get too, or that
// lie in memory which holds more than them: an application's queue gets copies.
func (q *Queue) PutShared(m *msg.Msg) {
	if q.pooled || m.Size() < msg.LargeFrame {
		q.Put(m) // which copies small frames
		return
	}
	own := msg.Msg{First: bytes.Clone(m.First)}
	for _, f := range m.Rest {
		own.Rest = append(own.Rest, bytes.Clone(f))
	}
	q.Put(&own)
}

// Put appends one message. Frames below msg.LargeFrame are copied; larger ones
// are taken over, with their Bufs. It does not ask whether the queue is Full.
// The caller holds the writer's lock and has checked ReadClosed.
func (q *Queue) Put(m *msg.Msg) {
	q.supersede()
	if n := len(m.First); len(m.Rest) == 0 && n < msg.LargeFrame {
		q.putSmall(m.First, false)
	} else {
		q.putFrames(m)
	}
	q.in.Msgs++
	if q.readerWaits {
		q.wakeReader()
	}
}

// PutEncoded appends one message that is already at rest, copying it. The caller
// holds the writer's lock and has checked ReadClosed.
func (q *Queue) PutEncoded(b []byte) {
	q.supersede()
	q.reserve(len(b))
	q.used += copy(q.tail[q.used:], b)
	q.in.Msgs++
	if q.readerWaits {
		q.wakeReader()
	}
}

// PutCommon is PutRest for a message that many queues get: b lies in a log of
// such messages that is only ever appended to, and ends where the next one
// begins; first says that it is the first in its piece of the log. What follows the
// last message here is taken by reference. A reference keeps a whole piece alive,
// so a new one is only taken by an empty queue, or at the beginning of a piece by
// one that holds at least half of the last piece; anything else is copied.
func (q *Queue) PutCommon(b []byte, first bool) {
	n := len(q.in.Segs)
	switch {
	case !q.pooled || q.conflate:
		q.PutEncoded(b)
		return
	case q.used == 0 && n > 0 && follows(q.in.Segs[n-1].B, b):
		q.in.Segs[n-1].B = q.in.Segs[n-1].B[:len(q.in.Segs[n-1].B)+len(b)]
		q.in.Bytes += len(b)
	case q.in.Msgs == 0, first && q.used == 0 && 2*len(q.in.Segs[n-1].B) >= cap(b):
		q.closeTail()
		q.in.Add(msg.Seg{B: b})
	default:
		q.PutEncoded(b)
		return
	}
	q.in.Msgs++
	if q.readerWaits {
		q.wakeReader()
	}
}

// follows reports whether b lies right behind a in memory that both are of.
func follows(a, b []byte) bool {
	return len(a) < cap(a) && &a[:len(a)+1][len(a)] == &b[0]
}

// PutFrom appends one message as PutRest does, for a reader who is to take it
// for that peer's. It is beside the limits.
func (q *Queue) PutFrom(peer *msg.Peer, m *msg.Msg) {
	q.supersede()
	q.closeTail()
	q.in.Add(msg.Seg{B: m.AppendEncoded(nil), From: peer})
	q.in.Msgs++
	if q.readerWaits {
		q.wakeReader()
	}
}

// PutBatch appends the messages of b, taking its segments over, and empties
// b. The caller holds the writer's lock and has checked ReadClosed.
func (q *Queue) PutBatch(b *msg.Batch) {
	if q.conflate && b.Msgs > 0 {
		q.supersede()
		q.conflated(b.Msgs - 1)
		b.KeepLast()
	}
	q.closeTail()
	q.in.Merge(b)
	if q.readerWaits {
		q.wakeReader()
	}
}

func (q *Queue) putSmall(f []byte, more bool) {
	q.reserve(msg.MaxHeader + len(f))
	at := q.tail[q.used:q.used]
	q.used += len(append(msg.AppendHeader(at, len(f), more), f...))
}

func (q *Queue) putFrames(m *msg.Msg) {
	bufs := m.Bufs
	for i := range m.Len() {
		f := m.Frame(i)
		more := i < m.Len()-1
		if len(f) < msg.LargeFrame {
			q.putSmall(f, more)
			continue
		}
		q.reserve(msg.MaxHeader)
		q.used += len(msg.AppendHeader(q.tail[q.used:q.used], len(f), more))
		q.closeTail()
		s := msg.Seg{B: f}
		if bufs != nil && &bufs.B[:1][0] == &f[0] {
			s.Buf = bufs
			bufs = bufs.Next
			s.Buf.Next = nil
		}
		q.in.Add(s)
	}
}

// reserve makes room for n bytes in tail.
func (q *Queue) reserve(n int) {
	if len(q.tail)-q.used < n {
		q.grow(n)
	}
}

// closeTail makes a segment of what was written to the newest chunk; the rest
// of the chunk stays open.
func (q *Queue) closeTail() {
	if n := q.used; n > 0 {
		q.in.Add(msg.Seg{B: q.tail[:n:n]})
		q.tail, q.used = q.tail[n:], 0
	}
}

// grow opens a chunk with room for at least need bytes.
func (q *Queue) grow(need int) {
	q.closeTail()
	switch {
	case q.pooled && need <= msg.ChunkSize:
		q.tail = q.in.Chunk()
	case need > msg.ChunkSize:
		q.tail = make([]byte, need)
	default:
		// An unpooled chunk stays in memory as long as any message in it
		// does, so it follows the traffic: doubled while one batch fills
		// several, back to the size of one message when it is quiet.
		q.nextSize = min(max(q.nextSize*2, need), msg.ChunkSize)
		q.tail = make([]byte, q.nextSize)
	}
}
