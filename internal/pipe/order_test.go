package pipe_test

import (
	"testing"

	"github.com/zerobroker/zmq/internal/pipe"
)

// TestOrderReturnsEntriesInOrder compares an Order with a slice. It pushes and
// pops random numbers of entries.
func TestOrderReturnsEntriesInOrder(t *testing.T) {
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
					t.Fatalf("seed %d: First() = %v, with %d entries", seed, ok, len(want))
				}
				if !ok {
					break
				}
				if got != want[0] {
					t.Fatalf("seed %d: First() = %v, want %v", seed, got, want[0])
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

// TestOrderReusesMemory: an Order that never becomes empty does not grow.
func TestOrderReusesMemory(t *testing.T) {
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
		t.Errorf("%v allocations, Len() = %d, want at most 1 and 100", n, o.Len())
	}
}
