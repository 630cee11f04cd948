package pipe_test

import (
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// A queue that drops its oldest messages keeps the newest ones up to its limits, in
// order and whole, and counts the others.
func TestDropOldestKeepsTheNewestMessages(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		hwm, maxBytes, pooled := 1+r.IntN(20), []int{0, 100, 20_000}[r.IntN(3)], r.IntN(2) == 0
		drops := new(pipe.Drops)
		e := newEnds(t, pipe.Config{HWM: hwm, MaxBytes: maxBytes, Pooled: pooled, DropOldest: true, Drops: drops})
		var queued []message
		size := 0
		dropped := uint64(0)
		encoded := func(m message) (n int) {
			for _, f := range m {
				n += msg.HeaderSize(len(f)) + len(f)
			}
			return n
		}
		for i := range 100 {
			var m message
			for range 1 + r.IntN(3) {
				m = append(m, strings.Repeat(string(rune('a'+i%26)), []int{0, 5, 300, msg.LargeFrame}[r.IntN(4)]))
			}
			e.write(func() {
				if e.Full() {
					t.Fatal("full")
				}
				if len(m) == 1 && len(m[0]) < msg.LargeFrame {
					e.PutFrame([]byte(m[0]))
					return
				}
				frames := make([][]byte, len(m))
				for i := range m {
					frames[i] = []byte(m[i])
				}
				full := msg.Of(frames...)
				e.Put(&full)
			})
			for len(queued) >= hwm || len(queued) > 0 && maxBytes > 0 && size >= maxBytes {
				size -= encoded(queued[0])
				queued = queued[1:]
				dropped++
			}
			queued = append(queued, m)
			size += encoded(m)
		}
		e.wantRead(queued...)
		if n := drops[pipe.DropHWM].Load(); n != dropped {
			t.Fatalf("%d messages dropped, want %d", n, dropped)
		}
	}
}

// The memory of dropped messages is free, although the reader takes nothing.
func TestDropOldestUsesBoundedMemory(t *testing.T) {
	e := newEnds(t, pipe.Config{HWM: 100, Pooled: true, DropOldest: true})
	body := make([]byte, 1000)
	put := func(n int) uint64 {
		for range n {
			e.write(func() { e.PutFrame(body) })
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse
	}
	before := put(10_000)
	if after := put(100_000); after > before+(8<<20) {
		t.Errorf("%d bytes in use after 100 MB of messages, %d before", after, before)
	}
	runtime.KeepAlive(e)
}
