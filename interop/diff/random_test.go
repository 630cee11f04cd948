package diff

import (
	"flag"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	randomCount = flag.Uint64("diff.random", 2000, "how many random scenarios to run")
	randomFrom  = flag.Uint64("diff.from", 1, "the seed of the first")
	randomSeed  = flag.Uint64("diff.seed", 0, "run the random scenario of this seed alone")
)

// enough is how many differences are reported before the rest is not run.
const enough = 5

// TestRandom plays scenarios made from seeds on both. The seed of one that
// differs is all that is needed to play it again.
func TestRandom(t *testing.T) {
	need(t, stable.missing())
	testRandom(t, stable, *randomCount)
}

// TestRandomNewer does it with another libzmq, and a tenth as often.
func TestRandomNewer(t *testing.T) {
	if why := newer.missing(); why != "" {
		t.Skip(why)
	}
	testRandom(t, newer, (*randomCount+9)/10)
}

func testRandom(t *testing.T, p *lanePool, count uint64) {
	t.Parallel()
	first, last := *randomFrom, *randomFrom+count
	if *randomSeed != 0 {
		first, last = *randomSeed, *randomSeed+1
	}
	began := time.Now()
	var next atomic.Uint64
	var failed atomic.Int32
	next.Store(first)
	var players sync.WaitGroup
	for range p.count {
		l := p.take(t)
		players.Go(func() {
			defer p.put(l)
			for seed := next.Add(1) - 1; seed < last && failed.Load() < enough; seed = next.Add(1) - 1 {
				s, transport := generate(seed, p.drafts)
				if wrong := l.play(s, transport); wrong != "" {
					failed.Add(1)
					t.Errorf("-diff.seed %d, over %s\n%s", seed, transport, wrong)
				}
			}
		})
	}
	players.Wait()
	t.Logf("%d scenarios in %v", min(next.Load(), last)-first, time.Since(began).Round(time.Millisecond))
}
