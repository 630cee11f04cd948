package pattern_test

import (
	"testing"

	"github.com/zerobroker/zmq/internal/pattern"
)

// TestPairFirstPeerWins: a second peer is refused, until the first is gone.
func TestPairFirstPeerWins_RFC31(t *testing.T) {
	s := newSocket(t, pattern.PAIR)
	a := s.attach()
	if _, err := s.tryAttach(hwm); err != pattern.ErrPeerExists {
		t.Fatalf("a second peer: %v", err)
	}
	s.sent("for a")
	a.wants(message{"for a"})
	a.sends("from a")
	a.disconnect() // it may come back: still nobody else
	if _, err := s.tryAttach(hwm); err != pattern.ErrPeerExists {
		t.Fatalf("a second peer, with the first away: %v", err)
	}
	s.sent("for a again")
	a.detach()
	s.wantSend(pattern.ErrWouldBlock, "for nobody")
	b := s.attach()
	b.sends("from b")
	s.receives("from a")
	s.receives("from b")
	s.sent("for b", "", "whole")
	b.wants(message{"for b", "", "whole"})
	a.wants(message{"for a again"})
}

// TestPairRefusedDoesNotMatter: one that was refused and goes takes nothing
// along.
func TestPairRefusedDoesNotMatter(t *testing.T) {
	s := newSocket(t, pattern.PAIR)
	a := s.attach()
	b, err := s.tryAttach(hwm)
	if err == nil {
		t.Fatal("a second peer was taken")
	}
	b.detach()
	s.sent("for a")
	a.wants(message{"for a"})
}

// TestPairWaitsWhenFull: nothing is discarded.
func TestPairWaitsWhenFull_RFC31(t *testing.T) {
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
