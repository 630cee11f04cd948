package engine_test

import (
	"math/rand/v2"
	"testing"
)

// randomMessages returns n messages of random sizes, mostly small.
func randomMessages(rng *rand.Rand, n int) (msgs []message) {
	for range n {
		m := make(message, 1+rng.IntN(1+rng.IntN(6)))
		for i := range m {
			switch rng.IntN(20) {
			case 0:
				m[i] = body(rng.IntN(100_000))
			case 1:
				m[i] = body(edges[rng.IntN(len(edges)-1)])
			default:
				m[i] = body(rng.IntN(300))
			}
		}
		msgs = append(msgs, m)
	}
	return msgs
}

// Decode of one engine returns what another has encoded, for random splits,
// batches and limits.
func TestDecodeReturnsWhatEncodeSends(t *testing.T) {
	for _, o := range openings {
		for seed := range uint64(40) {
			rng := newRand(seed)
			msgs := randomMessages(rng, 1+rng.IntN(60))
			b := batchOf(rng, msgs...)
			from, to := connectedPeer(t, dealer(""), o, whole), connectedPeer(t, dealer(""), o, randomCuts(rng))
			stream := encode(t, from.e, b, 1+rng.IntN(200_000))
			if from.e.Direct() && rng.IntN(2) == 0 {
				stream = encodedBytes(b)
			}
			to.keep = rng.IntN(2) == 0
			to.limit = 1 + rng.IntN(100)
			to.send(stream)
			to.wantMessages(msgs...)
			if size, incomplete := to.e.Partial(); size > 0 || incomplete {
				t.Fatalf("seed %d: Partial() = %d, %v", seed, size, incomplete)
			}
		}
	}
}
