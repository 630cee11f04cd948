package socket_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// A fault script opens a few sockets on a faulty network, lets them exchange
// messages and closes them. One seed determines all of it. Afterwards every
// message must be written, received or counted as dropped: see
// script_oracle_test.go.

var (
	scriptSeed    = flag.Uint64("seed", 0, "run only the fault script with this seed")
	scriptCount   = flag.Int("scripts", 400, "number of fault scripts to run")
	scriptFirst   = flag.Uint64("first", 1, "seed of the first fault script")
	scriptCallers = flag.Int("callers", 3, "concurrent callers per REQ")
)

// scriptLength is the virtual time during which a script injects faults.
const scriptLength = 4 * time.Second

// TestFaultScripts runs a fault script for each of many seeds.
func TestFaultScripts(t *testing.T) {
	if *scriptSeed != 0 {
		runScript(t, *scriptSeed)
		return
	}
	n := *scriptCount
	if testing.Short() {
		n = min(n, 100)
	}
	const chunks = 16
	for c := range chunks {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			t.Parallel()
			for i := c; i < n; i += chunks {
				seed := *scriptFirst + uint64(i)
				t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) { runScript(t, seed) })
			}
		})
	}
}

// runScript runs one script in its own synctest bubble.
func runScript(t *testing.T, seed uint64) {
	defer func() {
		if r := recover(); r != nil {
			panic(fmt.Sprintf("fault script -seed=%d: %v", seed, r))
		}
	}()
	synctest.Test(t, func(t *testing.T) {
		sc := newScript(t, seed)
		sc.play()
		sc.check()
		if t.Failed() {
			t.Logf("reproduce with: go test -race ./internal/socket -run TestFaultScripts -seed=%d -v; %v", seed, sc.plan)
		}
	})
}

// plan holds the parameters of a script, which its seed determines. Faults of
// connections are chosen by the random numbers of each link, in shape.
type plan struct {
	seed       uint64
	hub        pattern.Type
	spoke      pattern.Type
	spokes     int
	hubBinds   bool
	lossless   bool // no fault may drop a message
	messages   int  // number of messages per sender
	size       int  // size of the largest frame
	frames     int  // maximum number of payload frames
	hwm        int
	heartbeats bool // enables heartbeats
	slow       bool // receivers are slow
}

func (p plan) String() string {
	return fmt.Sprintf("%s hub (binds: %v), %d x %s, lossless %v, %d messages of %d frames up to %d bytes, HWM %d, heartbeats %v, slow %v",
		pattern.Types[p.hub].Name, p.hubBinds, p.spokes, pattern.Types[p.spoke].Name, p.lossless,
		p.messages, p.frames, p.size, p.hwm, p.heartbeats, p.slow)
}

// scriptPairs are the socket types of hub and spokes.
var scriptPairs = [][2]pattern.Type{
	{pattern.PUSH, pattern.PULL}, {pattern.PULL, pattern.PUSH},
	{pattern.ROUTER, pattern.DEALER}, {pattern.DEALER, pattern.DEALER},
	{pattern.PAIR, pattern.PAIR},
	{pattern.PUB, pattern.SUB},
	{pattern.REP, pattern.REQ}, {pattern.REQ, pattern.REP},
}

func newPlan(seed uint64, r *rand.Rand) plan {
	pair := scriptPairs[r.IntN(len(scriptPairs))]
	p := plan{
		seed: seed, hub: pair[0], spoke: pair[1],
		spokes:     1 + r.IntN(3),
		hubBinds:   r.IntN(2) == 0,
		lossless:   r.IntN(4) == 0,
		hwm:        []int{1, 2, 3, 5, 10, 100, 0}[r.IntN(7)],
		heartbeats: r.IntN(3) == 0,
		slow:       r.IntN(3) == 0,
	}
	if p.hub == pattern.PAIR {
		p.spokes = 1 + r.IntN(2) // the second is refused until the first disconnects
		if p.lossless {
			p.spokes = 1
		}
	}
	switch r.IntN(4) {
	case 0, 1:
		p.size, p.frames, p.messages = 200, 4, 5+r.IntN(40)
	case 2:
		p.size, p.frames, p.messages = 10<<10, 3, 5+r.IntN(15)
	default:
		p.size, p.frames, p.messages = 100<<10, 2, 2+r.IntN(5)
	}
	return p
}

// shape gives a new connection latency, limits and faults at random.
func (p plan) shape(l *memnet.Link, healed bool) {
	r := l.Rand()
	one := func() *memnet.Flow {
		if r.IntN(2) == 0 {
			return l.Up()
		}
		return l.Down()
	}
	if r.IntN(2) == 0 {
		l.SetLatency(time.Duration(r.IntN(20000)) * time.Microsecond)
	}
	if r.IntN(4) == 0 {
		one().SetBandwidth(p.size*2 + r.IntN(2<<20))
	}
	if r.IntN(5) < 2 {
		one().SetBuffer(1 + p.size/20 + r.IntN(4096))
	}
	if r.IntN(5) < 2 {
		one().SetChunk(1 + p.size/100 + r.IntN(1+p.size/4))
	}
	if r.IntN(5) == 0 {
		f := one()
		time.AfterFunc(time.Duration(r.IntN(2000))*time.Millisecond, f.Stall)
		time.AfterFunc(time.Duration(2000+r.IntN(3000))*time.Millisecond, f.Resume)
	}
	if p.lossless || healed {
		return
	}
	how := memnet.Cut(r.IntN(2))
	at := int64(r.IntN(1 << (1 + r.IntN(15))))
	switch r.IntN(6) {
	case 0:
		one().CutAfterDelivery(at, how)
	case 1:
		one().CutAfterWrite(at, how)
	case 2:
		time.AfterFunc(time.Duration(r.IntN(3000))*time.Millisecond, func() { l.Cut(how) })
	}
}
