package msg

import (
	"math/bits"
	"sync"
)

// Buf is the pooled memory of one large frame. A received message has a linked
// list of its Bufs. The owner of the message may return them to the pool with
// FreeAll; otherwise the garbage collector frees them.
type Buf struct {
	B    []byte
	Next *Buf
}

// Buffers of 8 KiB to 128 MiB are pooled, with one pool for each power of two.
const (
	minBufBits = 13
	maxBufBits = 26
)

var bufPools [maxBufBits - minBufBits + 1]sync.Pool

// PooledBuf returns a buffer from the pool with length 0 and a capacity of at
// least size, or nil if the pool has none.
func PooledBuf(size int) *Buf {
	// A buffer of the same class as size may be smaller than size. One is tried
	// anyway, because successive frames often have the same size. Buffers of
	// the next class always fit.
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

// NewBuf returns a buffer with length 0 and a capacity of at least size, from
// the pool if possible.
func NewBuf(size int) *Buf {
	if b := PooledBuf(size); b != nil {
		return b
	}
	return &Buf{B: make([]byte, 0, size)}
}

// FreeAll returns b and all buffers linked to it to the pool. Their memory must
// not be used afterwards.
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

// bufClass returns the index of the pool for buffers of that capacity, or -1 if
// they are not pooled.
func bufClass(capacity int) int {
	c := bits.Len(uint(capacity)) - 1 - minBufBits
	if c < 0 || c >= len(bufPools) {
		return -1
	}
	return c
}
