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
		var want []pipe.OrderEntry
		for range 300 {
			for range rng.IntN(1 << rng.IntN(7)) {
				d := pipe.OrderEntry{Pipe: pipes[rng.IntN(len(pipes))], Change: rng.IntN(2) == 0}
				o.Push(d)
				want = append(want, d)
			}
			for range rng.IntN(1 << rng.IntN(7)) {
				got, ok := o.First()
				if ok != (len(want) > 0) {
					t.Fatalf("seed %d: there is one: %v, with %d to come", seed, ok, len(want))
				}
				if !ok {
					break
				}
				if got != want[0] {
					t.Fatalf("seed %d: the first is %v, want %v", seed, got, want[0])
				}
				o.Pop()
				want = want[1:]
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
	d := pipe.OrderEntry{Pipe: pipe.New()}
	for range 100 {
		o.Push(d)
	}
	n := testing.AllocsPerRun(10, func() {
		for range 10_000 {
			o.Push(d)
			o.Pop()
		}
	})
	if n > 1 || o.Len() != 100 {
		t.Errorf("%v allocations, Len() = %d", n, o.Len())
	}
}
