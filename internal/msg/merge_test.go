package msg_test

import (
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
)

// TestMergeKeepsMessagesAndSenders merges random batches from two senders, both
// smaller and larger than the limit for copying.
func TestMergeKeepsMessagesAndSenders(t *testing.T) {
	senders := []*msg.Peer{{RoutingID: "a"}, {RoutingID: "b"}}
	for seed := range uint64(300) {
		rng := seeded(seed)
		all := new(msg.Batch)
		var want []message
		var from []*msg.Peer // of each byte
		for range rng.IntN(30) {
			var messages []message
			if rng.IntN(4) == 0 {
				messages = randomMessages(rng, 1+rng.IntN(5))
			} else {
				for range 1 + rng.IntN(3) {
					messages = append(messages, message{"small", "", string(rune('a' + rng.IntN(26)))}[:1+rng.IntN(3)])
				}
			}
			b := batchOf(rng, messages)
			sender := senders[rng.IntN(2)]
			for i := range b.Segs {
				b.Segs[i].From = sender
			}
			bytes := all.Bytes + b.Bytes
			for range b.Bytes {
				from = append(from, sender)
			}
			all.Merge(b)
			if b.Msgs != 0 || b.Bytes != 0 || len(b.Segs) != 0 || all.Bytes != bytes {
				t.Fatalf("seed %d: %d messages remain in the source; merged batch has %d bytes, want %d", seed, b.Msgs, all.Bytes, bytes)
			}
			want = append(want, messages...)
		}
		for _, s := range all.Segs {
			for i := range s.B {
				if s.From != from[i] {
					t.Fatalf("seed %d: sender %v, want %v", seed, s.From, from[i])
				}
			}
			from = from[len(s.B):]
		}
		wantBatch(t, all, want)
	}
}

func TestMergePutsSmallBatchesIntoSharedSegments(t *testing.T) {
	const n = 10_000
	all := new(msg.Batch)
	for range n {
		b := new(msg.Batch)
		b.Add(msg.Seg{B: []byte("\x00\x01x")})
		b.Msgs = 1
		all.Merge(b)
	}
	capacity := 0
	for _, s := range all.Segs {
		capacity += cap(s.B)
	}
	if all.Msgs != n || all.Bytes != 3*n || len(all.Segs) > 2 || capacity > 2*all.Bytes+64 {
		t.Errorf("%d messages of %d bytes in %d segments of capacity %d", all.Msgs, all.Bytes, len(all.Segs), capacity)
	}
}

// TestKeepLastReleasesDroppedMemory checks that the remaining message does not
// reference the memory of the dropped messages.
func TestKeepLastReleasesDroppedMemory(t *testing.T) {
	b := new(msg.Batch)
	mem := append(make([]byte, 0, 1<<10), "\x00\x01a\x00\x01b"...)
	b.Add(msg.Seg{B: mem})
	b.Msgs = 2
	b.KeepLast()
	clear(mem)
	wantBatch(t, b, []message{{"b"}})
	if n := cap(b.Segs[0].B); n > 16 {
		t.Errorf("a message of 3 bytes has a segment of capacity %d", n)
	}
}
