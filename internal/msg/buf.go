package msg

import (
	"math/bits"
	"sync"
)

// Buf is the memory of one large frame. A received message carries its Bufs in
// a chain; whoever is done with the message may give them back with FreeAll,
// and if nobody does the garbage collector takes them.
type Buf struct {
	B    []byte
	Next *Buf
}

// Pooled capacities lie in [8 KiB, 64 MiB], a pool for each power of two.
const (
	minBufBits = 13
	maxBufBits = 26
)

var bufPools [maxBufBits - minBufBits + 1]sync.Pool

// PooledBuf returns a pooled buffer whose B has length zero and room for size
// bytes, or nil when the pool has none.
func PooledBuf(size int) *Buf {
	// Buffers of the class that size itself is in may be a little too small:
	// one is tried, since frames of a stream are often of one size. Those of
	// the class above always fit.
	c := bufClass(size)
	if c < 0 {
		return nil
	}
	if b, _ := bufPools[c].Get().(*Buf); b != nil {
		if cap(b.B) >= size {
			return b
		}
		bufPools[c].Put(b)
	}
	if c+1 < len(bufPools) {
		b, _ := bufPools[c+1].Get().(*Buf)
		return b
	}
	return nil
}

// NewBuf returns a buffer whose B has length zero and room for size bytes,
// from the pool if it can.
func NewBuf(size int) *Buf {
	if b := PooledBuf(size); b != nil {
		return b
	}
	return &Buf{B: make([]byte, 0, size)}
}

// FreeAll gives a chain of buffers back to the pool. Nothing may use their
// memory afterwards.
func (b *Buf) FreeAll() {
	for b != nil {
		next := b.Next
		b.Next = nil
		if c := bufClass(cap(b.B)); c >= 0 {
			b.B = b.B[:0]
			bufPools[c].Put(b)
		}
		b = next
	}
}

// bufClass is the pool of buffers with that capacity, or -1 for none.
func bufClass(capacity int) int {
	c := bits.Len(uint(capacity)) - 1 - minBufBits
	if c < 0 || c >= len(bufPools) {
		return -1
	}
	return c
}
