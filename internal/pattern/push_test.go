package pattern_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
)

// balanced are the types that send to their peers in turn.
var balanced = []pattern.Type{pattern.PUSH, pattern.DEALER}

// https://rfc.zeromq.org/spec/30/
func TestPushSendsWholeMessagesInTurn(t *testing.T) {
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

// https://rfc.zeromq.org/spec/30/
func TestPushReturnsErrWouldBlockWithoutPeers(t *testing.T) {
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

func TestPushQueuesForEndpointWithoutConnection(t *testing.T) {
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

// A full peer is skipped until it has read (HWM+1)/2 messages. Nothing is
// dropped.
// https://rfc.zeromq.org/spec/30/
func TestPushSkipsFullPeerUntilLowWaterMark(t *testing.T) {
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
		for range hwm { // slow is full, so fast gets all messages
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

// Peers connect, disconnect, fill up and read at random.
func TestPushSendsWhileAnyPeerHasRoom(t *testing.T) {
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

// sendsToOne sends a message and fails the test unless exactly one peer with
// room got it.
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

// The remaining peers keep their order, and a peer that is attached later gets
// messages too.
// https://rfc.zeromq.org/spec/30/
func TestPushKeepsTurnsWhenPeerIsDetached(t *testing.T) {
	for detached := range 3 {
		for sent := range 3 {
			s := newSocket(t, pattern.PUSH)
			peers := []*far{s.attach(), s.attach(), s.attach()}
			for range sent {
				s.sent("before")
			}
			peers[detached].detach()
			peers[detached].detach() // Close may detach a pipe again
			next := []*far{}
			for i := range 3 {
				if k := (sent + i) % 3; k != detached {
					next = append(next, peers[k])
				}
			}
			for _, f := range next {
				f.drain()
				s.sent("turn")
				f.wants(message{"turn"})
			}
			peers[detached].drain()
			peers[detached].wants()
			joined := s.attach()
			s.sent("1")
			s.sent("2")
			s.sent("3")
			n := 0
			for _, f := range append(next, joined) {
				n += f.drain()
			}
			if n != 3 || s.queued(peers[detached]) > 2 {
				t.Errorf("three peers got %d of three messages", n)
			}
		}
	}
}

// drain reads all messages that were queued to the peer.
func (f *far) drain() (n int) {
	var m msg.Msg
	for f.p.Out.Next(&m) {
		n++
	}
	return n
}

// https://rfc.zeromq.org/spec/28/
func TestDealerAddsNoFrames(t *testing.T) {
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

func TestDetachedPeerGetsNoTurnWhenItsQueueIsRead(t *testing.T) {
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
			t.Fatal("the queued message was removed")
		}
		f.p.Out.Next(&m)
		s.wantSend(pattern.ErrWouldBlock, "without a peer")
		other := s.attach()
		s.sent("for the other")
		if got := other.p.Out; got.Len() != 1 {
			t.Errorf("%s: the other peer has %d messages", pattern.Types[typ].Name, got.Len())
		}
	}
}
