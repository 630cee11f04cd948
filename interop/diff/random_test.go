package diff

import (
	"flag"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	randomCount = flag.Uint64("diff.random", 1000, "number of random scenarios")
	randomFrom  = flag.Uint64("diff.from", 1, "seed of the first random scenario")
	randomSeed  = flag.Uint64("diff.seed", 0, "run only the random scenario with this seed")
)

// maxDifferences is the number of failed scenarios after which the test stops.
const maxDifferences = 5

// TestRandomScenariosMatchLibzmq runs scenarios generated from seeds. A failure
// prints the seed, with which -diff.seed runs the scenario again.
func TestRandomScenariosMatchLibzmq(t *testing.T) {
	skipOrRequire(t, libzmq434.missing())
	testRandom(t, libzmq434, *randomCount)
}

// TestRandomScenariosMatchDraftLibzmq runs a tenth as many scenarios on a
// libzmq with the draft API.
func TestRandomScenariosMatchDraftLibzmq(t *testing.T) {
	if why := libzmq435.missing(); why != "" {
		t.Skip(why)
	}
	testRandom(t, libzmq435, (*randomCount+9)/10)
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
			for seed := next.Add(1) - 1; seed < last && failed.Load() < maxDifferences; seed = next.Add(1) - 1 {
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
