package socket

import (
	"context"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
)

// Send queues m. It waits while the pattern has nowhere to put it, until ctx
// ends; an error means that nothing was sent. Frames below msg.LargeFrame are
// copied, larger ones taken over.
func (s *Socket) Send(ctx context.Context, m *msg.Msg) error {
	err := s.TrySend(m)
	if err != pattern.ErrWait {
		return err
	}
	return s.waitSend(ctx, m, func() error { return s.sender.Send(m) })
}

// TrySend is Send without waiting: it returns pattern.ErrWait instead.
func (s *Socket) TrySend(m *msg.Msg) error {
	size := m.Size()
	s.lockSend()
	if s.closed.Load() {
		s.unlockSend()
		return ErrClosed
	}
	err := s.sender.Send(m)
	if err == nil {
		s.sent.msgs++
		s.sent.bytes += uint64(size)
	}
	s.unlockSend()
	return err
}

// SendTo queues m to the peer with that routing id, as Send does.
func (s *Socket) SendTo(ctx context.Context, id string, m *msg.Msg) error {
	err := s.TrySendTo(id, m)
	if err != pattern.ErrWait {
		return err
	}
	return s.waitSend(ctx, m, func() error { return s.router.SendTo(id, m) })
}

// TrySendTo is SendTo without waiting.
func (s *Socket) TrySendTo(id string, m *msg.Msg) error {
	return s.try(m, func() error { return s.router.SendTo(id, m) })
}

// try makes one attempt to send.
func (s *Socket) try(m *msg.Msg, send func() error) error {
	size := m.Size()
	s.lockSend()
	defer s.unlockSend()
	if s.closed.Load() {
		return ErrClosed
	}
	err := send()
	if err == nil {
		s.sent.msgs++
		s.sent.bytes += uint64(size)
	}
	return err
}

// waitSend repeats an attempt each time that something changes.
func (s *Socket) waitSend(ctx context.Context, m *msg.Msg, send func() error) error {
	size := m.Size()
	for {
		s.lockSend()
		if s.closed.Load() {
			s.unlockSend()
			return ErrClosed
		}
		err := send()
		if err != pattern.ErrWait {
			if err == nil {
				s.sent.msgs++
				s.sent.bytes += uint64(size)
			}
			s.unlockSend()
			return err
		}
		if err := ctx.Err(); err != nil {
			s.unlockSend()
			return err
		}
		w := make(chan struct{}, 1)
		s.sendWaiters = append(s.sendWaiters, w)
		s.unlockSend()
		select {
		case <-w:
		case <-ctx.Done():
			s.forgetSender(w)
			return ctx.Err()
		case <-s.closedc:
			return ErrClosed
		}
	}
}

func (s *Socket) forgetSender(w chan struct{}) {
	s.sendMu.Lock()
	defer s.sendMu.Unlock()
	for i, x := range s.sendWaiters {
		if x == w {
			s.sendWaiters = append(s.sendWaiters[:i], s.sendWaiters[i+1:]...)
			return
		}
	}
}
