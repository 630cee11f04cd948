package pipe_test

import (
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// TestEachTakenMessageIsUnsentWrittenOrDropped takes a batch that counts against
// the limits, and one that does not. It writes, drops and returns parts of them.
func TestEachTakenMessageIsUnsentWrittenOrDropped(t *testing.T) {
	for _, size := range []int{10, 30_000} {
		var drops pipe.Drops
		written := uint64(0)
		e := newEnds(t, pipe.Config{Pooled: true, Drops: &drops, Written: &written})
		m := message{body(size)}
		step := ""
		want := func(unsent, wrote, dropped int) {
			t.Helper()
			n := 0
			e.write(func() { n = e.Unsent() })
			counted := drops[pipe.DropInFlight].Load() + drops[pipe.DropUnreachable].Load()
			if n != unsent || written != uint64(wrote) || counted != uint64(dropped) {
				t.Errorf("%d bytes, %s: %d unsent, %d written, %d dropped, want %d, %d and %d", size, step, n, written, counted, unsent, wrote, dropped)
			}
		}
		var b msg.Batch
		take := func() { // acknowledges the batch and takes the next one, as a flusher does
			if b.Msgs > 0 && b.Counted {
				e.Ack(b.Msgs, b.Bytes)
			}
			b.Recycle()
			e.Take(&b)
		}

		step = "queued"
		e.put(m, m, m, m, m)
		want(5, 0, 0)
		step = "taken"
		take()
		want(5, 0, 0)
		if b.Counted != (size > 10) {
			t.Errorf("%d bytes: Counted = %v", size, b.Counted)
		}
		step = "one of five dropped"
		e.DropTaken(&b, 1, m.size(), pipe.DropInFlight)
		b.Skip(m.size(), 1)
		want(4, 0, 1)
		step = "the others written"
		take()
		want(0, 4, 1)

		e.put(m, m, m, m, m)
		take()
		step = "two written, one dropped, two returned"
		if b.Counted {
			e.Ack(2, 2*m.size())
		}
		e.DropTaken(&b, 1, m.size(), pipe.DropInFlight)
		b.Skip(3*m.size(), 3)
		e.Return(&b)
		want(2, 6, 2)
		step = "returned messages written"
		take()
		want(2, 6, 2)
		take()
		want(0, 8, 2)

		e.put(m, m)
		take()
		step = "a written message dropped"
		e.DropWritten(&b, pipe.DropUnreachable)
		take()
		want(0, 9, 3)

		e.put(m, m, m)
		step = "reading closed"
		if n := e.CloseRead(pipe.DropConnLost); n != 3 {
			t.Errorf("%d bytes: CloseRead() = %d", size, n)
		}
		want(0, 9, 3)
	}
}
