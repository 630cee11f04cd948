package msg_test

import (
	"bytes"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
)

// TestBufPool takes and gives back buffers of all sizes: each is large enough,
// empty, and nobody else's.
func TestBufPool(t *testing.T) {
	rng := seeded(1)
	live := make(map[*msg.Buf]byte)
	sizes := []int{0, 1, 8191, 8192, 8193, 12000, 16383, 16384, 16385, 65536, 100_000, 1 << 20}
	for i := range 3000 {
		if len(live) > 20 || len(live) > 0 && rng.IntN(2) == 0 {
			for b, mark := range live {
				if !bytes.Equal(b.B, bytes.Repeat([]byte{mark}, len(b.B))) {
					t.Fatalf("%d: a buffer of %d bytes was given out twice", i, len(b.B))
				}
				delete(live, b)
				b.FreeAll()
				break
			}
			continue
		}
		size := sizes[rng.IntN(len(sizes))]
		b := msg.NewBuf(size)
		if len(b.B) != 0 || cap(b.B) < size || b.Next != nil {
			t.Fatalf("NewBuf(%d): %d bytes, room for %d, next %v", size, len(b.B), cap(b.B), b.Next)
		}
		if _, ok := live[b]; ok {
			t.Fatal("a live buffer was given out")
		}
		mark := byte(i)
		b.B = append(b.B, bytes.Repeat([]byte{mark}, size)...)
		live[b] = mark
	}
}

// TestPooledBufFits: what the pool has may be too small or far too large, and
// is then not given out.
func TestPooledBufFits(t *testing.T) {
	for _, have := range []int{100, 8191, 8192, 10_000, 20_000, 1 << 20, 64 << 20} {
		for _, size := range []int{0, 1, 8191, 8192, 9_000, 10_000, 10_001, 16_384, 20_000, 1 << 20, 64 << 20, 128 << 20, 1 << 30} {
			(&msg.Buf{B: make([]byte, 0, have)}).FreeAll()
			for b := msg.PooledBuf(size); b != nil; b = msg.PooledBuf(size) {
				if cap(b.B) < size || len(b.B) != 0 || size < cap(b.B)/4 {
					t.Errorf("PooledBuf(%d) has %d bytes and room for %d", size, len(b.B), cap(b.B))
				}
			}
		}
	}
}

// TestFreeAllChain gives back a chain, which is one no more; nil is one too.
func TestFreeAllChain(t *testing.T) {
	var nothing *msg.Buf
	nothing.FreeAll()
	a, b := msg.NewBuf(1<<20), msg.NewBuf(1<<20)
	a.B, b.B = append(a.B, 1), append(b.B, 2)
	a.Next = b
	a.FreeAll()
	if a.Next != nil || b.Next != nil || len(a.B) != 0 || len(b.B) != 0 {
		t.Errorf("given back, they are %+v and %+v", a, b)
	}
}
