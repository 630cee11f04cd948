package pipe

import (
	"bytes"

	"github.com/zerobroker/zmq/internal/msg"
)

// PutFrame appends a copy of a message that is one frame, smaller than
// msg.LargeFrame. PutFrame is a writing method.
func (q *Queue) PutFrame(b []byte) {
	if q.replaces {
		q.makeRoom()
	}
	if n := len(b); n > 255 {
		q.putSmall(b, false)
	} else { // putSmall, without calls
		if len(q.tail)-q.used < n+2 {
			q.grow(n + 2)
		}
		t := q.tail[q.used : q.used+2+n]
		t[0], t[1] = 0, byte(n)
		copy(t[2:], b)
		q.used += n + 2
	}
	q.in.Msgs++
	if q.readerWaits {
		q.wakeReader()
	}
}

// makeRoom drops what the next message replaces: all messages of a conflating queue,
// or the oldest ones if the queue drops those. A message that the reader has taken is
// not dropped, so a queue whose messages are all taken exceeds its limit by one.
func (q *Queue) makeRoom() {
	if !q.replaces {
		return
	}
	if q.conflate {
		q.discardOlder()
		return
	}
	for q.in.Msgs > 0 && q.atLimit() {
		q.closeTail()
		q.in.Skip(q.in.FirstSize(), 1)
		q.settleDropped(1, DropHWM, 1)
	}
}

// discardOlder drops all queued messages of a conflating queue.
func (q *Queue) discardOlder() {
	if q.conflate {
		n := q.discard()
		q.settle(n)
		q.countConflated(n)
	}
}

// countConflated counts n messages that newer messages have replaced.
func (q *Queue) countConflated(n int) {
	if n > 0 {
		q.drop(DropConflated, n)
	}
}

// PutShared is like Put for a message whose large frames are shared with other
// queues, or are parts of a larger block of memory. It copies the frames unless
// the queue is pooled: only connections read pooled queues, and they do not
// change the frames or keep them for long. PutShared is a writing method.
func (q *Queue) PutShared(m *msg.Msg) {
	if q.pooled || m.Size() < msg.LargeFrame {
		q.Put(m) // copies small frames
	} else {
		own := msg.Msg{First: bytes.Clone(m.First)}
		for _, f := range m.Rest {
			own.Rest = append(own.Rest, bytes.Clone(f))
		}
		q.Put(&own)
	}
	q.noteLimit()
}

// noteLimit is called when messages are queued that a connection has received.
func (q *Queue) noteLimit() {
	if q.atLimit() {
		q.limited.Store(true)
	}
}

// Put appends one message. It copies frames smaller than msg.LargeFrame. The
// queue takes ownership of larger ones, and of their Bufs. Put is a writing
// method.
func (q *Queue) Put(m *msg.Msg) {
	q.makeRoom()
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

// PutEncoded appends a copy of one encoded message. PutEncoded is a writing
// method.
func (q *Queue) PutEncoded(b []byte) {
	q.makeRoom()
	q.reserve(len(b))
	q.used += copy(q.tail[q.used:], b)
	q.in.Msgs++
	if q.readerWaits {
		q.wakeReader()
	}
}

// PutCommon appends one encoded message that many queues get. b is a part of a
// log of such messages. A log consists of pieces of memory. The owner only
// appends to a piece, and never changes what it has written. first reports that
// b starts a piece.
//
// If b follows the last message of the queue in the same piece, PutCommon
// extends that segment by b without a copy. A segment keeps its whole piece in
// memory. PutCommon therefore adds a new segment only if the queue is empty, or
// if b starts a piece and the last segment holds at least half a piece.
// Otherwise, and for a queue that is not pooled, it copies b. PutCommon is a
// writing method.
func (q *Queue) PutCommon(b []byte, first bool) {
	q.makeRoom()
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

// follows reports whether b starts directly after the end of a in the same
// memory.
func follows(a, b []byte) bool {
	return len(a) < cap(a) && &a[:len(a)+1][len(a)] == &b[0]
}

// PutFrom appends a copy of m, which the socket that reads the queue generates,
// with peer as the sender of the message. PutFrom is a writing method.
func (q *Queue) PutFrom(peer *msg.Peer, m *msg.Msg) {
	q.discardOlder()
	q.closeTail()
	q.in.Add(msg.Seg{B: m.AppendEncoded(nil), From: peer})
	q.in.Msgs++
	q.Generated()
	if q.readerWaits {
		q.wakeReader()
	}
}

// PutBatch moves the messages of b to the end of the queue and empties b. The
// queue takes ownership of the segments. PutBatch is a writing method.
func (q *Queue) PutBatch(b *msg.Batch) {
	if q.conflate && b.Msgs > 0 {
		q.discardOlder()
		q.countConflated(b.Msgs - 1)
		b.KeepLast()
	}
	q.closeTail()
	q.in.Merge(b)
	q.noteLimit()
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
	q.reserveFrames(m)
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

// reserveFrames ensures that tail has room for the small frames of m up to its first
// large one. A queue that is not pooled allocates a chunk as large as a message that
// follows a pause, and would otherwise allocate one for each frame.
func (q *Queue) reserveFrames(m *msg.Msg) {
	need := 0
	for i := range m.Len() {
		n := len(m.Frame(i))
		if need += msg.MaxHeader; n >= msg.LargeFrame || need+n > msg.ChunkSize {
			break
		}
		need += n
	}
	q.reserve(min(need, msg.ChunkSize))
}

// reserve ensures that tail has n unused bytes.
func (q *Queue) reserve(n int) {
	if len(q.tail)-q.used < n {
		q.grow(n)
	}
}

// closeTail makes a segment of the used part of tail. The rest remains tail.
func (q *Queue) closeTail() {
	if n := q.used; n > 0 {
		q.in.Add(msg.Seg{B: q.tail[:n:n]})
		q.tail, q.used = q.tail[n:], 0
	}
}

// grow makes tail a new chunk of at least need bytes.
func (q *Queue) grow(need int) {
	q.closeTail()
	switch {
	case q.pooled && need <= msg.ChunkSize && !q.dropOldest:
		// A batch keeps its chunks until all of it is read, so those of messages
		// that were dropped from its head would accumulate.
		q.tail = q.in.Chunk()
	case need > msg.ChunkSize:
		q.tail = make([]byte, need)
	default:
		// A chunk that is not pooled stays in memory as long as any message
		// in it. So its size adapts to the traffic: it doubles while one batch
		// fills several chunks, and is reset when the reader has read all.
		q.nextSize = min(max(q.nextSize*2, int32(need)), msg.ChunkSize)
		q.tail = make([]byte, q.nextSize)
	}
}
