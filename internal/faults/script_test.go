package faults

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A fault script opens a few sockets on a simulated network in virtual time, lets
// them exchange messages while faults occur, and closes them. Its seed determines
// the sockets, their options, the messages and the faults, but not the order in
// which concurrent goroutines run. After each fault and at the end, every message
// must be accounted for: see check_test.go.

var (
	scriptSeed  = flag.Uint64("seed", 0, "run only the fault script with this seed, -scripts times")
	scriptCount = flag.Int("scripts", 0, "number of fault scripts to run; default 1000 fixed and 20 random ones")
	scriptFirst = flag.Uint64("first", 1, "seed of the first fault script")
)

const (
	fixedScripts  = 1000
	randomScripts = 20
	// leastMoved is the number of messages that the fixed scripts deliver at least.
	leastMoved = 1_000_000
)

// TestFaultScripts runs the scripts. The fixed ones have moved a million messages in
// total; the random ones have other seeds each time.
func TestFaultScripts(t *testing.T) {
	var seeds []uint64
	n := fixedScripts
	if *scriptCount > 0 {
		n = *scriptCount
	}
	switch {
	case *scriptSeed != 0:
		for range max(1, *scriptCount) {
			seeds = append(seeds, *scriptSeed)
		}
	default:
		for i := range n {
			seeds = append(seeds, *scriptFirst+uint64(i))
		}
		for range randomScripts {
			seeds = append(seeds, rand.Uint64())
		}
	}
	var mu sync.Mutex
	var sum totals
	t.Run("scripts", func(t *testing.T) {
		const chunks = 2
		for c := range chunks {
			t.Run(fmt.Sprint(c), func(t *testing.T) {
				t.Parallel()
				for i := c; i < len(seeds); i += chunks {
					one := runScript(t, seeds[i])
					mu.Lock()
					sum.add(one)
					mu.Unlock()
				}
			})
		}
	})
	t.Logf("%d scripts: %d messages accepted or copied to peers, %d received (%d over the network), %d dropped %v, "+
		"%d lost on the network, %d of refused peers, %d unexplained",
		sum.scripts, sum.accepted, sum.received, sum.moved, sum.drops, sum.reasons, sum.lost, sum.refused, sum.unexplained)
	if *scriptSeed == 0 && *scriptCount == 0 && sum.moved < leastMoved {
		t.Errorf("the scripts moved %d messages, want %d", sum.moved, leastMoved)
	}
}

// runScript runs one script in its own synctest bubble.
func runScript(t *testing.T, seed uint64) totals {
	defer func() {
		if r := recover(); r != nil {
			panic(fmt.Sprintf("fault script -seed=%d: %v", seed, r))
		}
	}()
	var sc *script
	synctest.Test(t, func(t *testing.T) {
		sc = newScript(seed)
		guard := time.AfterFunc(1000*time.Hour, func() { panic(fmt.Sprintf("fault script -seed=%d: still running", seed)) })
		defer guard.Stop()
		sc.play()
	})
	if len(sc.problems) > 0 {
		t.Errorf("%s\n%v\nfaults: %s\nreproduce with: go test -race ./internal/faults -seed=%d -scripts=20",
			strings.Join(sc.problems[:min(20, len(sc.problems))], "\n"), &sc.plan, strings.Join(sc.injected, ", "), seed)
	}
	return sc.result
}

func (t *totals) add(o totals) {
	t.scripts++
	t.accepted += o.accepted
	t.received += o.received
	t.moved += o.moved
	t.queued += o.queued
	t.lost += o.lost
	t.drops += o.drops
	t.refused += o.refused
	t.unexplained += o.unexplained
	if t.reasons == nil {
		t.reasons = o.reasons
		return
	}
	for why, n := range o.reasons {
		t.reasons[why] += n
	}
}
