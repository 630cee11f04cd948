package pipe

import "github.com/zerobroker/zmq/internal/msg"

// Put appends one message. Frames below msg.LargeFrame are copied; larger ones
// are taken over, with their Bufs. It does not ask whether the queue is Full.
// The caller holds the writer's lock and has found the queue not Dead.
func (q *Queue) Put(m *msg.Msg) {
	if q.conflate {
		q.dropQueued()
	}
	size := 0
	if n := len(m.First); len(m.Rest) == 0 && n <= 255 {
		size = n + 2
		if cap(q.tail)-len(q.tail) < size {
			q.grow(size)
		}
		q.tail = append(append(q.tail, 0, byte(n)), m.First...)
	} else {
		size = q.putFrames(m)
	}
	q.in.Msgs++
	q.count++
	q.total++
	q.bytes += size
	if q.asleep {
		q.wake()
	}
}

// PutRest appends one message that is already at rest, copying it. The caller
// holds the writer's lock and has found the queue not Dead.
func (q *Queue) PutRest(b []byte) {
	if q.conflate {
		q.dropQueued()
	}
	if cap(q.tail)-len(q.tail) < len(b) {
		q.grow(len(b))
	}
	q.tail = append(q.tail, b...)
	q.in.Msgs++
	q.count++
	q.total++
	q.bytes += len(b)
	if q.asleep {
		q.wake()
	}
}

// PutBatch appends the messages of b, taking its segments over, and empties
// b. The caller holds the writer's lock and has found the queue not Dead.
func (q *Queue) PutBatch(b *msg.Batch) {
	q.closeTail()
	q.count += b.Msgs
	q.total += uint64(b.Msgs)
	q.bytes += b.Bytes
	q.in.Append(b)
	if q.asleep {
		q.wake()
	}
}

func (q *Queue) putFrames(m *msg.Msg) (size int) {
	bufs := m.Bufs
	for i := range m.Len() {
		f := m.Frame(i)
		n := len(f)
		h := msg.HeaderSize(n)
		size += h + n
		more := i < m.Len()-1
		if n < msg.LargeFrame {
			if cap(q.tail)-len(q.tail) < h+n {
				q.grow(h + n)
			}
			q.tail = append(msg.AppendHeader(q.tail, n, more), f...)
			continue
		}
		if cap(q.tail)-len(q.tail) < h {
			q.grow(h)
		}
		q.tail = msg.AppendHeader(q.tail, n, more)
		q.closeTail()
		s := msg.Seg{B: f}
		if bufs != nil && &bufs.B[:1][0] == &f[0] {
			s.Buf = bufs
			bufs = bufs.Next
			s.Buf.Next = nil
		}
		q.in.Add(s)
	}
	return size
}

// closeTail makes a segment of what was written to the newest chunk; the rest
// of the chunk stays open.
func (q *Queue) closeTail() {
	if n := len(q.tail); n > 0 {
		q.in.Add(msg.Seg{B: q.tail[:n:n]})
		q.tail = q.tail[n:]
	}
}

// grow opens a chunk with room for at least need bytes.
func (q *Queue) grow(need int) {
	q.closeTail()
	switch {
	case q.pooled && need <= msg.ChunkSize:
		q.tail = q.in.Chunk()
	case need > msg.ChunkSize:
		q.tail = make([]byte, 0, need)
	default:
		// An unpooled chunk stays in memory as long as any message in it
		// does, so it follows the traffic: doubled while one batch fills
		// several, back to the size of one message when it is quiet.
		q.next = min(max(q.next*2, need), msg.ChunkSize)
		q.tail = make([]byte, 0, q.next)
	}
}

// dropQueued empties the writing half of a conflating queue.
func (q *Queue) dropQueued() {
	q.count -= q.in.Msgs
	q.bytes -= q.in.Bytes + len(q.tail)
	q.in.Recycle()
	q.tail = nil
}
