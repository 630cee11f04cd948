package msg_test

import (
	"bytes"
	"runtime"
	"slices"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
)

func TestCursor(t *testing.T) {
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
			t.Fatalf("seed %d: a frame behind the last", seed)
		}
	}
}

// TestTally asks at every byte how many messages are whole, in steps of one
// and of any size.
func TestTally(t *testing.T) {
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
				t.Fatalf("seed %d: %d messages end at %d behind the end", seed, msgs, e)
			}
		}
	}
}

// TestSkip takes messages off the front until none is left.
func TestSkip(t *testing.T) {
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
			t.Fatalf("FirstSize() = %d of nothing", b.FirstSize())
		}
	}
}

// TestSizesOfOddHeaders: an engine lets frames rest as they came, also small
// ones with a long header; sizes are those of what rests.
func TestSizesOfOddHeaders(t *testing.T) {
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

func TestBatchAppend(t *testing.T) {
	for seed := range uint64(50) {
		rng := seeded(seed)
		one, two := randomMessages(rng, rng.IntN(5)), randomMessages(rng, rng.IntN(5))
		b, o := batchOf(rng, one), batchOf(rng, two)
		b.Append(o)
		wantBatch(t, b, slices.Concat(one, two))
		wantBatch(t, o, nil)
		if o.Segs = o.Segs[:cap(o.Segs)]; slices.ContainsFunc(o.Segs, func(s msg.Seg) bool { return s.B != nil || s.Buf != nil }) {
			t.Fatal("an emptied batch remembers its segments")
		}
	}
}

// TestBatchReset: an emptied batch is as new, holds on to nothing, and its
// tables are small.
func TestBatchReset(t *testing.T) {
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
				t.Errorf("emptied, it is counted %v and has room for %d segments", b.Counted, cap(b.Segs))
			}
			if all := b.Segs[:cap(b.Segs)]; slices.ContainsFunc(all, func(s msg.Seg) bool { return s.B != nil || s.Buf != nil }) {
				t.Error("an emptied batch remembers its segments")
			}
			empty(b) // again, with nothing to give back
		}
	}
}

// TestChunksLive: a chunk is nobody else's until its batch is emptied, also
// when it has moved to another batch.
func TestChunksLive(t *testing.T) {
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
	a.Reset() // they are b's now
	for i := range 10 {
		live = append(live, mark(a.Chunk(), byte(10+i)))
	}
	for i, c := range live {
		if !bytes.Equal(c, bytes.Repeat([]byte{byte(i)}, msg.ChunkSize)) {
			t.Fatalf("chunk %d was given out twice", i)
		}
	}
	a.Reset()
	b.Recycle()
}

// TestMessageTakesMemoryAlong: a message read from a batch has the pooled
// memory of its large frames, in their order, and the batch has it no more.
func TestMessageTakesMemoryAlong(t *testing.T) {
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
				t.Fatalf("seed %d: a message is %.50q behind Recycle, was %.50q", seed, framesOf(&got[i]), want[i])
			}
			for buf := got[i].Bufs; buf != nil; buf = buf.Next {
				chain = append(chain, buf)
			}
		}
		if !slices.Equal(chain, bufs) {
			t.Fatalf("seed %d: %d buffers came along, of %d", seed, len(chain), len(bufs))
		}
	}
}

func TestCursorPos(t *testing.T) {
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

func TestKeepLast(t *testing.T) {
	for seed := range uint64(50) {
		rng := seeded(seed)
		want := randomMessages(rng, 1+rng.IntN(6))
		b := batchOf(rng, want)
		b.KeepLast()
		wantBatch(t, b, want[len(want)-1:])
	}
}

// TestExtend adds frames piece by piece, with large ones in between: nothing
// that was added before changes, in the batch or outside.
func TestExtend(t *testing.T) {
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
				// With room behind it that is somebody else's.
				rest := append(msg.AppendFrame(nil, []byte(f), more), "others"...)
				n := len(rest) - len("others")
				b.Extend(rest[:n:n], peer)
				if string(rest[n:]) != "others" {
					t.Fatal("wrote behind the memory it was given")
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

// TestExtendCost: many small additions cost little more than their bytes.
func TestExtendCost(t *testing.T) {
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
		t.Errorf("%d additions of 2 bytes took %d bytes of memory in all", n, cost)
	}
	if b.Bytes != 2*n {
		t.Errorf("%d bytes", b.Bytes)
	}
}

// TestViewTakesNothing: a message that is looked at is still whole in the batch,
// with its memory.
func TestViewTakesNothing(t *testing.T) {
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
		t.Error("another message")
	}
	cur = b.Cursor()
	if m, ok := cur.Message(); !ok || m.Bufs != buf {
		t.Error("its memory is not with it any more")
	}
}
