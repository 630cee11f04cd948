package msg_test

import (
	"bytes"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
)

// TestNewBufReturnsUnsharedBuffer allocates and frees buffers of many sizes in
// random order.
func TestNewBufReturnsUnsharedBuffer(t *testing.T) {
	rng := seeded(1)
	live := make(map[*msg.Buf]byte)
	sizes := []int{0, 1, 8191, 8192, 8193, 12000, 16383, 16384, 16385, 65536, 100_000, 1 << 20}
	for i := range 3000 {
		if len(live) > 20 || len(live) > 0 && rng.IntN(2) == 0 {
			for b, mark := range live {
				if !bytes.Equal(b.B, bytes.Repeat([]byte{mark}, len(b.B))) {
					t.Fatalf("%d: two owners share a buffer of %d bytes", i, len(b.B))
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
			t.Fatalf("NewBuf(%d) has length %d, capacity %d, next %v", size, len(b.B), cap(b.B), b.Next)
		}
		if _, ok := live[b]; ok {
			t.Fatal("NewBuf returned a buffer that was not freed")
		}
		mark := byte(i)
		b.B = append(b.B, bytes.Repeat([]byte{mark}, size)...)
		live[b] = mark
	}
}

// TestPooledBufFitsSize also covers pools that have only buffers that are too
// small, or more than four times too large.
func TestPooledBufFitsSize(t *testing.T) {
	for _, have := range []int{100, 8191, 8192, 10_000, 20_000, 1 << 20, 64 << 20} {
		for _, size := range []int{0, 1, 8191, 8192, 9_000, 10_000, 10_001, 16_384, 20_000, 1 << 20, 64 << 20, 128 << 20, 1 << 30} {
			(&msg.Buf{B: make([]byte, 0, have)}).FreeAll()
			for b := msg.PooledBuf(size); b != nil; b = msg.PooledBuf(size) {
				if cap(b.B) < size || len(b.B) != 0 || size < cap(b.B)/4 {
					t.Errorf("PooledBuf(%d) has length %d, capacity %d", size, len(b.B), cap(b.B))
				}
			}
		}
	}
}

// TestFreeAllUnlinksBuffers also frees a nil list.
func TestFreeAllUnlinksBuffers(t *testing.T) {
	var nothing *msg.Buf
	nothing.FreeAll()
	a, b := msg.NewBuf(1<<20), msg.NewBuf(1<<20)
	a.B, b.B = append(a.B, 1), append(b.B, 2)
	a.Next = b
	a.FreeAll()
	if a.Next != nil || b.Next != nil || len(a.B) != 0 || len(b.B) != 0 {
		t.Errorf("after FreeAll, the buffers are %+v and %+v", a, b)
	}
}
