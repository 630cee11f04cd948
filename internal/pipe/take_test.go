package pipe_test

import (
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// TestTake takes all there is, in order, and leaves the reader asleep when
// there is nothing.
func TestTake(t *testing.T) {
	for _, pooled := range []bool{false, true} {
		e := newEnds(t, pipe.Config{Pooled: pooled})
		want := []message{{"a"}, {"b", "", "c"}, {body(300)}, {body(9000), "d"}, {""}}
		e.put(want...)
		var b msg.Batch
		if !e.Take(&b) || b.Msgs != len(want) || !equalMessages(readBatch(&b), want) {
			t.Fatalf("took %d: %.200q", b.Msgs, readBatch(&b))
		}
		e.put(hello)
		e.wantTold(1, 0) // it has not slept
		b.Recycle()
		if !e.Take(&b) || !equalMessages(readBatch(&b), []message{hello}) {
			t.Fatalf("took %.200q", readBatch(&b))
		}
		b.Recycle()
		if e.Take(&b) || b.Msgs != 0 {
			t.Fatal("took something of nothing")
		}
		e.put(hello)
		e.wantTold(2, 0)
	}
}

// TestTakeCounts: a batch of more than a chunk counts against the limits until
// Done; a smaller one goes free.
func TestTakeCounts(t *testing.T) {
	e := newEnds(t, pipe.Config{HWM: 10, Pooled: true})
	var b msg.Batch
	e.fill(hello)
	if !e.Take(&b) || b.Counted || e.queued() != 0 {
		t.Fatalf("a small batch is counted %v, the queue holds %d", b.Counted, e.queued())
	}
	e.wantTold(1, 1)
	b.Recycle()

	large := message{body(msg.ChunkSize / 4)}
	e.fill(large)
	if !e.Take(&b) || !b.Counted || e.queued() != 10 || !e.full() {
		t.Fatalf("a large batch is counted %v, the queue holds %d", b.Counted, e.queued())
	}
	for n := 1; n <= 4; n++ {
		e.Ack(1, large.size())
		if got := e.queued(); got != 10-n {
			t.Errorf("it holds %d with %d done", got, n)
		}
		e.wantTold(1, 1)
	}
	e.Ack(1, large.size())
	e.wantTold(1, 2)
	if n := e.fill(hello); n != 5 {
		t.Errorf("took %d more with half of 10 done", n)
	}
	e.Ack(5, 5*large.size())
	b.Recycle()
	if n := e.queued(); n != 5 {
		t.Errorf("it holds %d", n)
	}
}

// TestTakeCountsAbove: a batch of a chunk goes free, one of a byte more does
// not.
func TestTakeCountsAbove(t *testing.T) {
	for _, more := range []int{0, 1} {
		e := newEnds(t, pipe.Config{})
		m := message{body(msg.ChunkSize/2 - msg.MaxHeader)}
		e.put(m, message{body(len(m[0]) + more)})
		var b msg.Batch
		if !e.Take(&b) || b.Bytes != msg.ChunkSize+more || b.Counted != (more > 0) {
			t.Errorf("a batch of %d bytes is counted %v", b.Bytes, b.Counted)
		}
	}
}

// TestReturn puts back what was not written, ahead of what came since, in any
// mixture of counted, partly done, and killed.
func TestReturn(t *testing.T) {
	small := []message{{"1"}, {"2", "2"}, {"3"}}
	large := []message{{body(30_000)}, {body(30_001), "x"}, {body(30_002)}}
	for _, pooled := range []bool{false, true} {
		for _, first := range [][]message{small, large} {
			for done := range 4 {
				e := newEnds(t, pipe.Config{HWM: 100, Pooled: pooled})
				e.put(first...)
				var b msg.Batch
				e.Take(&b)
				for _, m := range first[:done] {
					b.Skip(m.size(), 1)
					if b.Counted {
						e.Ack(1, m.size())
					}
				}
				e.put(hello, message{"later"})
				if e.Return(&b); b.Msgs != 0 || len(b.Segs) != 0 {
					t.Fatal("a returned batch is not empty")
				}
				want := append(append([]message{}, first[done:]...), hello, message{"later"})
				if n := e.queued(); n != len(want) {
					t.Errorf("holds %d, want %d", n, len(want))
				}
				e.put(message{"last"})
				want = append(want, message{"last"})
				if !e.Take(&b) || !equalMessages(readBatch(&b), want) {
					t.Errorf("pooled %v, %d done: took %.200q", pooled, done, readBatch(&b))
				}
				b.Recycle()
			}
		}
	}
	e := newEnds(t, pipe.Config{})
	e.put(small...)
	var b msg.Batch
	e.Take(&b)
	e.CloseRead()
	if e.Return(&b); b.Msgs != 0 || e.queued() != 0 {
		t.Errorf("a dead queue took %d back", e.queued())
	}
}

// TestReturnToNewReader: what is returned is there for the reader of the next
// connection, which is told of it.
func TestReturnToNewReader(t *testing.T) {
	e := newEnds(t, pipe.Config{Pooled: true})
	e.put(message{"a"}, message{"b"})
	var b msg.Batch
	e.Take(&b)
	e.Return(&b)
	next := &ends{t: t}
	e.write(func() { e.SetReader(next, nil) })
	next.wantTold(1, 0)
	if !e.Take(&b) || !equalMessages(readBatch(&b), []message{{"a"}, {"b"}}) {
		t.Errorf("took %q", readBatch(&b))
	}
	b.Recycle()
}

// TestTakenLives: a batch keeps its content until it is recycled, whatever is
// written to the queue meanwhile.
func TestTakenLives(t *testing.T) {
	for _, pooled := range []bool{false, true} {
		e := newEnds(t, pipe.Config{Pooled: pooled})
		type taken struct {
			b    *msg.Batch
			want []message
		}
		var live []taken
		rng := seeded(1)
		for range 200 {
			var want []message
			for range 1 + rng.IntN(20) {
				want = append(want, message{body(rng.IntN(300)), body(rng.IntN(30))})
			}
			e.put(want...)
			b := new(msg.Batch)
			e.Take(b)
			live = append(live, taken{b, want})
			for len(live) > 5 {
				i := rng.IntN(len(live))
				if !equalMessages(readBatch(live[i].b), live[i].want) {
					t.Fatalf("pooled %v: a batch in use has changed", pooled)
				}
				live[i].b.Recycle()
				live = append(live[:i], live[i+1:]...)
			}
		}
	}
}

// TestKillCountsTaken: what was taken and still counts is dropped with the
// rest; what went free is its taker's to count.
func TestKillCountsTaken(t *testing.T) {
	e := newEnds(t, pipe.Config{})
	e.put(hello, hello)
	var free, counted msg.Batch
	e.Take(&free)
	e.put(message{body(50_000)}, message{body(50_000)}, message{body(50_000)})
	e.Take(&counted)
	e.Ack(1, message{body(50_000)}.size())
	e.put(hello)
	if n := e.CloseRead(); n != 2+1 {
		t.Errorf("CloseRead() = %d", n)
	}
}
