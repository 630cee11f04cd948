package pipe_test

import (
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// A call that waits for a mark finds the dropped messages before it counted,
// whatever drops them.
func TestMarkIsReachedAfterDropsAreCounted(t *testing.T) {
	for name, drop := range map[string]func(e *ends){
		"CloseRead":  func(e *ends) { e.CloseRead(pipe.DropLinger) },
		"DropUnsent": func(e *ends) { e.DropUnsent(pipe.DropLinger) },
		"Discard":    func(e *ends) { e.write(func() { e.Discard(pipe.DropLinger) }) },
		"DropTaken": func(e *ends) {
			var b msg.Batch
			e.Take(&b)
			e.DropTaken(&b, b.Msgs, b.Bytes, pipe.DropLinger)
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2000 {
				var drops pipe.Drops
				e := newEnds(t, pipe.Config{Drops: &drops})
				e.put(message{"a"}, message{"b"})
				var m *pipe.Mark
				e.write(func() { m = e.NewMark() })
				counted := make(chan uint64)
				go func() {
					for !reached(m) { // without sleeping, to see the mark at once
					}
					counted <- drops[pipe.DropLinger].Load()
				}()
				drop(e)
				if n := <-counted; n != 2 || m.Lost() != 2 {
					t.Fatalf("%d counted, %d lost, want 2", n, m.Lost())
				}
			}
		})
	}
}

// reached reports whether the messages before a mark are settled.
func reached(m *pipe.Mark) bool {
	select {
	case <-m.Done():
		return true
	default:
		return false
	}
}
