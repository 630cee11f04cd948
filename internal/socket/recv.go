package socket

import (
	"context"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
)

// tryBatches is how many times a call that does not wait releases recvMu while all
// messages that it finds are unwanted. Then it returns pattern.ErrWouldBlock.
const tryBatches = 16

// Recv receives the next message into m. It waits for one until ctx ends; an
// error means that no message was taken.
func (s *Socket) Recv(ctx context.Context, m *msg.Msg) error {
	err := s.TryRecv(m)
	if err == pattern.ErrWouldBlock {
		return s.waitRecv(ctx, func() error { return s.recvLocked(m) })
	}
	return err
}

// TryRecv is like Recv but does not wait: it returns pattern.ErrWouldBlock
// instead, also when it has dropped as many unwanted messages as one call may.
func (s *Socket) TryRecv(m *msg.Msg) error {
	s.recvMu.Lock()
	err := s.recvLocked(m)
	s.recvMu.Unlock()
	if err == pattern.ErrYield {
		return s.tryAgain(func() error { return s.recvLocked(m) })
	}
	return err
}

// tryAgain calls attempt under recvMu, after an attempt that returned
// pattern.ErrYield, and again while it returns that.
func (s *Socket) tryAgain(attempt func() error) error {
	for range tryBatches - 1 {
		s.recvMu.Lock()
		err := attempt()
		s.recvMu.Unlock()
		if err != pattern.ErrYield {
			return err
		}
	}
	s.inbox.pass() // no queue will report the messages that remain
	return pattern.ErrWouldBlock
}

// recvLocked makes one attempt to receive. If more messages remain and other calls
// wait, it wakes one of them. The caller holds recvMu.
func (s *Socket) recvLocked(m *msg.Msg) error {
	if s.inbox.pending.Load() {
		s.inbox.drain(s.receiver)
	}
	if s.isClosed() {
		return ErrClosed
	}
	if s.fair != nil {
		if s.fair.Next(m) == nil {
			s.peers.sweepUnread() // of pipes that were just read to the end
			return pattern.ErrWouldBlock
		}
	} else {
		// Through an interface, m itself would have to be on the heap.
		if err := s.receiver.Recv(&s.slot); err != nil {
			s.slot = msg.Msg{} // it may be a message that was dropped
			s.peers.sweepUnread()
			return err
		}
		*m, s.slot = s.slot, msg.Msg{}
	}
	s.received.add(m.Size())
	if s.inbox.waiting.Load() > 0 && s.receiver.More() {
		s.inbox.pass()
	}
	return nil
}

// waitRecv calls attempt under recvMu each time that something may be received,
// until it returns neither pattern.ErrWouldBlock nor pattern.ErrYield, or ctx ends.
func (s *Socket) waitRecv(ctx context.Context, attempt func() error) error {
	ctx.Err() // a nil context panics here, before anything is locked
	w := make(chan struct{}, 1)
	for {
		s.recvMu.Lock()
		if err := s.waitLocked(ctx, w, attempt()); err != pattern.ErrWouldBlock {
			return err
		}
	}
}

// waitLocked waits, after an attempt to receive that returned err, until another
// attempt may succeed; then it returns pattern.ErrWouldBlock. Otherwise it returns
// the result of the call. The caller holds recvMu, and waitLocked releases it.
func (s *Socket) waitLocked(ctx context.Context, w chan struct{}, err error) error {
	if err != pattern.ErrWouldBlock && err != pattern.ErrYield {
		s.recvMu.Unlock()
		return err
	}
	if ended := ctx.Err(); ended != nil {
		s.recvMu.Unlock()
		if err == pattern.ErrYield {
			s.inbox.pass() // no queue will report the messages that remain
		}
		return ended
	}
	if err == pattern.ErrYield {
		s.recvMu.Unlock()
		return pattern.ErrWouldBlock
	}
	waiting := s.inbox.wait(w)
	if waiting && s.requester != nil {
		s.requester.AddWaiter(w)
	}
	s.recvMu.Unlock()
	if !waiting {
		return pattern.ErrWouldBlock
	}
	if s.requester != nil {
		defer func() {
			s.recvMu.Lock()
			s.requester.RemoveWaiter(w)
			s.recvMu.Unlock()
		}()
	}
	select {
	case <-w:
		if s.requester != nil {
			// The pattern, and not the inbox, may have woken it.
			s.inbox.remove(w)
		}
		return pattern.ErrWouldBlock
	case <-ctx.Done():
		s.inbox.cancel(w)
		return ctx.Err()
	case <-s.callsEnd:
		return ErrClosed
	}
}
