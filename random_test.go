package zmq_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
)

var (
	randomDuration = flag.Duration("random.duration", 0,
		"how long TestRandomOperations runs; 0 is a few short rounds")
	randomSeed = flag.Uint64("random.seed", 0,
		"the seed of the first round of TestRandomOperations; 0 takes a random one")
)

// A round of TestRandomOperations.
const (
	roundWorkers = 50
	roundSockets = 24
	shortRounds  = 3
	shortRound   = time.Second
	longRound    = 5 * time.Second

	// callWait bounds the context of every call.
	callWait = 10 * time.Millisecond
	// callBound is the time after which a call counts as hung. It is far longer
	// than its context and every linger, for machines under load.
	callBound = time.Minute
)

// TestRandomOperations runs random operations on random sockets of all types
// from 50 goroutines, over inproc, ipc and tcp, with every wait bounded. It
// fails with the stacks of all goroutines and the seed if a call does not
// return, if one fails in a way that is not documented, or if a goroutine of
// the library is left when all sockets are closed. A seed determines the calls
// and their parameters, not how they interleave.
//
// The long form is go test -race -timeout 0 -run TestRandomOperations
// -random.duration=20m.
func TestRandomOperations(t *testing.T) {
	seed := *randomSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	end := time.Now().Add(*randomDuration)
	for round := 0; round < shortRounds || time.Now().Before(end); round++ {
		length := shortRound
		if *randomDuration > 0 {
			length = longRound
		}
		if !randomRound(t, seed+uint64(round), length) {
			return
		}
	}
}

// randomRound runs one round. It reports whether the next one can begin.
func randomRound(t *testing.T, seed uint64, length time.Duration) bool {
	before := libraryGoroutines()
	dir, err := os.MkdirTemp("", "zmq") // the path of an ipc endpoint is short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	w := &randomWorld{seed: seed, dir: dir, space: zmq.NewNamespace()}
	r := rand.New(rand.NewPCG(seed, 0))
	w.focus = socketTypes[seed%uint64(len(socketTypes))].family
	if r.IntN(3) == 0 {
		w.focus = "reqrep" // ROUTER has the most rules for its peers
	}
	for i := range w.slots {
		w.slots[i].Store(w.newSocket(r))
	}
	w.bound.of = make(map[string][]string)

	end := time.Now().Add(length)
	var working sync.WaitGroup
	for i := range w.calls {
		working.Go(func() { w.work(uint64(i+1), end) })
	}
	done := make(chan struct{})
	go func() { working.Wait(); close(done) }()
	if !w.watch(t, done) {
		return false
	}

	// Close all sockets at once, from other goroutines than the watching one.
	closing := make(chan struct{})
	go func() {
		var wg sync.WaitGroup
		for i := range w.slots {
			s, call := w.slots[i].Load(), &w.calls[i]
			wg.Go(func() { w.do(call, "last close", s, func() error { return w.close(context.Background(), s) }) })
		}
		wg.Wait()
		close(closing)
	}()
	if !w.watch(t, closing) {
		return false
	}
	for _, err := range w.failures() {
		t.Errorf("seed %d: %v", seed, err)
	}
	if left := waitLibraryGoroutines(before); left != "" {
		t.Errorf("seed %d: goroutines are left when all sockets are closed:\n%s", seed, left)
	}
	return !t.Failed()
}

// randomWorld is the state that the workers of a round share.
type randomWorld struct {
	seed  uint64
	dir   string
	space *zmq.Namespace
	mem   bool   // virtual time: only inproc and mem, a network in memory
	focus string // the family of many of the sockets
	slots [roundSockets]atomic.Pointer[randomSocket]
	calls [roundWorkers]randomCall

	bound struct {
		sync.Mutex
		of map[string][]string // endpoints that sockets of a family are or were bound to
	}
	errs struct {
		sync.Mutex
		list []error
	}
	closed struct {
		sync.Mutex
		list []*randomSocket
	}
}

// randomCall is the call that one worker makes.
type randomCall struct {
	mu    sync.Mutex
	what  string // empty between calls
	since time.Time
}

// do runs one call under the watch, and notes an error that is not documented.
func (w *randomWorld) do(c *randomCall, what string, s *randomSocket, call func() error) {
	c.mu.Lock()
	c.what, c.since = what+" on "+s.name, time.Now()
	c.mu.Unlock()
	err := call()
	c.mu.Lock()
	c.what = ""
	c.mu.Unlock()
	if err != nil && !expected(err) {
		w.fail(fmt.Errorf("%s on %s: %w", what, s.name, err))
	}
}

func (w *randomWorld) fail(err error) {
	w.errs.Lock()
	defer w.errs.Unlock()
	w.errs.list = append(w.errs.list, err)
}

func (w *randomWorld) failures() []error {
	w.errs.Lock()
	defer w.errs.Unlock()
	return w.errs.list
}

// expected reports whether a call may fail with err, whatever the call.
func expected(err error) bool {
	for _, is := range []error{
		context.Canceled, context.DeadlineExceeded, zmq.ErrClosed, zmq.ErrWouldBlock, zmq.ErrNoRoute, zmq.ErrInvalidState,
		zmq.ErrPeerLost, zmq.ErrEndpointNotFound, zmq.ErrEndpointInUse, zmq.ErrPeerExists, zmq.ErrAlreadyBound, zmq.ErrDuplicateRoutingID, zmq.ErrInvalidMessage,
		zmq.ErrInvalidGroup, zmq.ErrUnsupportedTransport, zmq.ErrInvalidOption, zmq.ErrMessageTooLarge,
	} {
		if errors.Is(err, is) {
			return true
		}
	}
	var unsent *zmq.UnsentError
	return errors.As(err, &unsent) || inUse(err)
}

// watch waits until done is closed. It reports a call that takes too long, and
// returns false then.
func (w *randomWorld) watch(t *testing.T, done <-chan struct{}) bool {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return true
		case <-tick.C:
		}
		var hung []string
		for i := range w.calls {
			c := &w.calls[i]
			c.mu.Lock()
			if c.what != "" && time.Since(c.since) > callBound {
				hung = append(hung, fmt.Sprintf("%s for %v", c.what, time.Since(c.since).Round(time.Second)))
			}
			c.mu.Unlock()
		}
		if len(hung) > 0 {
			t.Errorf("seed %d: calls do not return:\n%s\n\n%s", w.seed, strings.Join(hung, "\n"), stacks())
			return false
		}
	}
}

// work makes calls until the round ends.
func (w *randomWorld) work(id uint64, end time.Time) {
	r := rand.New(rand.NewPCG(w.seed, id))
	defer func() {
		if e := recover(); e != nil {
			panic(fmt.Sprintf("seed %d: %v", w.seed, e))
		}
	}()
	for time.Now().Before(end) {
		slot := &w.slots[r.IntN(len(w.slots))]
		s := slot.Load()
		op := w.operation(r, s, slot)
		w.do(&w.calls[id-1], op.name, s, op.run)
	}
}

// endpoint returns a random endpoint to bind or to connect to.
func (w *randomWorld) endpoint(r *rand.Rand, s *randomSocket, bind bool) string {
	family := s.family
	if r.IntN(10) == 0 {
		family = socketTypes[r.IntN(len(socketTypes))].family // usually incompatible
	}
	switch n := r.IntN(10); {
	case w.mem && n < 6:
		return fmt.Sprint("mem://", family, r.IntN(2))
	case w.mem:
		return fmt.Sprint("inproc://", family, r.IntN(3))
	case s.datagrams && (n < 3 || s.onlyDatagrams()):
		if bind {
			return "udp://127.0.0.1:*"
		}
		return "udp://127.0.0.1:" + fmt.Sprint(40000+r.IntN(100))
	case n < 6:
		return fmt.Sprint("inproc://", family, r.IntN(3))
	case n < 8:
		return "ipc://" + filepath.Join(w.dir, fmt.Sprint(family, r.IntN(2)))
	case bind:
		return "tcp://127.0.0.1:*"
	default:
		w.bound.Lock()
		defer w.bound.Unlock()
		if list := w.bound.of[family]; len(list) > 0 {
			return list[r.IntN(len(list))]
		}
		return "tcp://127.0.0.1:1" // connection refused
	}
}

// noteBound makes an endpoint known to all sockets.
func (w *randomWorld) noteBound(r *rand.Rand, family, ep string) {
	const most = 4
	if strings.HasPrefix(ep, "udp:") {
		return
	}
	w.bound.Lock()
	defer w.bound.Unlock()
	if list := w.bound.of[family]; len(list) < most {
		w.bound.of[family] = append(list, ep)
	} else {
		list[r.IntN(most)] = ep
	}
}

// libraryGoroutines returns the goroutines that run code of the library, by the
// first line of their stacks.
func libraryGoroutines() map[string]string {
	found := make(map[string]string)
	for stack := range bytes.SplitSeq(stacks(), []byte("\n\n")) {
		if bytes.Contains(stack, []byte("/zmq/internal/")) {
			id, _, _ := strings.Cut(string(stack), " [")
			found[id] = string(stack)
		}
	}
	return found
}

// waitLibraryGoroutines waits until there are no other goroutines of the
// library than before, and returns the stacks of those that stay.
func waitLibraryGoroutines(before map[string]string) string {
	for end := time.Now().Add(callBound); ; time.Sleep(time.Millisecond) {
		var left []string
		for id, stack := range libraryGoroutines() {
			if _, there := before[id]; !there {
				left = append(left, stack)
			}
		}
		if len(left) == 0 {
			return ""
		}
		if time.Now().After(end) {
			return strings.Join(left, "\n\n")
		}
	}
}

// stacks returns the stacks of all goroutines.
func stacks() []byte {
	buf := make([]byte, 64<<10)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			return buf[:n]
		}
		buf = make([]byte, 2*len(buf))
	}
}
