package socket

import (
	"context"
	"errors"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// ErrDirection is returned for a frame that is to be sent on a type that only
// receives, or received on one that only sends.
var ErrDirection = errors.New("socket type does not transfer messages in this direction")

// SendFrame takes the next frame of a message, or the first of another, and
// waits until ctx ends while there is nowhere to put a message that begins. The
// frame's body is the socket's until the message is sent or dropped.
//
// A message claims whom it goes to at its first frame and goes there, whole,
// with the frame that has no More; until then nobody sees it. What the pattern's
// SendFrame says of a type holds here: which frame gets which error, and what
// becomes of a message whose peer leaves in the middle of it.
//
// One goroutine at a time may send a message's frames. Messages that others send
// whole meanwhile go their own way, beside the one that is under way, except on
// REQ and REP, where an exchange belongs to who has begun it: they get
// pattern.ErrInvalidState.
func (s *Socket) SendFrame(ctx context.Context, f *msg.Frame) error {
	ctx.Err() // a nil context panics here, before anything is locked
	if done, err := s.beforeFrame(f); done {
		return err
	}
	return s.send(ctx, s.frameKey(f), uncounted, func() error { return s.nextFrame(f, true) })
}

// TrySendFrame is SendFrame without waiting. Only here a peer that has left in
// the middle of a message is told of, by pattern.ErrWouldBlock for the first frame
// that cannot go there; those behind it are swallowed.
func (s *Socket) TrySendFrame(f *msg.Frame) error {
	if done, err := s.beforeFrame(f); done {
		return err
	}
	return s.send(noWait, s.frameKey(f), uncounted, func() error { return s.nextFrame(f, false) })
}

// beforeFrame sees to what is not for the pattern's SendFrame.
func (s *Socket) beforeFrame(f *msg.Frame) (done bool, err error) {
	if s.framer == nil {
		return true, ErrDirection
	}
	xsub, ok := s.pat.(*pattern.XSub)
	if !ok {
		return false, nil
	}
	s.sendMu.Lock()
	if s.closed.Load() {
		s.sendMu.Unlock()
		return true, ErrClosed
	}
	asked, sent := xsub.TakeSubscription(f)
	if sent {
		s.sent.msgs++
	}
	s.sendMu.Unlock()
	if !asked {
		return false, nil
	}
	return true, s.Subscribe(string(f.Body[1:]), f.Body[0] == 1)
}

// frameKey is what SendFrame waits for: a message that begins waits as one that
// is sent whole, and one that is under way does not wait.
func (s *Socket) frameKey(f *msg.Frame) waitKey {
	s.sendMu.Lock()
	midway := s.framer.InMessage()
	s.sendMu.Unlock()
	switch {
	case midway:
		return waitKey{kind: byAll}
	case s.server != nil:
		return waitKey{kind: byNumber, number: f.Number}
	case s.router != nil && s.waitsForID():
		return waitKey{kind: byID, id: string(f.Body)}
	}
	return s.sendKey(msg.Msg{})
}

// nextFrame has the pattern take a frame, and counts it. The caller holds the
// send lock, and the receive lock too if the pattern is a Lockstep one.
func (s *Socket) nextFrame(f *msg.Frame, mayWait bool) error {
	size := len(f.Body) // the frame may be gone when it is sent
	interrupts := s.lockstep != nil && s.half
	if interrupts && !s.lockstep.SendDiscardsPartialRecv() {
		return pattern.ErrInvalidState
	}
	if err := s.checkNext(size, f.More); err != nil {
		return err
	}
	if err := s.framer.SendFrame(f, mayWait); err != nil {
		return err
	}
	s.countNext(size)
	if interrupts {
		s.dropHalf(pipe.DropStaleReply)
	}
	s.sent.bytes += uint64(size)
	if !s.framer.InMessage() {
		s.sent.msgs++
	}
	return nil
}

// abandonFrames drops what Close finds of a message that is sent in part. Others
// may be sending the rest of it.
func (s *Socket) abandonFrames() (missed int) {
	if s.framer == nil {
		return 0
	}
	s.lockBoth()
	defer s.unlockBoth()
	return s.framer.DropMessage()
}

// Writable reports whether SendFrame would take a frame without waiting, as
// ZMQ_POLLOUT does. It is true for types that drop what they cannot send, and
// also where the answer depends on the peer; the pattern's Writable says more. It
// ignores calls that wait, which have the next room if many messages have passed
// them.
func (s *Socket) Writable() bool {
	w, ok := s.pat.(pattern.Writable)
	if !ok {
		return false
	}
	s.lockSend()
	defer s.unlockSend()
	if s.closed.Load() || s.lockstep != nil && s.half && !s.lockstep.SendDiscardsPartialRecv() {
		return false
	}
	return w.Writable()
}
