package pattern_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

func TestDgramSendsAddressAndBody(t *testing.T) {
	s := newSocket(t, pattern.DGRAM)
	a := s.attach()
	s.sent("addr", "body")
	s.sent("addr", "")
	s.wantSend(pattern.ErrInvalidMessage, "addr")
	s.wantSend(pattern.ErrInvalidMessage, "addr", "body", "more")
	a.wants(message{"addr", "body"}, message{"addr", ""})
	a.sends("addr", "in")
	s.receives("addr", "in")
	s.wantRecv(pattern.ErrWouldBlock)
}

// When the first pipe is detached, another one is accepted, and the messages of
// the first are still received.
func TestDgramRefusesSecondPipe(t *testing.T) {
	s := newSocket(t, pattern.DGRAM)
	s.wantSend(pattern.ErrWouldBlock, "addr", "unbound")
	a := s.attach()
	if _, err := s.tryAttach(hwm); !errors.Is(err, pattern.ErrAlreadyBound) {
		t.Fatalf("a second pipe: %v", err)
	}
	a.sends("addr", "first")
	a.detach()
	s.wantSend(pattern.ErrWouldBlock, "addr", "unbound")
	b := s.attach()
	b.sends("addr", "second")
	s.receives("addr", "first")
	s.receives("addr", "second")
	s.sent("addr", "out")
	a.wants()
	b.wants(message{"addr", "out"})
}

// The size limit applies to the body, not to the address frame.
func TestDgramReturnsErrorForFullQueueOrLargeBody(t *testing.T) {
	s := newSocket(t, pattern.DGRAM)
	a := s.attach()
	a.p.MaxSize = 10
	s.sent(strings.Repeat("a", 50), strings.Repeat("b", 10))
	s.wantSend(pattern.ErrMessageTooLarge, "addr", strings.Repeat("b", 11))
	for range hwm - 1 {
		s.sent("addr", "body")
	}
	s.wantSend(pattern.ErrWouldBlock, "addr", "body")
	s.wantSend(pattern.ErrMessageTooLarge, "addr", strings.Repeat("b", 11))
	if n := a.drain(); n != hwm {
		t.Errorf("%d messages", n)
	}
	s.sent("addr", "body")
	s.wantDrops(pipe.DropHWM, 0)
}
