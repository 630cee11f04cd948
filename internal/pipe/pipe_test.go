package pipe_test

import (
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// batchOf returns a batch of the given messages.
func batchOf(msgs ...message) *msg.Batch {
	b := new(msg.Batch)
	for _, m := range msgs {
		b.Add(msg.Seg{B: m.msg().AppendEncoded(nil)})
		b.Msgs++
	}
	return b
}

func TestEnqueueMovesBatchToIn(t *testing.T) {
	e := newEnds(t, pipe.Config{HWM: 1})
	p := pipe.New()
	p.In = e.Queue
	b := batchOf(message{"a"}, message{"b", "c"})
	if n := p.Enqueue(b); n != 0 {
		t.Errorf("Enqueue() = %d, want 0", n)
	}
	if b.Msgs != 0 || len(b.Segs) != 0 {
		t.Errorf("the batch has %d messages after Enqueue, want 0", b.Msgs)
	}
	e.wantRead(message{"a"}, message{"b", "c"})
}

// Enqueue drops messages if the pipe has no In, or one that is closed for
// reading.
func TestEnqueueReturnsNumberOfDroppedMessages(t *testing.T) {
	closed := newEnds(t, pipe.Config{})
	closed.CloseRead(pipe.DropConnLost)
	for name, in := range map[string]*pipe.Queue{"no queue": nil, "closed for reading": closed.Queue} {
		p := pipe.New()
		p.In = in
		b := batchOf(hello, hello)
		if n := p.Enqueue(b); n != 2 {
			t.Errorf("%s: Enqueue() = %d, want 2", name, n)
		}
		if b.Msgs != 0 || len(b.Segs) != 0 {
			t.Errorf("%s: the batch has %d messages after Enqueue, want 0", name, b.Msgs)
		}
	}
}

func TestNewAssignsUniqueID(t *testing.T) {
	p, q := pipe.New(), pipe.New()
	if p.ID == q.ID || p.ID == 0 || p.Peer() != nil || p.Slot >= 0 {
		t.Errorf("pipes %+v and %+v", p, q)
	}
}
