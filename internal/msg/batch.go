package msg

import (
	"bytes"
	"sync"
)

// ChunkSize is how much memory is taken at a time to put small frames in. It
// is also the most that one write to a connection usually carries.
const ChunkSize = 64 << 10

// LargeFrame is the size from which a frame's body is passed on by reference
// instead of being copied between other frames.
const LargeFrame = 8 << 10

type chunk [ChunkSize]byte

var chunkPool = sync.Pool{New: func() any { return new(chunk) }}

// Seg is one piece of a batch: frames at rest back to back, or the body of
// the one large frame whose header ended the segment before it.
type Seg struct {
	B    []byte
	From *Peer // who sent these frames; nil on the way out
	Buf  *Buf  // the pooled memory of a large body, if it is pooled
}

// Batch is a run of whole messages that changes hands in one piece.
type Batch struct {
	Segs  []Seg
	Msgs  int // whole messages in Segs
	Bytes int // the sum of the segments' lengths

	Counted bool // they still count against the limits of the queue they left

	own    int      // how many segments there were when Extend gave the last one its own memory
	chunks []*chunk // the pooled chunks that Segs point into
}

// Add appends a segment.
func (b *Batch) Add(s Seg) {
	b.Segs = append(b.Segs, s)
	b.Bytes += len(s.B)
}

// Extend appends frames at rest, to the last segment if that is small and of the
// same sender: many small additions then cost little more than their bytes. The
// memory of b stays the caller's or becomes the batch's, so nobody may change it.
func (b *Batch) Extend(frames []byte, from *Peer) {
	n := len(b.Segs)
	if n == 0 || b.Segs[n-1].Buf != nil || b.Segs[n-1].From != from || len(b.Segs[n-1].B)+len(frames) > ChunkSize ||
		b.own != n && len(b.Segs[n-1].B) > smallBatch {
		b.Add(Seg{B: frames, From: from})
		return
	}
	last := &b.Segs[n-1]
	if b.own != n {
		// From here on the segment has memory of its own, to grow in.
		b.own = n
		last.B = append(make([]byte, 0, 2*(len(last.B)+len(frames))), last.B...)
	}
	last.B = append(last.B, frames...)
	b.Bytes += len(frames)
}

// Chunk returns ChunkSize bytes, of any content, that live until the batch is
// recycled or reset.
func (b *Batch) Chunk() []byte {
	c := chunkPool.Get().(*chunk)
	b.chunks = append(b.chunks, c)
	return c[:]
}

// smallBatch is the size up to which Merge copies.
const smallBatch = 1 << 10

// Merge is Append for a batch that waits behind others: a small one is copied
// behind the last of them, since a segment for each would take many times the
// memory of the few bytes that a peer may send at a time.
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

// Append moves everything in o behind what b has and empties o.
func (b *Batch) Append(o *Batch) {
	b.Segs = append(b.Segs, o.Segs...)
	b.chunks = append(b.chunks, o.chunks...)
	b.Msgs += o.Msgs
	b.Bytes += o.Bytes
	clear(o.Segs)
	clear(o.chunks)
	o.Segs, o.chunks, o.Msgs, o.Bytes, o.own = o.Segs[:0], o.chunks[:0], 0, 0, 0
	b.own = 0
}

// Recycle empties the batch and gives its pooled memory back. Nothing may use
// the segments afterwards.
func (b *Batch) Recycle() {
	for _, s := range b.Segs {
		s.Buf.FreeAll()
	}
	b.Reset()
}

// Reset empties the batch, giving back its chunks and leaving its large
// bodies to whoever took them.
func (b *Batch) Reset() {
	for i, c := range b.chunks {
		chunkPool.Put(c)
		b.chunks[i] = nil
	}
	clear(b.Segs)
	b.Segs, b.chunks, b.Msgs, b.Bytes = b.Segs[:0], b.chunks[:0], 0, 0
	b.Counted, b.own = false, 0
	if cap(b.Segs) > maxKeptSegs {
		b.Segs = nil
	}
	if cap(b.chunks) > maxKeptSegs {
		b.chunks = nil
	}
}

// maxKeptSegs bounds the tables that an idle queue keeps.
const maxKeptSegs = 16

// Skip removes the first n bytes of the batch, which end a message, and counts
// the messages they held.
func (b *Batch) Skip(n, msgs int) {
	b.Msgs -= msgs
	b.Bytes -= n
	b.own = 0
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

// KeepLast drops all messages but the last. The memory of those before it that
// is not pooled is free: what is small of the last is copied out of it.
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

// Tally counts the whole messages at the start of a batch as its bytes are
// written.
type Tally struct {
	cur  Cursor
	msgs int
	end  int // where the last counted message ends
	next int // where the one behind it ends; end if that is not known yet
}

// Tally returns a tally of nothing.
func (b *Batch) Tally() Tally { return Tally{cur: b.Cursor()} }

// Advance returns how many messages lie whole in the first n bytes of the
// batch, and where the last of them ends. From call to call n must not
// decrease.
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

// Cursor walks the frames of a batch.
type Cursor struct {
	segs []Seg
	rest []byte
	pos  int
}

// Cursor returns a cursor before the first frame.
func (b *Batch) Cursor() Cursor { return Cursor{segs: b.Segs} }

// Frames returns a cursor over frames at rest that are not in a batch.
func Frames(b []byte) Cursor { return Cursor{rest: b} }

// Continue returns a cursor over the frames that follow a point in a batch: those
// in the rest of one segment and in the segments behind it.
func Continue(rest []byte, segs []Seg) Cursor { return Cursor{segs: segs, rest: rest} }

// Next returns the next frame's body and flags byte.
func (c *Cursor) Next() (body []byte, flags byte, ok bool) {
	body, flags, _, ok = c.next()
	return body, flags, ok
}

// Pos is the size at rest of the frames that Next has returned.
func (c *Cursor) Pos() int { return c.pos }

// next also returns the segment that body is all of, or nil.
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

// Message takes the next whole message out of the batch: its frames alias the
// batch's memory, but for large ones, whose memory it takes along.
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

// View sets m to the next whole message and leaves everything in the batch: m is
// only to be looked at. It uses the memory of m.Rest again.
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

// Adopt moves the pooled memory of a segment to the end of the message's
// chain, where its frame is.
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

// message walks over one message and returns its size at rest.
func (c *Cursor) message() int {
	start := c.pos
	for {
		_, flags, ok := c.Next()
		if !ok || flags&FlagMore == 0 {
			return c.pos - start
		}
	}
}

// FirstSize is the size of the first message at rest.
func (b *Batch) FirstSize() int {
	c := b.Cursor()
	return c.message()
}
