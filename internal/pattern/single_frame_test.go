package pattern_test

import (
	"errors"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

func TestSingleFrameTypesRefuseSeveralFrames(t *testing.T) {
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

func TestSingleFrameTypesDropReceivedMessagesOfSeveralFrames(t *testing.T) {
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

// https://rfc.zeromq.org/spec/41/
func TestClientSendsAndReceivesInTurn(t *testing.T) {
	s := newSocket(t, pattern.CLIENT)
	s.wantSend(pattern.ErrWouldBlock, "without a peer")
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

// https://rfc.zeromq.org/spec/41/
func TestClientReturnsErrWouldBlockWhenServersAreFull(t *testing.T) {
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

// wantSendToNumber fails the test unless SendToNumber returns want.
func (s *socket) wantSendToNumber(want error, number uint32, frames ...string) {
	s.t.Helper()
	s.sendMu.Lock()
	defer s.sendMu.Unlock()
	if err := s.pat.(*pattern.Server).SendToNumber(number, message(frames).msg()); !errors.Is(err, want) {
		s.t.Fatalf("sending %q to %d: %v, want %v", frames, number, err, want)
	}
}

var numbered = []pattern.Type{pattern.SERVER, pattern.PEER}

// Each peer gets a number other than 0, which its messages carry.
// https://rfc.zeromq.org/spec/41/
func TestServerSendsToPeerByRoutingNumber(t *testing.T) {
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

// https://rfc.zeromq.org/spec/41/
func TestServerAssignsUniqueNumbersFromRandomStart(t *testing.T) {
	starts := make(map[byte]bool)
	for range 300 {
		f := newSocket(t, pattern.SERVER).connect("")
		starts[byte(f.p.Number>>16)] = true
	}
	if len(starts) < 120 { // about 177 of 300 random bytes are different
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

// The error is ErrWouldBlock for a known peer whose queue is full. Nothing is
// dropped.
// https://rfc.zeromq.org/spec/41/
func TestServerReturnsErrNoRouteForUnknownNumber(t *testing.T) {
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
		s.wantSendToNumber(pattern.ErrNoRoute, n, "x")
		s.wantDrops(0, 0)
	}
}

// A later Detach of the removed pipe does not affect a new peer.
func TestServerRemovePeerFreesNumber(t *testing.T) {
	s := newSocket(t, pattern.SERVER)
	a, b := s.connect(""), s.connect("")
	r := s.pat.(*pattern.Server)
	if p := r.RemovePeer(a.p.Number); p != a.p {
		t.Fatal("PipeOf does not return the pipe of the peer")
	}
	if p := r.RemovePeer(a.p.Number); p != nil {
		t.Fatal("RemovePeer returned the pipe twice")
	}
	s.wantSendToNumber(pattern.ErrNoRoute, a.p.Number, "x")
	a.detach()
	s.wantSendToNumber(nil, b.p.Number, "x")
}
