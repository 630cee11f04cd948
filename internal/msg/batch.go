package msg

import (
	"bytes"
	"sync"
)

// ChunkSize is the size of the memory blocks that hold small frames. It is also
// the usual maximum size of one write to a connection.
const ChunkSize = 64 << 10

// LargeFrame is the size from which a frame's body becomes a segment of its
// own, which is passed by reference. Smaller bodies are copied.
const LargeFrame = 8 << 10

type chunk [ChunkSize]byte

var chunkPool = sync.Pool{New: func() any { return new(chunk) }}

// Seg is one segment of a batch. It holds a sequence of encoded frames, or the
// body of one large frame whose header is at the end of the previous segment.
type Seg struct {
	B    []byte
	From *Peer // the sender of these frames; nil for messages to send
	Buf  *Buf  // the pooled buffer of a large body, or nil
}

// Batch is a sequence of encoded whole messages that queues and connections
// hand over together. The zero Batch is empty.
type Batch struct {
	Segs  []Seg
	Msgs  int // number of messages in Segs
	Bytes int // sum of the segments' lengths

	Counted bool // taken from a queue, but still counted against its high-water mark

	ownLen int32    // if equal to len(Segs), Extend allocated the last segment, which has spare capacity
	chunks []*chunk // the pooled chunks that Segs point into
}

// Add appends a segment.
func (b *Batch) Add(s Seg) {
	b.Segs = append(b.Segs, s)
	b.Bytes += len(s.B)
}

// Extend appends encoded frames. If the last segment is small and has the same
// sender, they are copied to it, so that many short additions need little more
// memory than their bytes. Otherwise the batch keeps a reference to frames. The
// caller must not change frames afterwards.
func (b *Batch) Extend(frames []byte, from *Peer) {
	n := len(b.Segs)
	if n == 0 || b.Segs[n-1].Buf != nil || b.Segs[n-1].From != from || len(b.Segs[n-1].B)+len(frames) > ChunkSize ||
		int(b.ownLen) != n && len(b.Segs[n-1].B) > smallBatch {
		b.Add(Seg{B: frames, From: from})
		return
	}
	last := &b.Segs[n-1]
	if int(b.ownLen) != n {
		// Allocate a new segment with spare capacity for later additions.
		b.ownLen = int32(n)
		last.B = append(make([]byte, 0, 2*(len(last.B)+len(frames))), last.B...)
	}
	last.B = append(last.B, frames...)
	b.Bytes += len(frames)
}

// Chunk returns ChunkSize bytes with arbitrary content. They are valid until
// the batch is recycled or reset.
func (b *Batch) Chunk() []byte {
	c := chunkPool.Get().(*chunk)
	b.chunks = append(b.chunks, c)
	return c[:]
}

// smallBatch is the maximum size of a batch that Merge copies.
const smallBatch = 1 << 10

// Merge moves all messages of o to the end of b and empties o. Unlike Append it
// copies a small batch to the last segment. A peer may send a few bytes at a
// time, and a segment for each would take many times their memory.
func (b *Batch) Merge(o *Batch) {
	if len(b.Segs) == 0 || o.Bytes > smallBatch || len(o.chunks) > 0 {
		b.Append(o)
		return
	}
	for i := range o.Segs {
		if o.Segs[i].Buf != nil {
			b.Append(o)
			return
		}
	}
	for i := range o.Segs {
		b.Extend(o.Segs[i].B, o.Segs[i].From)
	}
	b.Msgs += o.Msgs
	o.Reset()
}

// Append moves all messages of o to the end of b and empties o.
func (b *Batch) Append(o *Batch) {
	b.Segs = append(b.Segs, o.Segs...)
	b.chunks = append(b.chunks, o.chunks...)
	b.Msgs += o.Msgs
	b.Bytes += o.Bytes
	clear(o.Segs)
	clear(o.chunks)
	o.Segs, o.chunks, o.Msgs, o.Bytes, o.ownLen = o.Segs[:0], o.chunks[:0], 0, 0, 0
	b.ownLen = 0
}

// Recycle empties the batch and returns all its pooled memory to the pools. The
// segments must not be used afterwards.
func (b *Batch) Recycle() {
	for _, s := range b.Segs {
		s.Buf.FreeAll()
	}
	b.Reset()
}

// Reset empties the batch and returns its chunks to the pool. It does not free
// the buffers of large bodies, which may belong to messages by then.
func (b *Batch) Reset() {
	for i, c := range b.chunks {
		chunkPool.Put(c)
		b.chunks[i] = nil
	}
	clear(b.Segs)
	b.Segs, b.chunks, b.Msgs, b.Bytes = b.Segs[:0], b.chunks[:0], 0, 0
	b.Counted, b.ownLen = false, 0
	if cap(b.Segs) > maxKeptSegs {
		b.Segs = nil
	}
	if cap(b.chunks) > maxKeptSegs {
		b.chunks = nil
	}
}

// maxKeptSegs is the maximum capacity of the slices that an empty batch keeps.
const maxKeptSegs = 16

// Skip removes the first n bytes of the batch and frees their buffers. The
// bytes must be exactly the first msgs messages.
func (b *Batch) Skip(n, msgs int) {
	b.Msgs -= msgs
	b.Bytes -= n
	b.ownLen = 0
	i := 0
	for ; i < len(b.Segs) && n >= len(b.Segs[i].B); i++ {
		n -= len(b.Segs[i].B)
		b.Segs[i].Buf.FreeAll()
		b.Segs[i] = Seg{}
	}
	b.Segs = b.Segs[i:]
	if n > 0 {
		b.Segs[0].B = b.Segs[0].B[n:]
	}
}

// KeepLast drops all messages except the last. It copies the segments of the
// last message that have no pooled buffer, so that the batch does not keep the
// memory of the dropped messages.
func (b *Batch) KeepLast() {
	c := b.Cursor()
	for range b.Msgs - 1 {
		c.message()
	}
	b.Skip(c.pos, b.Msgs-1)
	for i := range b.Segs {
		if s := &b.Segs[i]; s.Buf == nil {
			s.B = bytes.Clone(s.B)
		}
	}
}

// Tally counts the messages of a batch that are completely written.
type Tally struct {
	cur  Cursor
	msgs int
	end  int // offset of the end of the last counted message
	next int // offset of the end of the following message; equals end if not known yet
}

// Tally returns a Tally that has counted no messages.
func (b *Batch) Tally() Tally { return Tally{cur: b.Cursor()} }

// Advance returns the number of messages that end within the first n bytes of
// the batch, and the offset where the last of them ends. n must not decrease
// from call to call.
func (t *Tally) Advance(n int) (msgs, end int) {
	for t.end < n {
		if t.next == t.end {
			t.next += t.cur.message()
			if t.next == t.end {
				break
			}
		}
		if t.next > n {
			break
		}
		t.msgs++
		t.end = t.next
	}
	return t.msgs, t.end
}

// Cursor iterates over the frames of a batch.
type Cursor struct {
	segs []Seg  // the segments after the current one
	rest []byte // the unread part of the current segment
	pos  int    // encoded size of the frames read
}

// Cursor returns a cursor before the first frame.
func (b *Batch) Cursor() Cursor { return Cursor{segs: b.Segs} }

// Frames returns a cursor over encoded frames that are not in a batch.
func Frames(b []byte) Cursor { return Cursor{rest: b} }

// Continue returns a cursor that starts inside a batch. rest is the unread part
// of one segment, segs are the segments after it.
func Continue(rest []byte, segs []Seg) Cursor { return Cursor{segs: segs, rest: rest} }

// Next returns the next frame's body and flags byte.
func (c *Cursor) Next() (body []byte, flags byte, ok bool) {
	body, flags, _, ok = c.next()
	return body, flags, ok
}

// Pos returns the encoded size of the frames that Next has returned.
func (c *Cursor) Pos() int { return c.pos }

// next is like Next. If body is a whole segment, it also returns that segment.
func (c *Cursor) next() (body []byte, flags byte, whole *Seg, ok bool) {
	if len(c.rest) == 0 {
		if len(c.segs) == 0 {
			return nil, 0, nil, false
		}
		c.rest, c.segs = c.segs[0].B, c.segs[1:]
	}
	flags = c.rest[0]
	size, h, _ := Header(c.rest)
	c.rest = c.rest[h:]
	c.pos += h + size
	if len(c.rest) == 0 && size > 0 {
		whole, c.segs = &c.segs[0], c.segs[1:]
		return whole.B, flags, whole, true
	}
	body, c.rest = c.rest[:size:size], c.rest[size:]
	return body, flags, nil, true
}

// Message returns the next message. Its frames alias the memory of the batch,
// except that pooled buffers of large frames move to the message.
func (c *Cursor) Message() (m Msg, ok bool) {
	body, flags, whole, ok := c.next()
	m.First = body
	m.Adopt(whole)
	for ok && flags&FlagMore != 0 {
		if body, flags, whole, ok = c.next(); ok {
			m.Rest = append(m.Rest, body)
			m.Adopt(whole)
		}
	}
	return m, ok
}

// View sets m to the next message. Unlike Message, it leaves pooled buffers in
// the batch, so m must not outlive the batch. View reuses the slice m.Rest.
func (c *Cursor) View(m *Msg) bool {
	body, flags, ok := c.Next()
	m.First, m.Rest = body, m.Rest[:0]
	for ok && flags&FlagMore != 0 {
		if body, flags, ok = c.Next(); ok {
			m.Rest = append(m.Rest, body)
		}
	}
	return ok
}

// Adopt moves the pooled buffer of a segment to the end of m.Bufs, whose order
// is that of the frames.
func (m *Msg) Adopt(s *Seg) {
	if s == nil || s.Buf == nil {
		return
	}
	last := &m.Bufs
	for *last != nil {
		last = &(*last).Next
	}
	*last = s.Buf
	s.Buf = nil
}

// message skips one message and returns its encoded size.
func (c *Cursor) message() int {
	start := c.pos
	for {
		_, flags, ok := c.Next()
		if !ok || flags&FlagMore == 0 {
			return c.pos - start
		}
	}
}

// FirstSize returns the encoded size of the first message, 0 if there is none.
func (b *Batch) FirstSize() int {
	c := b.Cursor()
	return c.message()
}
