package pipe_test

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// TestPutCopiesSmallFrames: the writer may reuse the memory of frames smaller
// than LargeFrame.
func TestPutCopiesSmallFrames(t *testing.T) {
	f, g := bytes.Repeat([]byte("f"), msg.LargeFrame-1), []byte("g")
	h := []byte("\x00\x04rest")
	e := newEnds(t, pipe.Config{})
	e.write(func() {
		e.Put(&msg.Msg{First: f})
		e.Put(&msg.Msg{First: g, Rest: [][]byte{f, g}})
		e.PutFrame(g)
		e.PutFrame(f)
		e.PutEncoded(h)
	})
	F := string(f)
	clear(f)
	clear(g)
	clear(h)
	e.wantRead(message{F}, message{"g", F, "g"}, message{"g"}, message{F}, message{"rest"})
}

func TestPutDoesNotCopyLargeFrames(t *testing.T) {
	f := bytes.Repeat([]byte("f"), msg.LargeFrame)
	e := newEnds(t, pipe.Config{})
	e.write(func() {
		e.Put(&msg.Msg{First: f})
		e.Put(&msg.Msg{First: []byte("a"), Rest: [][]byte{f, f[1:]}})
	})
	var m msg.Msg
	if !e.Next(&m) || m.Len() != 1 || &m.First[0] != &f[0] {
		t.Errorf("read %.50q", framesOf(&m))
	}
	if !e.Next(&m) || m.Len() != 3 || &m.Rest[0][0] != &f[0] || len(m.Rest[1]) != msg.LargeFrame-1 {
		t.Errorf("read %.50q", framesOf(&m))
	}
}

// TestPutCommonSharesConsecutiveMessages: consecutive messages of a log become one
// segment of a pooled queue, which a connection reads. Others are copied. A queue
// that is not pooled gets copies, because the application may change what it
// receives.
func TestPutCommonSharesConsecutiveMessages(t *testing.T) {
	for _, pooled := range []bool{false, true} {
		e := newEnds(t, pipe.Config{Pooled: pooled})
		log := []byte("\x00\x01a\x00\x01b\x00\x01c\x00\x01d")
		at := func(i int) []byte { return log[3*i : 3*i+3] }
		e.write(func() {
			e.PutCommon(at(0), true)
			e.PutCommon(at(1), false)
			e.PutCommon(at(3), false)
		})
		var b msg.Batch
		if !e.Take(&b) || len(b.Segs) == 0 {
			t.Fatal("Take found no message")
		}
		if shared := &b.Segs[0].B[0] == &log[0]; shared != pooled {
			t.Errorf("pooled %v: the segment shares the log: %v", pooled, shared)
		}
		clear(at(2))
		clear(at(3))
		if got := readBatch(&b); !equalMessages(got, []message{{"a"}, {"b"}, {"d"}}) {
			t.Errorf("pooled %v: took %q", pooled, got)
		}
		if n := len(b.Segs); pooled && n != 2 {
			t.Errorf("%d segments, want one of the log and one of copies", n)
		}
	}
}

// TestPutCommonKeepsFewPiecesForFewMessages: a queue that gets only the first
// message of each piece of a log keeps one piece in memory. A queue that gets all
// messages keeps all pieces and copies nothing.
func TestPutCommonKeepsFewPiecesForFewMessages(t *testing.T) {
	const pieces, each = 50, 100
	for _, all := range []bool{false, true} {
		e := newEnds(t, pipe.Config{Pooled: true})
		logs := make(map[*byte]bool)
		e.write(func() {
			for range pieces {
				log := bytes.Repeat([]byte("\x00\x01x"), each)
				logs[&log[0]] = true
				for i := range each {
					if all || i == 0 {
						e.PutCommon(log[3*i:3*i+3], i == 0)
					}
				}
			}
		})
		var b msg.Batch
		if !e.Take(&b) {
			t.Fatal("Take found no message")
		}
		held := 0
		for _, s := range b.Segs {
			if logs[&s.B[0]] {
				held++
			}
		}
		if want := map[bool]int{false: 1, true: pieces}[all]; held != want {
			t.Errorf("all messages %v: the queue keeps %d pieces, want %d", all, held, want)
		}
		if n := len(readBatch(&b)); n != map[bool]int{false: pieces, true: pieces * each}[all] {
			t.Errorf("all messages %v: read %d messages", all, n)
		}
	}
}

// TestPutEncodedAcceptsAnySize: a message can be larger than a chunk.
func TestPutEncodedAcceptsAnySize(t *testing.T) {
	for _, pooled := range []bool{false, true} {
		e := newEnds(t, pipe.Config{Pooled: pooled})
		var want []message
		for _, n := range []int{0, 1000, msg.ChunkSize - msg.MaxHeader, msg.ChunkSize, 3 * msg.ChunkSize, 1} {
			m := message{"a", body(n)}
			e.write(func() { e.PutEncoded(m.msg().AppendEncoded(nil)) })
			want = append(want, m)
		}
		var b msg.Batch
		if !e.Take(&b) || !equalMessages(readBatch(&b), want) {
			t.Errorf("pooled %v: read %d messages that differ from those written", pooled, b.Msgs)
		}
	}
}

// pooled returns a message of large frames in pooled memory.
func pooled(sizes ...int) *msg.Msg {
	m := new(msg.Msg)
	var frames [][]byte
	last := &m.Bufs
	for _, n := range sizes {
		b := &msg.Buf{B: []byte(body(n))}
		frames = append(frames, b.B)
		*last, last = b, &b.Next
	}
	m.First, m.Rest = frames[0], frames[1:]
	return m
}

// TestQueuePassesOnBufsOfLargeFrames sends messages in pooled memory through
// three queues.
func TestQueuePassesOnBufsOfLargeFrames(t *testing.T) {
	for _, sizes := range [][]int{{9000}, {9000, 9001}, {9000, 9001, 9002}} {
		m := pooled(sizes...)
		bufs := make(map[*msg.Buf]bool)
		for b := m.Bufs; b != nil; b = b.Next {
			bufs[b] = true
		}
		for hop := 1; hop <= 3; hop++ {
			e := newEnds(t, pipe.Config{})
			e.write(func() { e.Put(m) })
			m = new(msg.Msg)
			e.Next(m)
			n := 0
			for b := m.Bufs; b != nil; b = b.Next {
				if n++; !bufs[b] {
					t.Fatal("the message has a buffer that it did not have before")
				}
			}
			if n != len(sizes) {
				t.Fatalf("the message has %d of %d buffers after %d queues", n, len(sizes), hop)
			}
		}
	}
}

// TestReadFramesDoNotChange: later messages do not overwrite frames that were
// read. To append to a frame does not change other frames.
func TestReadFramesDoNotChange(t *testing.T) {
	e := newEnds(t, pipe.Config{})
	rng := seeded(1)
	var got []msg.Msg
	var want []message
	for range 300 {
		for range rng.IntN(20) {
			m := make(message, 1+rng.IntN(8))
			for i := range m {
				m[i] = body(rng.IntN(60))
			}
			want = append(want, m)
			e.put(m)
		}
		for len(got) < len(want) && rng.IntN(40) > 0 {
			var m msg.Msg
			if !e.Next(&m) {
				t.Fatal("Next found no message")
			}
			for i := range m.Len() {
				_ = append(m.Frame(i), "xxxxxxxxxxxx"...)
			}
			_ = append(m.Rest, []byte("x"))
			got = append(got, m)
		}
	}
	for i := range got {
		if !equalMessages([]message{framesOf(&got[i])}, want[i:i+1]) {
			t.Fatalf("message %d is now %q, was %q", i, framesOf(&got[i]), want[i])
		}
	}
}

// TestSmallBatchUsesLittleMemory: a message of two small frames that is read before the
// next one is written does not allocate the memory of a larger batch.
func TestSmallBatchUsesLittleMemory(t *testing.T) {
	e := newEnds(t, pipe.Config{})
	in := msg.Msg{First: []byte{}, Rest: [][]byte{make([]byte, 64)}}
	var before, after runtime.MemStats
	const rounds = 1000
	runtime.ReadMemStats(&before)
	for range rounds {
		e.write(func() { e.Put(&in) })
		var m msg.Msg
		if !e.Next(&m) || e.Next(&m) {
			t.Fatal("want one message")
		}
	}
	runtime.ReadMemStats(&after)
	if n := (after.TotalAlloc - before.TotalAlloc) / rounds; n > 300 {
		t.Errorf("%d bytes allocated for each message, want at most 300", n)
	}
	if n := (after.Mallocs - before.Mallocs) / rounds; n > 2 {
		t.Errorf("%d allocations for each message, want at most 2", n)
	}
}
