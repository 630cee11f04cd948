// Package arena is memory to receive into, which comes back by itself.
//
// What arrives stays where it was read and is the application's, for ever, so
// that memory is needed as fast as bytes arrive: up to gigabytes a second of
// fresh pages to fault in, zeros to write and rounds of the garbage collector,
// which together cost more than the reading.
//
// Only the collector knows when an application has let go of a message. So
// blocks of memory are given out with a finalizer, which the collector calls
// when nothing points into a block any more, and which brings it back here. No
// memory is taken from under anybody, applications need not release anything,
// and few blocks are fresh. docs/decisions/0010-arena.md has the measurements.
//
// The package knows nothing of messages or connections. All of it may be called
// concurrently.
package arena

import (
	"math/bits"
	"runtime"
	"sync"
	"unsafe"
)

// Blocks have a power of two between these as their size.
const (
	minBlockBits = 16
	maxBlockBits = 20
)

// maxRecycled bounds the free blocks of the process, in bytes. Twice as much
// is hardly faster, half as much is slower.
const maxRecycled = 16 << 20

var recycled recycler

// recycler holds blocks that nothing points to.
type recycler struct {
	mu    sync.Mutex
	free  [maxBlockBits - minBlockBits + 1][]block
	size  int  // of all that is free
	used  bool // a block was taken since the collector last ran
	watch bool // a sentinel is out
}

// block is a free block of memory, and whether its finalizer is still set.
type block struct {
	p     *byte
	armed bool
}

// Get returns size bytes, of any content, that belong to the caller and
// to nobody else. Whoever holds a part of them holds them all.
func Get(size int) []byte {
	class := blockClass(size)
	if class < 0 {
		return make([]byte, size)
	}
	b := recycled.take(class)
	if b.p == nil {
		b.p = unsafe.SliceData(make([]byte, 1<<(class+minBlockBits)))
	}
	if !b.armed {
		runtime.SetFinalizer(b.p, finalizers[class])
	}
	return unsafe.Slice(b.p, 1<<(class+minBlockBits))[:size]
}

// Put gives back memory from Get, whole as it was, that nobody else has
// seen.
func Put(mem []byte) {
	if class := blockClass(len(mem)); class >= 0 {
		recycled.give(class, block{unsafe.SliceData(mem), true})
	}
}

// blockClass is the class of the blocks that serve that size, or -1 if it is
// too large, or so small that a block would be wasted on it.
func blockClass(size int) int {
	class := max(bits.Len(uint(size-1))-minBlockBits, 0)
	if full := 1 << (class + minBlockBits); class > maxBlockBits-minBlockBits || size < full-full/4 {
		return -1
	}
	return class
}

// take returns a free block of the class, or none.
func (r *recycler) take(class int) (b block) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used = true
	free := r.free[class]
	if n := len(free); n > 0 {
		b, free[n-1] = free[n-1], b
		r.free[class] = free[:n-1]
		r.size -= 1 << (class + minBlockBits)
	}
	return b
}

// give takes a block back.
func (r *recycler) give(class int, b block) {
	r.mu.Lock()
	defer r.mu.Unlock()
	size := 1 << (class + minBlockBits)
	if r.size+size > maxRecycled {
		return
	}
	r.free[class] = append(r.free[class], b)
	r.size += size
	if !r.watch {
		r.watch = true
		newSentinel()
	}
}

// collected runs once in every round of the collector while there are free
// blocks, and lets them go if none was wanted since the last.
func (r *recycler) collected() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.used {
		r.free = [len(r.free)][]block{}
		r.size = 0
		r.watch = false
		return
	}
	r.used = false
	newSentinel()
}

// finalizers are those of the blocks of each class, made once.
var finalizers = func() (f [len(recycled.free)]func(*byte)) {
	for class := range f {
		f[class] = func(p *byte) { recycled.give(class, block{p: p}) }
	}
	return f
}()

// sentinel is an object that nothing points to: its cleanup runs when the
// collector next does. It holds a pointer, or it might share its memory with
// others and outlive them.
type sentinel struct{ _ *sentinel }

func newSentinel() {
	runtime.AddCleanup(new(sentinel), (*recycler).collected, &recycled)
}
