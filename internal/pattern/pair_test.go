package pattern_test

import (
	"testing"

	"github.com/zerobroker/zmq/internal/pattern"
)

// https://rfc.zeromq.org/spec/31/
func TestPairRefusesSecondPeerUntilFirstIsDetached(t *testing.T) {
	s := newSocket(t, pattern.PAIR)
	a := s.attach()
	if _, err := s.tryAttach(hwm); err != pattern.ErrPeerExists {
		t.Fatalf("a second peer: %v", err)
	}
	s.sent("for a")
	a.wants(message{"for a"})
	a.sends("from a")
	a.disconnect() // the pipe stays attached, and another one is still refused
	if _, err := s.tryAttach(hwm); err != pattern.ErrPeerExists {
		t.Fatalf("second peer while the first is disconnected: %v", err)
	}
	s.sent("for a again")
	a.detach()
	s.wantSend(pattern.ErrWouldBlock, "without a peer")
	b := s.attach()
	b.sends("from b")
	s.receives("from a")
	s.receives("from b")
	s.sent("for b", "", "whole")
	b.wants(message{"for b", "", "whole"})
	a.wants(message{"for a again"})
}

func TestPairIgnoresDetachOfRefusedPeer(t *testing.T) {
	s := newSocket(t, pattern.PAIR)
	a := s.attach()
	b, err := s.tryAttach(hwm)
	if err == nil {
		t.Fatal("second peer was accepted")
	}
	b.detach()
	s.sent("for a")
	a.wants(message{"for a"})
}

// https://rfc.zeromq.org/spec/31/
func TestPairReturnsErrWouldBlockWhenFull(t *testing.T) {
	s := newSocket(t, pattern.PAIR)
	a := s.attach()
	for range hwm {
		s.sent("m")
	}
	s.wantSend(pattern.ErrWouldBlock, "no room")
	if n := a.drain(); n != hwm {
		t.Errorf("%d messages", n)
	}
	s.sent("room")
	s.wantDrops(0, 0)
}
