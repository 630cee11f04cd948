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
	if s.iterator != nil {
		s.singles = singleReceives
		s.reclaim()
	}
	if len(s.returned) > 0 && s.nextReturned(m) {
		// m is a message that a call has given back.
	} else if s.fair != nil {
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
	if s.inbox.waiting.Load() > 0 && (len(s.returned) > 0 || s.receiver.More()) {
		s.inbox.pass()
	}
	return nil
}

// waitRecv calls attempt under recvMu each time that something may be received,
// until it returns neither pattern.ErrWouldBlock nor pattern.ErrYield, or ctx ends.
func (s *Socket) waitRecv(ctx context.Context, attempt func() error) error {
	var w chan struct{}
	for {
		ended := ctx.Err() // without a lock, as a method of the application
		s.recvMu.Lock()
		err := attempt()
		switch {
		case err != pattern.ErrWouldBlock && err != pattern.ErrYield:
			if w != nil {
				s.waiter = w
			}
			s.recvMu.Unlock()
			return err
		case ended != nil:
			s.recvMu.Unlock()
			if err == pattern.ErrYield {
				s.inbox.pass() // no queue will report the messages that remain
			}
			return ended
		case err == pattern.ErrYield:
			s.recvMu.Unlock()
		default:
			if w == nil {
				w = s.newWaiter()
			}
			if err := s.waitLocked(ctx, w); err != nil {
				return err
			}
		}
	}
}

// newWaiter returns a channel for waitLocked: the one of an earlier call that has
// returned, or a new one. The caller holds recvMu.
func (s *Socket) newWaiter() chan struct{} {
	w := s.waiter
	if w == nil {
		return make(chan struct{}, 1)
	}
	s.waiter = nil
	select {
	case <-w: // the pattern has woken the earlier call after the inbox had
	default:
	}
	return w
}

// waitLocked waits until another attempt to receive may succeed. It returns an
// error if ctx has ended or the socket is closed. The caller holds recvMu, and
// waitLocked releases it.
func (s *Socket) waitLocked(ctx context.Context, w chan struct{}) error {
	waiting := s.inbox.wait(w)
	if waiting && s.requester != nil {
		s.requester.AddWaiter(w)
	}
	s.recvMu.Unlock()
	if !waiting {
		return nil
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
		return nil
	case <-ctx.Done():
		s.inbox.cancel(w)
		return ctx.Err()
	case <-s.callsEnd:
		return ErrClosed
	}
}
