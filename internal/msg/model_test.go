package msg_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
)

// message is a message in the simplest form: a string for each frame.
type message []string

// size returns the encoded size: each frame has a header of two or nine bytes.
func (m message) size() (n int) {
	for _, f := range m {
		if n += 2 + len(f); len(f) > 255 {
			n += 7
		}
	}
	return n
}

func (m message) msg() msg.Msg {
	frames := make([][]byte, len(m))
	for i, f := range m {
		frames[i] = []byte(f)
	}
	return msg.Of(frames...)
}

func framesOf(m *msg.Msg) (frames message) {
	for i := range m.Len() {
		frames = append(frames, string(m.Frame(i)))
	}
	return frames
}

// body returns n bytes whose values depend on position and n, so that a test
// notices moved or missing bytes.
func body(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i) ^ byte(i>>8) ^ byte(n)
	}
	return string(b)
}

// edges are body sizes at and around the limits of headers and LargeFrame.
var edges = []int{0, 1, 2, 254, 255, 256, 257, 8191, 8192, 8193, 40000}

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

func randomMessages(rng *rand.Rand, n int) (msgs []message) {
	for range n {
		m := make(message, 1+rng.IntN(1+rng.IntN(5)))
		for i := range m {
			m[i] = body(rng.IntN(20))
			if rng.IntN(10) == 0 {
				m[i] = body(edges[rng.IntN(len(edges))])
			}
		}
		msgs = append(msgs, m)
	}
	return msgs
}

// batchOf encodes messages into a batch as queues and engines do. Segments end
// between any two frames, and some large bodies have segments of their own,
// with or without a pooled buffer.
func batchOf(rng *rand.Rand, msgs []message) *msg.Batch {
	b := new(msg.Batch)
	var seg []byte
	flush := func() {
		if len(seg) > 0 {
			b.Add(msg.Seg{B: seg})
			seg = nil
		}
	}
	for _, m := range msgs {
		for i, f := range m {
			seg = msg.AppendHeader(seg, len(f), i < len(m)-1)
			if len(f) >= msg.LargeFrame && rng.IntN(3) > 0 {
				flush()
				s := msg.Seg{B: []byte(f)}
				if rng.IntN(2) == 0 {
					s.Buf = msg.NewBuf(len(f))
					s.Buf.B = append(s.Buf.B, f...)
					s.B = s.Buf.B
				}
				b.Add(s)
				continue
			}
			if seg = append(seg, f...); rng.IntN(4) == 0 {
				flush()
			}
		}
		b.Msgs++
	}
	flush()
	return b
}

func readAll(t *testing.T, b *msg.Batch) (msgs []message) {
	t.Helper()
	cur := b.Cursor()
	for m, ok := cur.Message(); ok; m, ok = cur.Message() {
		msgs = append(msgs, framesOf(&m))
	}
	return msgs
}

// wantBatch fails the test unless the batch has these messages and the counts
// that belong to them.
func wantBatch(t *testing.T, b *msg.Batch, want []message) {
	t.Helper()
	size, segs := 0, 0
	for _, m := range want {
		size += m.size()
	}
	for _, s := range b.Segs {
		segs += len(s.B)
	}
	if b.Msgs != len(want) || b.Bytes != size || segs != size {
		t.Fatalf("%d messages of %d bytes in segments of %d, want %d of %d", b.Msgs, b.Bytes, segs, len(want), size)
	}
	if got := readAll(t, b); !slices.EqualFunc(got, want, slices.Equal[message]) {
		t.Fatalf("holds %.200q, want %.200q", got, want)
	}
}
