package pattern_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"weak"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// balanced are the types that send to their peers in turn.
var balanced = []pattern.Type{pattern.PUSH, pattern.DEALER}

// TestPushRoundRobin: one whole message for each peer in turn, from the first
// on.
func TestPushRoundRobin_RFC30(t *testing.T) {
	for _, typ := range balanced {
		s := newSocket(t, typ)
		a, b, c := s.attach(), s.attach(), s.attach()
		for _, m := range []string{"1", "2", "3", "4", "5", "6", "7"} {
			s.sent(m, "", "tail of "+m)
		}
		a.wants(message{"1", "", "tail of 1"}, message{"4", "", "tail of 4"}, message{"7", "", "tail of 7"})
		b.wants(message{"2", "", "tail of 2"}, message{"5", "", "tail of 5"})
		c.wants(message{"3", "", "tail of 3"}, message{"6", "", "tail of 6"})
	}
}

// TestPushWaitsWithoutPeers: nothing is discarded for want of a peer.
func TestPushWaitsWithoutPeers_RFC30(t *testing.T) {
	for _, typ := range append(balanced, pattern.PAIR) {
		s := newSocket(t, typ)
		s.wantSend(pattern.ErrWouldBlock, "early")
		f := s.attach()
		s.sent("late")
		f.detach()
		s.wantSend(pattern.ErrWouldBlock, "too late")
		s.wantDrops(0, 0)
	}
}

// TestPushQueuesForAbsent: messages queue for an endpoint that is not
// connected yet.
func TestPushQueuesForAbsent(t *testing.T) {
	s := newSocket(t, pattern.PUSH)
	a, b := s.attach(), s.attach()
	for range 4 {
		s.sent("m")
	}
	if err := a.connect(""); err != nil {
		t.Fatal(err)
	}
	a.wants(message{"m"}, message{"m"})
	b.wants(message{"m"}, message{"m"})
}

// TestPushSkipsFullUntilLWM: nothing is discarded for want of room, and a full
// peer is passed over until it has read (HWM+1)/2 messages.
func TestPushSkipsFullUntilLWM_RFC30(t *testing.T) {
	for _, typ := range balanced {
		s := newSocket(t, typ)
		slow, fast := s.attach(), s.attach()
		want := 0
		for i := range 2 * hwm {
			s.sent(fmt.Sprint(i))
			if i%2 == 1 {
				fast.wants(message{fmt.Sprint(i)})
				want++
			}
		}
		for range hwm { // slow is full: all for fast, which reads on
			s.sent("for fast")
			fast.wants(message{"for fast"})
		}
		for range hwm {
			s.sent("fill")
		}
		s.wantSend(pattern.ErrWouldBlock, "no room")
		var m msg.Msg
		slow.p.Out.Next(&m)
		s.wantSend(pattern.ErrWouldBlock, "one is not half")
		slow.p.Out.Next(&m)
		s.sent("room again")
		s.sent("and one more")
		s.wantSend(pattern.ErrWouldBlock, "no room")
		slow.wants(message{"4"}, message{"6"}, message{"room again"}, message{"and one more"})
		s.wantDrops(0, 0)
	}
}

// TestPushUsesAllRoom: peers come, go, fill up and read; a message goes to one
// of those that have room, as long as there is one.
func TestPushUsesAllRoom(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 0))
		s := newSocket(t, pattern.PUSH)
		peers := []*far{s.attach()}
		for range 150 {
			switch k := rng.IntN(20); {
			case k == 0:
				f, _ := s.tryAttach(1 + rng.IntN(5))
				peers = append(peers, f)
			case k == 1 && len(peers) > 1:
				i := rng.IntN(len(peers))
				peers[i].detach()
				peers = append(peers[:i], peers[i+1:]...)
			case k < 8:
				peers[rng.IntN(len(peers))].drain()
			default:
				s.sendsToOne(peers)
			}
		}
		s.wantDrops(0, 0)
	}
}

// sendsToOne sends once, and finds the message with one peer that had room.
func (s *socket) sendsToOne(peers []*far) {
	s.t.Helper()
	before := make(map[*far]int)
	room := 0
	for _, f := range peers {
		if before[f] = s.queued(f); before[f] < f.hwm {
			room++
		}
	}
	if err := s.send("m"); (err == nil) != (room > 0) {
		s.t.Fatalf("sending: %v with room at %d peers", err, room)
	}
	got := 0
	for _, f := range peers {
		got += s.queued(f) - before[f]
	}
	if got != min(room, 1) {
		s.t.Fatalf("the peers got %d messages", got)
	}
}

func (s *socket) queued(f *far) int {
	s.sendMu.Lock()
	defer s.sendMu.Unlock()
	return f.p.Out.Len()
}

// TestPushNewPeerJoinsTurn: a new peer gets its share at once, and one that
// goes takes nobody's turn along.
func TestPushNewPeerJoinsTurn_RFC30(t *testing.T) {
	for gone := range 3 {
		for sent := range 3 {
			s := newSocket(t, pattern.PUSH)
			peers := []*far{s.attach(), s.attach(), s.attach()}
			for range sent {
				s.sent("before")
			}
			peers[gone].detach()
			peers[gone].detach() // again, as a closing socket may
			next := []*far{}
			for i := range 3 {
				if k := (sent + i) % 3; k != gone {
					next = append(next, peers[k])
				}
			}
			for _, f := range next {
				f.drain()
				s.sent("turn")
				f.wants(message{"turn"})
			}
			peers[gone].drain()
			peers[gone].wants()
			joined := s.attach()
			s.sent("1")
			s.sent("2")
			s.sent("3")
			n := 0
			for _, f := range append(next, joined) {
				n += f.drain()
			}
			if n != 3 || s.queued(peers[gone]) > 2 {
				t.Errorf("three peers got %d of three messages", n)
			}
		}
	}
}

// drain reads all that has come to the peer.
func (f *far) drain() (n int) {
	var m msg.Msg
	for f.p.Out.Next(&m) {
		n++
	}
	return n
}

// fair are the types that receive from their peers in turn.
var fair = []pattern.Type{pattern.PULL, pattern.DEALER, pattern.ROUTER, pattern.XSUB}

// TestPullFairQueue: one whole message from each peer in turn, as long as they
// have any.
func TestPullFairQueue_RFC30(t *testing.T) {
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
			t.Error("more to receive when nothing is")
		}
		b.sends("b", "again")
		if !s.receiver().More() {
			t.Error("no more to receive when something is")
		}
		s.receives("b", "again")
	}
}

// TestPullFair: of peers that always have something, each gets its turn.
func TestPullFair(t *testing.T) {
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

// TestFairQueueModel: turns are those of a list of pipes in the order in which
// they became ready, whatever leaves it, comes and ends meanwhile.
func TestFairQueueModel(t *testing.T) {
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(seed, 1))
		s := newSocket(t, pattern.PULL)
		var peers []*far
		unread := make(map[*far]int)
		var turns []*far // the model: before at they have had their turn in this round
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
					want := "nobody"
					if f := next(); f != nil {
						want = fmt.Sprint(slices.Index(peers, f))
					}
					got := "nobody"
					if m, err := s.recv(); err == nil {
						got = string(m.First)
					}
					if got != want {
						t.Fatalf("seed %d: received from %s, and it was the turn of %s", seed, got, want)
					}
				}
			}
		}
	}
}

// TestFairQueueForgetsEmpty: pipes that have left the turn are not kept in memory
// by the place that they had in it.
func TestFairQueueForgetsEmpty(t *testing.T) {
	const n = 1000
	s := newSocket(t, pattern.PULL)
	busy := s.attach()
	var gone []weak.Pointer[pipe.Pipe]
	for range n {
		f := s.attach()
		f.sends("x")
		gone = append(gone, weak.Make(f.p))
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
	alive := 0
	for _, p := range gone {
		if p.Value() != nil {
			alive++
		}
	}
	if alive > 1 {
		t.Errorf("%d of %d pipes are remembered", alive, n)
	}
}

// TestFairQueueForgetsEnded: pipes that have ended do not add up in a socket
// that nobody receives from; what is in others stays readable.
func TestFairQueueForgetsEnded(t *testing.T) {
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
		alive := 0
		for _, p := range ended {
			if p.Value() != nil {
				alive++
			}
		}
		if alive > 200 {
			t.Errorf("%s: %d of %d ended pipes are remembered", pattern.Types[typ].Name, alive, len(ended))
		}
		s.receives("first", "x")
		s.receives("last", "x")
		s.wantRecv(pattern.ErrWouldBlock)
	}
}

// end ends what the peer sends.
func (f *far) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.p.In.Close()
}

// TestReceivedStaysReadable: what arrived before a peer vanished is still
// received.
func TestReceivedStaysReadable(t *testing.T) {
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
			t.Error("more to receive behind the end")
		}
	}
}

// TestDealerSendsAsGiven: no frame is added or taken.
func TestDealerSendsAsGiven_RFC28(t *testing.T) {
	s := newSocket(t, pattern.DEALER)
	f := s.connect("")
	s.sent("", "body")
	s.sent("")
	f.wants(message{"", "body"}, message{""})
	f.sends("", "body")
	f.sends("")
	s.receives("", "body")
	s.receives("")
}

// TestGoneHasNoTurn: a peer that was taken away while its queue was full does not
// come back when that is read.
func TestGoneHasNoTurn(t *testing.T) {
	for _, typ := range []pattern.Type{pattern.PUSH, pattern.DEALER, pattern.REQ, pattern.CLIENT, pattern.SCATTER} {
		s := newSocket(t, typ, func(o *pattern.Options) { o.Relaxed = true })
		f, err := s.tryAttach(1)
		if err != nil {
			t.Fatal(err)
		}
		s.sent("fill")
		s.wantSend(pattern.ErrWouldBlock, "full")
		f.detach()
		var m msg.Msg
		if !f.p.Out.Next(&m) {
			t.Fatal("what was queued is gone")
		}
		f.p.Out.Next(&m)
		s.wantSend(pattern.ErrWouldBlock, "for nobody")
		other := s.attach()
		s.sent("for the other")
		if got := other.p.Out; got.Len() != 1 {
			t.Errorf("%s: the other has %d messages", pattern.Types[typ].Name, got.Len())
		}
	}
}
