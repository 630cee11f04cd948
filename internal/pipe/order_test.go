package pipe_test

import (
	"testing"

	"github.com/zerobroker/zmq/internal/pipe"
)

// TestOrder compares an order with a slice, in bursts of all lengths.
func TestOrder(t *testing.T) {
	pipes := []*pipe.Pipe{pipe.New(), pipe.New(), pipe.New()}
	for seed := range uint64(50) {
		rng := seeded(seed)
		var o pipe.Order
		var want []*pipe.Pipe
		for range 300 {
			for range rng.IntN(1 << rng.IntN(7)) {
				p := pipes[rng.IntN(len(pipes))]
				o.Push(p)
				want = append(want, p)
			}
			for range rng.IntN(1 << rng.IntN(7)) {
				var next *pipe.Pipe
				if len(want) > 0 {
					next, want = want[0], want[1:]
				}
				if got := o.Pop(); got != next {
					t.Fatalf("seed %d: popped %v, want %v", seed, got, next)
				}
			}
			if o.Len() != len(want) {
				t.Fatalf("seed %d: Len() = %d, want %d", seed, o.Len(), len(want))
			}
		}
	}
}

// TestOrderSteady: one that never runs empty needs no more memory for that.
func TestOrderSteady(t *testing.T) {
	var o pipe.Order
	p := pipe.New()
	for range 100 {
		o.Push(p)
	}
	n := testing.AllocsPerRun(10, func() {
		for range 10_000 {
			o.Push(p)
			o.Pop()
		}
	})
	if n > 1 || o.Len() != 100 {
		t.Errorf("%v allocations, Len() = %d", n, o.Len())
	}
}
