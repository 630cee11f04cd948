package arena

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
)

// state is what is free now.
func state() (blocks, size int, watch bool) {
	recycled.mu.Lock()
	defer recycled.mu.Unlock()
	for _, f := range recycled.free {
		blocks += len(f)
	}
	return blocks, recycled.size, recycled.watch
}

// collectUntil runs the collector until ok, for finalizers and cleanups run
// when they come to it.
func collectUntil(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 1000 {
		runtime.GC()
		for range 1000 {
			if ok() {
				return
			}
			runtime.Gosched()
		}
	}
	t.Fatal(what)
}

// empty lets all free blocks go, so that a test begins with none.
func empty(t *testing.T) {
	collectUntil(t, "free blocks that nobody wants stay", func() bool {
		n, size, watch := state()
		if n == 0 && size != 0 {
			t.Fatalf("%d bytes free in no blocks", size)
		}
		return n == 0 && !watch
	})
}

// TestBlocksComeBack: what nobody points to any more is given out again, and
// what is not wanted goes.
func TestBlocksComeBack(t *testing.T) {
	empty(t)
	for range 10 {
		Get(64 << 10)[0] = 1
	}
	collectUntil(t, "no block came back", func() bool { n, _, _ := state(); return n >= 9 })
	before, _, _ := state()
	mem := Get(64 << 10)
	if after, _, _ := state(); after != before-1 {
		t.Errorf("%d blocks were free and %d are with one of them taken", before, after)
	}
	runtime.KeepAlive(mem)
	empty(t)
}

// TestNobodyElsesMemory has goroutines keep small parts of what they got, let
// the rest go, and find the parts as they left them.
func TestNobodyElsesMemory(t *testing.T) {
	empty(t)
	sizes := []int{64 << 10, 128 << 10, 250_000, 256 << 10, 1 << 20}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(g)))
			var kept [][]byte
			for i := range 400 {
				mem := Get(sizes[rng.IntN(len(sizes))])
				mark := byte(g<<6 | i&63)
				at := rng.IntN(len(mem) - 100)
				part := mem[at : at+100]
				copy(part, bytes.Repeat([]byte{mark}, 100))
				kept = append(kept, part)
				if rng.IntN(3) == 0 {
					again := Get(64 << 10)
					again[0] = mark
					Put(again)
				}
				for len(kept) > 10 {
					old := kept[0]
					kept = kept[1:]
					if !bytes.Equal(old, bytes.Repeat(old[:1], 100)) || int(old[0]>>6) != g {
						t.Errorf("somebody else wrote to this memory: % x", old)
						return
					}
				}
				if i%50 == 0 {
					runtime.GC()
				}
			}
		})
	}
	wg.Wait()
	if _, size, _ := state(); size > maxRecycled {
		t.Errorf("%d bytes are free, at most %d may be", size, maxRecycled)
	}
	empty(t)
}

// TestBounded: however much is let go at once, no more than maxRecycled is
// kept.
func TestBounded(t *testing.T) {
	empty(t)
	for range 4 * maxRecycled >> maxBlockBits {
		Get(1 << maxBlockBits)[0] = 1
	}
	collectUntil(t, "the free list does not fill", func() bool { _, size, _ := state(); return size == maxRecycled })
	Put(Get(64 << 10))
	if _, size, _ := state(); size > maxRecycled {
		t.Errorf("%d bytes are free, at most %d may be", size, maxRecycled)
	}
	empty(t)
}

// TestUnusedIsNext: a block that was not needed is the next to be given out.
func TestUnusedIsNext(t *testing.T) {
	empty(t)
	for _, size := range []int{64 << 10, 128 << 10, 100_000, 1 << 20} {
		mem := Get(size)
		Put(mem)
		again := Get(size)
		if &again[0] != &mem[0] || len(again) != size {
			t.Errorf("another block of %d bytes, asked for %d", len(again), size)
		}
	}
}

// TestSizes: odd, small and huge sizes are served too, without a block that
// would be a waste on them.
func TestSizes(t *testing.T) {
	for _, size := range []int{
		0, 1, 100, 40_000, 48 << 10, 48<<10 - 1, 64 << 10, 64<<10 + 1, 96 << 10, 128 << 10, 800_000, 1 << 20, 1<<20 + 1, 100 << 20,
	} {
		mem := Get(size)
		if len(mem) != size || cap(mem)-size > cap(mem)/4 {
			t.Errorf("Get(%d): %d bytes of %d", size, len(mem), cap(mem))
		}
		Put(mem)
	}
	empty(t)
}
