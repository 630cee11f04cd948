package pattern_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"weak"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

func (s *socket) queued(f *far) int {
	s.sendMu.Lock()
	defer s.sendMu.Unlock()
	return f.p.Out.Len()
}

// fair are the types that receive from their peers in turn.
var fair = []pattern.Type{pattern.PULL, pattern.DEALER, pattern.ROUTER, pattern.XSUB}

// https://rfc.zeromq.org/spec/30/
func TestPullReceivesWholeMessagesInTurn(t *testing.T) {
	for _, typ := range fair {
		s := newSocket(t, typ)
		a, b, c := s.connect("a"), s.connect("b"), s.connect("c")
		for i := range 3 {
			a.sends("a", fmt.Sprint(i), "tail")
		}
		b.sends("b", "0")
		c.sends("c", "0")
		c.sends("c", "1")
		s.receives("a", "0", "tail")
		s.receives("b", "0")
		s.receives("c", "0")
		s.receives("a", "1", "tail")
		s.receives("c", "1")
		s.receives("a", "2", "tail")
		if s.wantRecv(pattern.ErrWouldBlock); s.receiver().More() {
			t.Error("More = true without a message")
		}
		b.sends("b", "again")
		if !s.receiver().More() {
			t.Error("More = false with a message")
		}
		s.receives("b", "again")
	}
}

func TestPullGivesBusyPeersEqualTurns(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 0))
		s := newSocket(t, pattern.PULL)
		busy := []*far{s.attach(), s.attach(), s.attach(), s.attach()}
		for i, f := range busy {
			for range 60 {
				f.sends(fmt.Sprint(i))
			}
		}
		idle := s.attach()
		var turn []string
		for len(turn) < 200 {
			if rng.IntN(5) == 0 {
				idle.sends("idle")
			}
			m, err := s.recv()
			if err != nil {
				t.Fatal(err)
			}
			if string(m.First) != "idle" {
				turn = append(turn, string(m.First))
			}
		}
		for i := 4; i < len(turn); i++ {
			if turn[i] != turn[i-4] {
				t.Fatalf("seed %d: turns %q", seed, turn)
			}
		}
	}
}

// The model is a list of pipes in the order in which they became ready.
func TestFairQueueBehavesLikeModel(t *testing.T) {
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(seed, 1))
		s := newSocket(t, pattern.PULL)
		var peers []*far
		unread := make(map[*far]int)
		var turns []*far // the model: those before at have had their turn in this round
		at := 0
		send := func(f *far) {
			if unread[f]++; !slices.Contains(turns, f) {
				turns = append(turns, f)
			}
			f.sends(fmt.Sprint(slices.Index(peers, f)))
		}
		next := func() *far {
			for len(turns) > 0 {
				at %= len(turns)
				f := turns[at]
				if unread[f] > 0 {
					unread[f]--
					at++
					return f
				}
				turns = slices.Delete(turns, at, at+1)
			}
			return nil
		}
		for range 2000 {
			switch n := rng.IntN(100); {
			case n < 10 && len(peers) < 200:
				peers = append(peers, s.attach())
			case n < 50 && len(peers) > 0:
				for range rng.IntN(1 << rng.IntN(6)) {
					send(peers[rng.IntN(len(peers))])
				}
			default:
				for range rng.IntN(1 << rng.IntN(6)) {
					want := "none"
					if f := next(); f != nil {
						want = fmt.Sprint(slices.Index(peers, f))
					}
					got := "none"
					if m, err := s.recv(); err == nil {
						got = string(m.First)
					}
					if got != want {
						t.Fatalf("seed %d: received from %s, want from %s", seed, got, want)
					}
				}
			}
		}
	}
}

func TestFairQueueReleasesEmptyPipes(t *testing.T) {
	const n = 1000
	s := newSocket(t, pattern.PULL)
	busy := s.attach()
	var pipes []weak.Pointer[pipe.Pipe]
	for range n {
		f := s.attach()
		f.sends("x")
		pipes = append(pipes, weak.Make(f.p))
		f.detach()
	}
	for range 4 {
		busy.sends("busy")
	}
	s.receiver()
	for range n + 4 {
		if _, err := s.recv(); err != nil {
			t.Fatal(err)
		}
	}
	s.wantRecv(pattern.ErrWouldBlock)
	runtime.GC()
	referenced := 0
	for _, p := range pipes {
		if p.Value() != nil {
			referenced++
		}
	}
	if referenced > 1 {
		t.Errorf("%d of %d pipes are still referenced", referenced, n)
	}
}

// Pipes that have ended do not accumulate if the application does not receive.
// The messages of the others stay readable.
func TestFairQueueReleasesEndedPipesWithoutRecv(t *testing.T) {
	for _, typ := range fair {
		s := newSocket(t, typ)
		s.attach().sends("first", "x")
		var ended []weak.Pointer[pipe.Pipe]
		for range 1000 {
			f := s.attach()
			f.end()
			f.detach()
			s.receiver()
			ended = append(ended, weak.Make(f.p))
		}
		s.attach().sends("last", "x")
		runtime.GC()
		referenced := 0
		for _, p := range ended {
			if p.Value() != nil {
				referenced++
			}
		}
		if referenced > 200 {
			t.Errorf("%s: %d of %d ended pipes are still referenced", pattern.Types[typ].Name, referenced, len(ended))
		}
		s.receives("first", "x")
		s.receives("last", "x")
		s.wantRecv(pattern.ErrWouldBlock)
	}
}

// end closes the queue of the peer.
func (f *far) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.p.In.Close()
}

func TestMessagesOfDisconnectedPeerStayReadable(t *testing.T) {
	for _, typ := range append(fair, pattern.PAIR, pattern.XPUB) {
		s := newSocket(t, typ)
		f := s.connect("id")
		f.sends("one", "x")
		f.sends("two", "x")
		s.receives("one", "x")
		f.disconnect()
		f.detach()
		m := s.receives("two", "x")
		if m.From == nil || m.From.RoutingID != "id" {
			t.Errorf("a message from %+v", m.From)
		}
		f.end()
		if s.wantRecv(pattern.ErrWouldBlock); s.receiver().More() {
			t.Error("More = true after the end")
		}
	}
}
