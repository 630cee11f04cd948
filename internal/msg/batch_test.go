package msg_test

import (
	"bytes"
	"runtime"
	"slices"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
)

func TestCursorReturnsAllFrames(t *testing.T) {
	for seed := range uint64(100) {
		rng := seeded(seed)
		want := randomMessages(rng, rng.IntN(20))
		b := batchOf(rng, want)
		wantBatch(t, b, want)
		cur := b.Cursor()
		for _, m := range want {
			for i, f := range m {
				got, flags, ok := cur.Next()
				if !ok || string(got) != f || flags&msg.FlagMore != 0 != (i < len(m)-1) {
					t.Fatalf("seed %d: frame %.50q, flags %d, want %.50q", seed, got, flags, f)
				}
			}
		}
		if _, _, ok := cur.Next(); ok {
			t.Fatalf("seed %d: the cursor returns a frame after the last", seed)
		}
	}
}

// TestTallyCountsMessagesWrittenWhole advances in steps of one byte and of other
// sizes.
func TestTallyCountsMessagesWrittenWhole(t *testing.T) {
	for seed := range uint64(60) {
		rng := seeded(seed)
		want := randomMessages(rng, rng.IntN(12))
		b := batchOf(rng, want)
		for _, step := range []int{1, 2, 7, 100, 1 + rng.IntN(10000)} {
			tally := b.Tally()
			whole, end := 0, 0
			for n := 0; n <= b.Bytes; n += step {
				for whole < len(want) && end+want[whole].size() <= n {
					end += want[whole].size()
					whole++
				}
				if msgs, e := tally.Advance(n); msgs != whole || e != end {
					t.Fatalf("seed %d: %d messages end at %d by byte %d, want %d at %d", seed, msgs, e, n, whole, end)
				}
			}
			if msgs, e := tally.Advance(b.Bytes); msgs != len(want) || e != b.Bytes {
				t.Fatalf("seed %d: %d messages end at %d, want all %d at %d", seed, msgs, e, len(want), b.Bytes)
			}
			if msgs, e := tally.Advance(b.Bytes + 100); msgs != len(want) || e != b.Bytes {
				t.Fatalf("seed %d: beyond the end, %d messages end at %d", seed, msgs, e)
			}
		}
	}
}

// TestSkipRemovesFirstMessages skips random numbers of messages until the batch
// is empty.
func TestSkipRemovesFirstMessages(t *testing.T) {
	for seed := range uint64(100) {
		rng := seeded(seed)
		want := randomMessages(rng, 1+rng.IntN(20))
		b := batchOf(rng, want)
		for len(want) > 0 {
			if got := b.FirstSize(); got != want[0].size() {
				t.Fatalf("seed %d: FirstSize() = %d, want %d", seed, got, want[0].size())
			}
			n, size := rng.IntN(len(want)+1), 0
			for _, m := range want[:n] {
				size += m.size()
			}
			want = want[n:]
			b.Skip(size, n)
			wantBatch(t, b, want)
		}
		if b.FirstSize() != 0 {
			t.Fatalf("FirstSize() = %d for an empty batch", b.FirstSize())
		}
	}
}

// TestSizesCountLongHeadersOfShortFrames covers frames of a peer, which may
// have a long header although a short one would do. The engine keeps them
// unchanged.
func TestSizesCountLongHeadersOfShortFrames(t *testing.T) {
	var b msg.Batch
	odd := "\x02\x00\x00\x00\x00\x00\x00\x00\x01a"
	b.Add(msg.Seg{B: []byte(odd + "\x00\x01b")})
	b.Msgs = 2
	if got := b.FirstSize(); got != len(odd) {
		t.Errorf("FirstSize() = %d, want %d", got, len(odd))
	}
	tally := b.Tally()
	if msgs, end := tally.Advance(b.Bytes); msgs != 2 || end != b.Bytes {
		t.Errorf("%d messages end at %d, want 2 at %d", msgs, end, b.Bytes)
	}
}

func TestAppendMovesMessages(t *testing.T) {
	for seed := range uint64(50) {
		rng := seeded(seed)
		one, two := randomMessages(rng, rng.IntN(5)), randomMessages(rng, rng.IntN(5))
		b, o := batchOf(rng, one), batchOf(rng, two)
		b.Append(o)
		wantBatch(t, b, slices.Concat(one, two))
		wantBatch(t, o, nil)
		if o.Segs = o.Segs[:cap(o.Segs)]; slices.ContainsFunc(o.Segs, func(s msg.Seg) bool { return s.B != nil || s.Buf != nil }) {
			t.Fatal("the emptied batch still references its segments")
		}
	}
}

// TestResetAndRecycleReleaseMemory checks that an emptied batch references no
// segment and keeps only small slices.
func TestResetAndRecycleReleaseMemory(t *testing.T) {
	for _, empty := range []func(*msg.Batch){(*msg.Batch).Reset, (*msg.Batch).Recycle} {
		for _, n := range []int{0, 1, 10, 1000} {
			b := batchOf(seeded(uint64(n)), randomMessages(seeded(1), n))
			b.Counted = true
			for range n / 10 {
				b.Chunk()
			}
			empty(b)
			wantBatch(t, b, nil)
			if b.Counted || cap(b.Segs) > 16 {
				t.Errorf("emptied batch has Counted %v and a capacity of %d segments", b.Counted, cap(b.Segs))
			}
			if all := b.Segs[:cap(b.Segs)]; slices.ContainsFunc(all, func(s msg.Seg) bool { return s.B != nil || s.Buf != nil }) {
				t.Error("the emptied batch still references its segments")
			}
			empty(b) // emptying an empty batch has no effect
		}
	}
}

// TestChunkIsNotReusedBeforeBatchIsEmptied also covers chunks that were moved
// to another batch.
func TestChunkIsNotReusedBeforeBatchIsEmptied(t *testing.T) {
	var a, b msg.Batch
	mark := func(c []byte, v byte) []byte {
		if len(c) != msg.ChunkSize {
			t.Fatalf("a chunk of %d bytes", len(c))
		}
		for i := range c {
			c[i] = v
		}
		return c
	}
	var live [][]byte
	for i := range 10 {
		live = append(live, mark(a.Chunk(), byte(i)))
	}
	b.Append(&a)
	a.Reset() // the chunks belong to b now
	for i := range 10 {
		live = append(live, mark(a.Chunk(), byte(10+i)))
	}
	for i, c := range live {
		if !bytes.Equal(c, bytes.Repeat([]byte{byte(i)}, msg.ChunkSize)) {
			t.Fatalf("chunk %d was reused too early", i)
		}
	}
	a.Reset()
	b.Recycle()
}

// TestMessageOwnsPooledBuffersOfLargeFrames checks that Message moves the
// pooled buffers from the batch to the message, in the order of the frames.
func TestMessageOwnsPooledBuffersOfLargeFrames(t *testing.T) {
	for seed := range uint64(50) {
		rng := seeded(seed)
		want := randomMessages(rng, 10)
		b := batchOf(rng, want)
		var bufs []*msg.Buf
		for _, s := range b.Segs {
			if s.Buf != nil {
				bufs = append(bufs, s.Buf)
			}
		}
		cur := b.Cursor()
		var got []msg.Msg
		for m, ok := cur.Message(); ok; m, ok = cur.Message() {
			got = append(got, m)
		}
		b.Recycle()
		var chain []*msg.Buf
		for i := range got {
			if !slices.Equal(framesOf(&got[i]), want[i]) {
				t.Fatalf("seed %d: a message is %.50q after Recycle, was %.50q", seed, framesOf(&got[i]), want[i])
			}
			for buf := got[i].Bufs; buf != nil; buf = buf.Next {
				chain = append(chain, buf)
			}
		}
		if !slices.Equal(chain, bufs) {
			t.Fatalf("seed %d: the messages own %d buffers, want %d", seed, len(chain), len(bufs))
		}
	}
}

func TestCursorPosCountsEncodedBytes(t *testing.T) {
	rng := seeded(1)
	b := batchOf(rng, randomMessages(rng, 20))
	cur := b.Cursor()
	n := 0
	for f, _, ok := cur.Next(); ok; f, _, ok = cur.Next() {
		if n += msg.HeaderSize(len(f)) + len(f); cur.Pos() != n {
			t.Fatalf("Pos() = %d, want %d", cur.Pos(), n)
		}
	}
	if n != b.Bytes {
		t.Errorf("%d bytes read of %d", n, b.Bytes)
	}
}

func TestKeepLastKeepsOnlyLastMessage(t *testing.T) {
	for seed := range uint64(50) {
		rng := seeded(seed)
		want := randomMessages(rng, 1+rng.IntN(6))
		b := batchOf(rng, want)
		b.KeepLast()
		wantBatch(t, b, want[len(want)-1:])
	}
}

// TestExtendKeepsEarlierFrames adds frames one by one, with large ones between
// them. Extend must change neither earlier frames nor memory after its
// argument.
func TestExtendKeepsEarlierFrames(t *testing.T) {
	peer := &msg.Peer{}
	for seed := range uint64(30) {
		rng := seeded(seed)
		want := randomMessages(rng, 200)
		var b msg.Batch
		for _, m := range want {
			for i, f := range m {
				more := i < len(m)-1
				if len(f) >= msg.LargeFrame {
					b.Extend(msg.AppendHeader(nil, len(f), more), peer)
					b.Add(msg.Seg{B: []byte(f), From: peer, Buf: &msg.Buf{}})
					continue
				}
				// The bytes after the frame do not belong to the argument.
				mem := append(msg.AppendFrame(nil, []byte(f), more), "others"...)
				n := len(mem) - len("others")
				b.Extend(mem[:n:n], peer)
				if string(mem[n:]) != "others" {
					t.Fatal("Extend wrote beyond the end of its argument")
				}
			}
			b.Msgs++
		}
		wantBatch(t, &b, want)
		for _, s := range b.Segs {
			if s.From != peer || s.Buf == nil && len(s.B) > msg.ChunkSize+msg.MaxHeader {
				t.Fatalf("a segment of %d bytes from %v", len(s.B), s.From)
			}
		}
	}
}

// TestExtendAllocatesLittleForShortFrames allows ten times the added bytes, and
// one chunk.
func TestExtendAllocatesLittleForShortFrames(t *testing.T) {
	frame := []byte("\x01\x00")
	const n = 20_000
	var b msg.Batch
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range n {
		b.Extend(frame[:2:2], nil)
	}
	runtime.ReadMemStats(&after)
	if cost := after.TotalAlloc - before.TotalAlloc; cost > 10*2*n+msg.ChunkSize {
		t.Errorf("%d additions of 2 bytes allocated %d bytes in total", n, cost)
	}
	if b.Bytes != 2*n {
		t.Errorf("%d bytes", b.Bytes)
	}
}

// TestViewLeavesBuffersInBatch checks that Message still returns the message
// and its pooled buffer after View.
func TestViewLeavesBuffersInBatch(t *testing.T) {
	buf := msg.NewBuf(msg.LargeFrame)
	buf.B = append(buf.B, make([]byte, msg.LargeFrame)...)
	var b msg.Batch
	b.Add(msg.Seg{B: append(msg.AppendFrame(nil, []byte("small"), true), msg.AppendHeader(nil, len(buf.B), false)...)})
	b.Add(msg.Seg{B: buf.B, Buf: buf})
	b.Msgs = 1
	cur := b.Cursor()
	var m msg.Msg
	if !cur.View(&m) || m.Len() != 2 || string(m.First) != "small" || len(m.Frame(1)) != len(buf.B) || m.Bufs != nil {
		t.Fatalf("%d frames", m.Len())
	}
	if cur.View(&m) {
		t.Error("View returns a second message")
	}
	cur = b.Cursor()
	if m, ok := cur.Message(); !ok || m.Bufs != buf {
		t.Error("Message returns no pooled buffer")
	}
}
