package arena

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
)

// state returns the number and total size of the free blocks, and whether a
// sentinel watches for the next garbage collection.
func state() (blocks, size int, watch bool) {
	recycled.mu.Lock()
	defer recycled.mu.Unlock()
	for _, f := range recycled.free {
		blocks += len(f)
	}
	return blocks, recycled.size, recycled.watch
}

// collectUntil runs the garbage collector until ok returns true. One run is not
// enough, because finalizers and cleanups run some time after it. It fails the
// test with the message what if ok stays false.
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

// empty waits until the recycler has dropped all free blocks.
func empty(t *testing.T) {
	collectUntil(t, "unused free blocks are not dropped", func() bool {
		n, size, watch := state()
		if n == 0 && size != 0 {
			t.Fatalf("%d bytes free in no blocks", size)
		}
		return n == 0 && !watch
	})
}

// TestGetReusesUnreferencedBlocks also checks that free blocks are dropped when
// Get is not called.
func TestGetReusesUnreferencedBlocks(t *testing.T) {
	empty(t)
	for range 10 {
		Get(64 << 10)[0] = 1
	}
	collectUntil(t, "unreferenced blocks are not recycled", func() bool { n, _, _ := state(); return n >= 9 })
	before, _, _ := state()
	mem := Get(64 << 10)
	if after, _, _ := state(); after != before-1 {
		t.Errorf("%d free blocks before Get, %d after it, want one less", before, after)
	}
	runtime.KeepAlive(mem)
	empty(t)
}

// TestReferenceKeepsBlockAllocated runs goroutines that keep a small part of
// each block and check that its content does not change.
func TestReferenceKeepsBlockAllocated(t *testing.T) {
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
						t.Errorf("referenced memory was overwritten: % x", old)
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

func TestFreeListStaysWithinLimit(t *testing.T) {
	empty(t)
	// All at once: a collection meanwhile would let Get return a block again.
	var blocks [][]byte
	for range 4 * maxRecycled >> maxBlockBits {
		blocks = append(blocks, Get(1<<maxBlockBits))
	}
	runtime.KeepAlive(blocks)
	blocks = nil
	collectUntil(t, "the free list does not fill", func() bool { _, size, _ := state(); return size == maxRecycled })
	Put(Get(64 << 10))
	if _, size, _ := state(); size > maxRecycled {
		t.Errorf("%d bytes are free, at most %d may be", size, maxRecycled)
	}
	empty(t)
}

func TestGetReturnsBlockOfLastPut(t *testing.T) {
	empty(t)
	for _, size := range []int{64 << 10, 128 << 10, 100_000, 1 << 20} {
		mem := Get(size)
		Put(mem)
		again := Get(size)
		if &again[0] != &mem[0] || len(again) != size {
			t.Errorf("Get(%d) returned another block, of %d bytes", size, len(again))
		}
	}
}

// TestGetWastesAtMostAQuarter covers sizes at and around the limits of blocks,
// and sizes for which no block is used.
func TestGetWastesAtMostAQuarter(t *testing.T) {
	for _, size := range []int{
		0, 1, 100, 40_000, 48 << 10, 48<<10 - 1, 64 << 10, 64<<10 + 1, 96 << 10, 128 << 10, 800_000, 1 << 20, 1<<20 + 1, 100 << 20,
	} {
		mem := Get(size)
		if len(mem) != size || cap(mem)-size > cap(mem)/4 {
			t.Errorf("Get(%d) has length %d, capacity %d", size, len(mem), cap(mem))
		}
		Put(mem)
	}
	empty(t)
}
