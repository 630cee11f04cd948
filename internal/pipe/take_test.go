package pipe_test

import (
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// TestTakeReturnsAllMessages also checks that Wake is called only after Take has
// found no message.
func TestTakeReturnsAllMessages(t *testing.T) {
	for _, pooled := range []bool{false, true} {
		e := newEnds(t, pipe.Config{Pooled: pooled})
		want := []message{{"a"}, {"b", "", "c"}, {body(300)}, {body(9000), "d"}, {""}}
		e.put(want...)
		var b msg.Batch
		if !e.Take(&b) || b.Msgs != len(want) || !equalMessages(readBatch(&b), want) {
			t.Fatalf("took %d messages: %.200q", b.Msgs, readBatch(&b))
		}
		e.put(hello)
		e.wantCalls(1, 0) // Take has not returned false yet
		b.Recycle()
		if !e.Take(&b) || !equalMessages(readBatch(&b), []message{hello}) {
			t.Fatalf("took %.200q", readBatch(&b))
		}
		b.Recycle()
		if e.Take(&b) || b.Msgs != 0 {
			t.Fatal("Take found a message in an empty queue")
		}
		e.put(hello)
		e.wantCalls(2, 0)
	}
}

// TestLargeBatchCountsUntilAck: a batch larger than a chunk counts against the
// limits until Ack. A smaller batch does not.
func TestLargeBatchCountsUntilAck(t *testing.T) {
	e := newEnds(t, pipe.Config{HWM: 10, Pooled: true})
	var b msg.Batch
	e.fill(hello)
	if !e.Take(&b) || b.Counted || e.queued() != 0 {
		t.Fatalf("small batch: Counted = %v, Len() = %d", b.Counted, e.queued())
	}
	e.wantCalls(1, 1)
	b.Recycle()

	large := message{body(msg.ChunkSize / 4)}
	e.fill(large)
	if !e.Take(&b) || !b.Counted || e.queued() != 10 || !e.full() {
		t.Fatalf("large batch: Counted = %v, Len() = %d", b.Counted, e.queued())
	}
	for n := 1; n <= 4; n++ {
		e.Ack(1, large.size())
		if got := e.queued(); got != 10-n {
			t.Errorf("Len() = %d with %d messages acknowledged", got, n)
		}
		e.wantCalls(1, 1)
	}
	e.Ack(1, large.size())
	e.wantCalls(1, 2)
	if n := e.fill(hello); n != 5 {
		t.Errorf("accepted %d messages with 5 of 10 acknowledged, want 5", n)
	}
	e.Ack(5, 5*large.size())
	b.Recycle()
	if n := e.queued(); n != 5 {
		t.Errorf("Len() = %d after the last Ack, want 5", n)
	}
}

// TestBatchLargerThanChunkCounts compares a batch of ChunkSize bytes with a batch
// that has one byte more.
func TestBatchLargerThanChunkCounts(t *testing.T) {
	for _, more := range []int{0, 1} {
		e := newEnds(t, pipe.Config{})
		m := message{body(msg.ChunkSize/2 - msg.MaxHeader)}
		e.put(m, message{body(len(m[0]) + more)})
		var b msg.Batch
		if !e.Take(&b) || b.Bytes != msg.ChunkSize+more || b.Counted != (more > 0) {
			t.Errorf("batch of %d bytes: Counted = %v", b.Bytes, b.Counted)
		}
	}
}

// TestReturnPutsMessagesAtHead returns small and large batches after some of their
// messages are written. Messages that were queued in between follow.
func TestReturnPutsMessagesAtHead(t *testing.T) {
	small := []message{{"1"}, {"2", "2"}, {"3"}}
	large := []message{{body(30_000)}, {body(30_001), "x"}, {body(30_002)}}
	for _, pooled := range []bool{false, true} {
		for _, first := range [][]message{small, large} {
			for written := range 4 {
				e := newEnds(t, pipe.Config{HWM: 100, Pooled: pooled})
				e.put(first...)
				var b msg.Batch
				e.Take(&b)
				for _, m := range first[:written] {
					b.Skip(m.size(), 1)
					if b.Counted {
						e.Ack(1, m.size())
					}
				}
				e.put(hello, message{"later"})
				if e.Return(&b); b.Msgs != 0 || len(b.Segs) != 0 {
					t.Fatal("the batch is not empty after Return")
				}
				want := append(append([]message{}, first[written:]...), hello, message{"later"})
				if n := e.queued(); n != len(want) {
					t.Errorf("Len() = %d, want %d", n, len(want))
				}
				e.put(message{"last"})
				want = append(want, message{"last"})
				if !e.Take(&b) || !equalMessages(readBatch(&b), want) {
					t.Errorf("pooled %v, %d written: took %.200q", pooled, written, readBatch(&b))
				}
				b.Recycle()
			}
		}
	}
	e := newEnds(t, pipe.Config{})
	e.put(small...)
	var b msg.Batch
	e.Take(&b)
	e.CloseRead(pipe.DropConnLost)
	if e.Return(&b); b.Msgs != 0 || e.queued() != 0 {
		t.Errorf("after CloseRead and Return: Len() = %d, want 0", e.queued())
	}
}

// TestNewReaderGetsReturnedMessages replaces the reader, as for the next
// connection of a dialer. It checks that Wake is called.
func TestNewReaderGetsReturnedMessages(t *testing.T) {
	e := newEnds(t, pipe.Config{Pooled: true})
	e.put(message{"a"}, message{"b"})
	var b msg.Batch
	e.Take(&b)
	e.Return(&b)
	next := &ends{t: t}
	e.write(func() { e.SetReader(next, nil) })
	next.wantCalls(1, 0)
	if !e.Take(&b) || !equalMessages(readBatch(&b), []message{{"a"}, {"b"}}) {
		t.Errorf("took %q", readBatch(&b))
	}
	b.Recycle()
}

// TestTakenBatchDoesNotChange: later messages do not overwrite a batch before
// Recycle.
func TestTakenBatchDoesNotChange(t *testing.T) {
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
					t.Fatalf("pooled %v: a batch has changed before Recycle", pooled)
				}
				live[i].b.Recycle()
				live = append(live[:i], live[i+1:]...)
			}
		}
	}
}

// TestCloseReadCountsTakenMessages: CloseRead counts the unacknowledged messages
// of a large batch. It does not count those of a small batch.
func TestCloseReadCountsTakenMessages(t *testing.T) {
	e := newEnds(t, pipe.Config{})
	e.put(hello, hello)
	var small, large msg.Batch
	e.Take(&small)
	e.put(message{body(50_000)}, message{body(50_000)}, message{body(50_000)})
	e.Take(&large)
	e.Ack(1, message{body(50_000)}.size())
	e.put(hello)
	if n := e.CloseRead(pipe.DropConnLost); n != 2+1 {
		t.Errorf("CloseRead() = %d", n)
	}
}
