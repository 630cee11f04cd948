package engine_test

import (
	"math/rand/v2"
	"testing"
)

// randomMessages makes messages of all kinds, mostly small.
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

// TestRoundTrip: whatever one engine sends, at rest or encoded, another
// receives, however it is cut, batched and limited.
func TestRoundTrip(t *testing.T) {
	for _, o := range openings {
		for seed := range uint64(40) {
			rng := seeded(seed)
			msgs := randomMessages(rng, 1+rng.IntN(60))
			b := batchOf(rng, msgs...)
			from, to := inTraffic(t, dealer(""), o, whole), inTraffic(t, dealer(""), o, randomly(rng))
			stream := encode(t, from.e, b, 1+rng.IntN(200_000))
			if from.e.Direct() && rng.IntN(2) == 0 {
				stream = atRest(b)
			}
			to.keep = rng.IntN(2) == 0
			to.limit = 1 + rng.IntN(100)
			to.send(stream)
			to.wantMessages(msgs...)
			if held, unfinished := to.e.Held(); held > 0 || unfinished {
				t.Fatalf("seed %d: %d bytes held, unfinished %v", seed, held, unfinished)
			}
		}
	}
}
