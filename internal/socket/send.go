package socket

import (
	"context"
	"slices"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// TrySend queues m, or returns pattern.ErrWouldBlock while the pattern has nowhere to
// put it; after an error nothing was sent. A message above the limits of what the
// socket receives gets pattern.ErrMessageTooLarge, here and in every method that sends.
// Frames below msg.LargeFrame are
// copied, larger ones taken over.
func (s *Socket) TrySend(m msg.Msg) error {
	if s.xsub != nil {
		return s.sendUpstream(m)
	}
	return s.trySend(m)
}

func (s *Socket) trySend(m msg.Msg) error {
	if err := s.checkMessage(&m, s.idFrames()); err != nil {
		return err
	}
	return s.attempt(s.sendKey(m), m.Size(), func() error { return s.sender.Send(m) })
}

// TrySendFrames is TrySend for frames that are not kept: they are copied, so
// that neither they nor the slice need be on the heap. None of them may be as
// large as msg.LargeFrame.
func (s *Socket) TrySendFrames(frames [][]byte) error {
	if s.balance != nil && len(frames) == 1 {
		return s.tryFrame(frames[0])
	}
	if s.xsub != nil {
		return s.sendUpstream(msg.Of(slices.Clone(frames)...))
	}
	if err := s.checkFrames(frames); err != nil {
		return err
	}
	s.lockSend()
	m := msg.Msg{First: frames[0]}
	size := len(m.First)
	if len(frames) > 1 {
		s.frames = append(s.frames[:0], frames[1:]...)
		m.Rest = s.frames
		size = m.Size()
	}
	key := waitKey{kind: byAll}
	if s.router == nil || len(s.lines.other) > 0 { // a key with a routing ID is an allocation
		key = s.sendKey(m)
	}
	err := s.attemptPast(key, size, func() error { return s.sender.Send(m) })
	clear(s.frames)
	s.unlockSend()
	return err
}

// tryFrame is the path of most messages.
func (s *Socket) tryFrame(f []byte) error {
	if int64(len(f)) > s.sizes.frame {
		return s.refuseIfOpen(s.sizes.check(1, int64(len(f)), int64(len(f))))
	}
	s.sendMu.Lock()
	var p *pipe.Pipe
	if s.lines.any.mayPass() {
		p = s.balance.Pick()
	}
	if p == nil || s.closed.Load() {
		s.sendMu.Unlock()
		if s.closed.Load() {
			return ErrClosed
		}
		return pattern.ErrWouldBlock
	}
	p.Out.PutFrame(f)
	s.lines.any.pass()
	s.sent.msgs++
	s.sent.bytes += uint64(len(f))
	s.sendMu.Unlock()
	return nil
}

// Send is TrySend that waits until ctx ends.
func (s *Socket) Send(ctx context.Context, m msg.Msg) error {
	if s.xsub != nil {
		return s.sendUpstream(m)
	}
	if err := s.checkMessage(&m, s.idFrames()); err != nil {
		return err
	}
	return s.waitSend(ctx, s.sendKey(m), m.Size(), func() error { return s.sender.Send(m) })
}

// SendTo queues m to the peer with that routing id, as Send does.
func (s *Socket) SendTo(ctx context.Context, id string, m msg.Msg) error {
	if err := s.checkMessage(&m, 0); err != nil {
		return err
	}
	return s.waitSend(ctx, s.idKey(id, m.Size()), m.Size(), func() error { return s.router.SendTo(id, m) })
}

// TrySendTo is SendTo without waiting.
func (s *Socket) TrySendTo(id string, m msg.Msg) error {
	if err := s.checkMessage(&m, 0); err != nil {
		return err
	}
	return s.attempt(s.idKey(id, m.Size()), m.Size(), func() error { return s.router.SendTo(id, m) })
}

// SendToNumber queues m to the peer with that routing number, as Send does.
func (s *Socket) SendToNumber(ctx context.Context, number uint32, m msg.Msg) error {
	if err := s.checkMessage(&m, 0); err != nil {
		return err
	}
	return s.waitSend(ctx, waitKey{kind: byNumber, number: number}, m.Size(), func() error { return s.server.SendToNumber(number, m) })
}

// TrySendToNumber is SendToNumber without waiting.
func (s *Socket) TrySendToNumber(number uint32, m msg.Msg) error {
	if err := s.checkMessage(&m, 0); err != nil {
		return err
	}
	return s.attempt(waitKey{kind: byNumber, number: number}, m.Size(), func() error { return s.server.SendToNumber(number, m) })
}

// sendUpstream sends a message of an XSUB: its frames that subscribe or cancel
// change the subscriptions, and the others go to the publishers. It never waits.
func (s *Socket) sendUpstream(m msg.Msg) error {
	changes, rest, ok := s.xsub.SplitSubscriptions(m)
	for _, c := range changes {
		if err := s.Subscribe(string(c[1:]), c[0] == 1); err != nil {
			return err
		}
	}
	if !ok {
		return nil
	}
	return s.trySend(rest)
}

// SendGroup queues m to all who have joined the group, as Send does. The socket
// is a RADIO.
func (s *Socket) SendGroup(ctx context.Context, group string, m msg.Msg) error {
	if err := s.checkMessage(&m, -1); err != nil {
		return err
	}
	return s.waitSend(ctx, waitKey{kind: byAll}, m.Size(), func() error { return s.radio.SendGroup(group, m) })
}

// TrySendGroup is SendGroup without waiting.
func (s *Socket) TrySendGroup(group string, m msg.Msg) error {
	if err := s.checkMessage(&m, -1); err != nil {
		return err
	}
	s.sendMu.Lock()
	defer s.sendMu.Unlock()
	if s.closed.Load() {
		return ErrClosed
	}
	err := s.radio.SendGroup(group, m)
	if err == nil {
		s.sent.msgs++
		s.sent.bytes += uint64(len(m.First))
	}
	return err
}

// attempt tries to send once what would wait for key.
func (s *Socket) attempt(key waitKey, size int, send func() error) error {
	s.lockSend()
	defer s.unlockSend()
	return s.attemptPast(key, size, send)
}

// attemptLocked is attempt for a caller that holds the lock. What it sends counts
// with size, unless that is negative.
func (s *Socket) attemptLocked(size int, send func() error) error {
	if s.closed.Load() {
		return ErrClosed
	}
	err := send()
	if err == nil && size >= 0 {
		s.sent.msgs++
		s.sent.bytes += uint64(size)
	}
	return err
}
