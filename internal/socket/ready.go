package socket

import (
	"slices"

	"github.com/zerobroker/zmq/internal/pattern"
)

// closed is the channel that Ready returns if a call would not wait.
var closed = make(chan struct{})

func init() { close(closed) }

// Ready returns a channel that is closed if TryRecv would not return
// pattern.ErrWouldBlock, or as soon as that may be so. On a REQ or REP for which
// Recv is not allowed it is open.
func (s *Socket) Ready() <-chan struct{} {
	for {
		s.recvMu.Lock()
		if s.canRecvLocked() {
			s.recvMu.Unlock()
			return closed
		}
		// Under recvMu, every queue has been found empty and reports the next
		// message, unless it has done so meanwhile.
		s.inbox.mu.Lock()
		c := s.inbox.ready
		switch {
		case s.inbox.pending.Load():
			c = nil
		case c == nil:
			c = make(chan struct{})
			s.inbox.ready = c
		}
		s.inbox.mu.Unlock()
		s.recvMu.Unlock()
		if c != nil {
			return c
		}
	}
}

// CanRecv reports whether the channel of Ready is closed.
func (s *Socket) CanRecv() bool {
	s.recvMu.Lock()
	defer s.recvMu.Unlock()
	return s.canRecvLocked()
}

// canRecvLocked is CanRecv for a caller that holds recvMu. It is true, too, if the
// pattern would go on dropping messages in the next call.
func (s *Socket) canRecvLocked() bool {
	switch (Frames{s}).readableLocked() {
	case pattern.ErrWouldBlock, pattern.ErrInvalidState:
		return false
	}
	return true
}

// Receives reports whether the socket type receives messages.
func (s *Socket) Receives() bool { return s.receiver != nil }

// AddWaker makes the socket put an element in w, which has capacity for one, unless
// it has it, each time that CanRecv may have become true after it was false.
func (s *Socket) AddWaker(w chan<- struct{}) {
	s.inbox.mu.Lock()
	defer s.inbox.mu.Unlock()
	s.inbox.wakers = append(s.inbox.wakers, w)
}

// RemoveWaker undoes AddWaker.
func (s *Socket) RemoveWaker(w chan<- struct{}) {
	s.inbox.mu.Lock()
	defer s.inbox.mu.Unlock()
	if i := slices.Index(s.inbox.wakers, w); i >= 0 {
		s.inbox.wakers = slices.Delete(s.inbox.wakers, i, i+1)
	}
}

// Closing returns a channel that is closed when Close has begun and all calls that
// found the socket open have returned or wait.
func (s *Socket) Closing() <-chan struct{} { return s.callsEnd }
