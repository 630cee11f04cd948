// Package arena allocates receive buffers and recycles them without an explicit
// release.
//
// A received message keeps the buffer that it was read into, for as long as the
// application keeps the message. New memory is therefore needed at the rate at
// which bytes arrive, up to gigabytes a second. Page faults, zeroing and
// garbage collections for it cost more than the reading.
//
// Only the garbage collector knows when the application has dropped its last
// reference to a message. Each block of memory therefore has a finalizer. When
// nothing points into a block any more, the finalizer puts the block on a free
// list, and a later Get reuses it. docs/decisions/0010-arena.md has the
// measurements.
//
// The package knows nothing of messages or connections. All functions may be
// called concurrently.
package arena

import (
	"math/bits"
	"runtime"
	"sync"
	"unsafe"
)

// The size of a block is a power of two: 64 KiB to 1 MiB.
const (
	minBlockBits = 16
	maxBlockBits = 20
)

// maxRecycled limits the bytes in free blocks of the process. In measurements,
// twice the limit was hardly faster and half of it was slower.
const maxRecycled = 16 << 20

var recycled recycler

// recycler holds the free blocks: those that nothing points to.
type recycler struct {
	mu    sync.Mutex
	free  [maxBlockBits - minBlockBits + 1][]block // by class, see blockClass
	size  int                                      // bytes in all free blocks
	used  bool                                     // take was called since the last garbage collection
	watch bool                                     // a sentinel exists
}

// block is a free block of memory.
type block struct {
	p     *byte
	armed bool // the finalizer is still set
}

// Get returns a slice of size bytes with arbitrary content. The caller owns it.
// A reference to any part of the slice keeps all of it allocated.
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

// Put frees a slice that Get returned, at once. The slice must have its
// original start and length, and no other reference to it may exist.
func Put(mem []byte) {
	if class := blockClass(len(mem)); class >= 0 {
		recycled.give(class, block{unsafe.SliceData(mem), true})
	}
}

// blockClass returns the class of the smallest block that holds size bytes. It
// returns -1 if no block is large enough, or if more than a quarter of the
// block would stay unused.
func blockClass(size int) int {
	class := max(bits.Len(uint(size-1))-minBlockBits, 0)
	if full := 1 << (class + minBlockBits); class > maxBlockBits-minBlockBits || size < full-full/4 {
		return -1
	}
	return class
}

// take returns a free block of the class, or the zero block if there is none.
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

// give adds a block to the free list, unless the list has reached maxRecycled.
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

// collected runs once after every garbage collection while there are free
// blocks. It drops all of them if take was not called since the previous one.
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

// finalizers holds one finalizer for each class, so that Get allocates none.
var finalizers = func() (f [len(recycled.free)]func(*byte)) {
	for class := range f {
		f[class] = func(p *byte) { recycled.give(class, block{p: p}) }
	}
	return f
}()

// sentinel is an object that nothing points to, so its cleanup runs after the
// next garbage collection. It has a pointer field because the runtime may place
// small objects without pointers in one allocation, which delays the cleanup.
type sentinel struct{ _ *sentinel }

func newSentinel() {
	runtime.AddCleanup(new(sentinel), (*recycler).collected, &recycled)
}
