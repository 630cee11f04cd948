package pattern_test

import (
	"errors"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// TestSingleSendsOneFrame: types that are safe to share in libzmq send messages
// of one frame and no others. conformance.md 3.1
func TestSingleSendsOneFrame(t *testing.T) {
	for _, typ := range []pattern.Type{pattern.CLIENT, pattern.SCATTER, pattern.CHANNEL} {
		s := newSocket(t, typ)
		s.wantSend(pattern.ErrInvalidMessage, "two", "frames")
		f := s.connect("")
		s.wantSend(pattern.ErrInvalidMessage, "two", "frames")
		s.sent("one")
		f.wants(message{"one"})
	}
	for _, typ := range []pattern.Type{pattern.SERVER, pattern.PEER} {
		s := newSocket(t, typ)
		f := s.connect("")
		s.wantSendToNumber(pattern.ErrInvalidMessage, f.p.Number, "two", "frames")
		f.wants()
	}
	s := newSocket(t, pattern.RADIO)
	s.connect("").sends("\x01g")
	s.wantSend(pattern.ErrInvalidMessage, "g")
	s.wantSend(pattern.ErrInvalidMessage, "g", "two", "frames")
}

// TestSingleReceivesOneFrame: messages of more are dropped whole, and counted.
// conformance.md 3.1
func TestSingleReceivesOneFrame(t *testing.T) {
	for _, typ := range []pattern.Type{pattern.CLIENT, pattern.SERVER, pattern.PEER, pattern.GATHER, pattern.CHANNEL} {
		s := newSocket(t, typ)
		f := s.connect("")
		f.sends("two", "frames")
		f.sends("one")
		f.sends("three", "", "")
		s.receives("one")
		s.wantRecv(pattern.ErrWouldBlock)
		s.wantDrops(pipe.DropMalformed, 2)
	}
}

// TestClientRoundRobin: to its servers in turn, and from them in turn.
func TestClientRoundRobin_RFC41(t *testing.T) {
	s := newSocket(t, pattern.CLIENT)
	s.wantSend(pattern.ErrWouldBlock, "nobody there")
	a, b := s.connect(""), s.connect("")
	for _, m := range []string{"1", "2", "3", "4"} {
		s.sent(m)
	}
	a.wants(message{"1"}, message{"3"})
	b.wants(message{"2"}, message{"4"})
	a.sends("a1")
	a.sends("a2")
	b.sends("b1")
	s.receives("a1")
	s.receives("b1")
	s.receives("a2")
}

// TestClientWaits: nothing is dropped for want of room.
func TestClientWaits_RFC41(t *testing.T) {
	for _, typ := range []pattern.Type{pattern.CLIENT, pattern.SCATTER, pattern.CHANNEL} {
		s := newSocket(t, typ)
		f := s.connect("")
		for range hwm {
			s.sent("fill")
		}
		s.wantSend(pattern.ErrWouldBlock, "too much")
		f.wants(message{"fill"}, message{"fill"}, message{"fill"}, message{"fill"})
		s.sent("again")
		s.wantDrops(0, 0)
	}
}

// wantSendToNumber fails the test unless sending by number has that result.
func (s *socket) wantSendToNumber(want error, number uint32, frames ...string) {
	s.t.Helper()
	s.sendMu.Lock()
	defer s.sendMu.Unlock()
	if err := s.pat.(pattern.NumberRouter).SendToNumber(number, message(frames).msg()); !errors.Is(err, want) {
		s.t.Fatalf("sending %q to %d: %v, want %v", frames, number, err, want)
	}
}

var numbered = []pattern.Type{pattern.SERVER, pattern.PEER}

// TestServerRoutesByNumber: every peer gets a number that is not 0 and that its
// messages carry; who has none is not reached.
func TestServerRoutesByNumber_RFC41(t *testing.T) {
	for _, typ := range numbered {
		s := newSocket(t, typ)
		a, b := s.connect(""), s.connect("")
		a.sends("from a")
		b.sends("from b")
		for _, f := range []*far{a, b} {
			var m msg.Msg
			if err := s.receiver().Recv(&m); err != nil {
				t.Fatal(err)
			}
			if m.From.Number == 0 || m.From.Number != f.p.Number {
				t.Errorf("number %d, want %d", m.From.Number, f.p.Number)
			}
			s.wantSendToNumber(nil, m.From.Number, "back to "+string(m.First))
		}
		a.wants(message{"back to from a"})
		b.wants(message{"back to from b"})
	}
}

// TestServerNumbers: they are not told twice while in use, never 0, and nobody
// can guess where they start.
func TestServerNumbers_RFC41(t *testing.T) {
	starts := make(map[byte]bool)
	for range 300 {
		f := newSocket(t, pattern.SERVER).connect("")
		starts[byte(f.p.Number>>16)] = true
	}
	if len(starts) < 120 { // of 300 random bytes about 177 are different
		t.Errorf("only %d different bytes in 300 numbers", len(starts))
	}
	s := newSocket(t, pattern.SERVER)
	seen := make(map[uint32]bool)
	for range 1000 {
		f := s.connect("")
		if n := f.p.Number; n == 0 || seen[n] {
			t.Fatalf("number %d", n)
		}
		seen[f.p.Number] = true
		if len(seen)%2 == 0 {
			f.detach()
		}
	}
}

// TestServerUnroutable: a number that nobody has, or has any more, is an error
// and nothing is dropped; a peer that is full is waited for.
func TestServerUnroutable_RFC41(t *testing.T) {
	for _, typ := range numbered {
		s := newSocket(t, typ)
		s.wantSendToNumber(pattern.ErrNoRoute, 0, "x")
		s.wantSendToNumber(pattern.ErrNoRoute, 7, "x")
		f := s.connect("")
		n := f.p.Number
		for range hwm {
			s.wantSendToNumber(nil, n, "fill")
		}
		s.wantSendToNumber(pattern.ErrWouldBlock, n, "too much")
		f.wants(message{"fill"}, message{"fill"}, message{"fill"}, message{"fill"})
		s.wantSendToNumber(nil, n, "again")
		f.detach()
		s.wantSendToNumber(pattern.ErrNoRoute, n, "gone")
		s.wantDrops(0, 0)
	}
}

// TestServerParts: who is parted with has no number any more, also when the
// socket then takes its pipe away and another peer has come.
func TestServerParts(t *testing.T) {
	s := newSocket(t, pattern.SERVER)
	a, b := s.connect(""), s.connect("")
	r := s.pat.(pattern.NumberRouter)
	if p := r.Take(a.p.Number); p != a.p {
		t.Fatal("not its pipe")
	}
	if p := r.Take(a.p.Number); p != nil {
		t.Fatal("taken twice")
	}
	s.wantSendToNumber(pattern.ErrNoRoute, a.p.Number, "x")
	a.detach()
	s.wantSendToNumber(nil, b.p.Number, "x")
}
