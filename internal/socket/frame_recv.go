package socket

import (
	"context"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// RecvFrame takes the next frame of a message into f, and waits for a message
// until ctx ends. Behind a frame that has More the next is there at once,
// whatever has become of its sender.
//
// On ROUTER and STREAM the first frame of a message is the routing id of its
// sender; of the messages of RADIO the group is in f.Group, and of those of
// SERVER and PEER the number of the sender in f.Number.
//
// One goroutine at a time may receive a message's frames. Recv in the middle of
// a message takes the next one whole; the frames that are left stay for
// RecvFrame.
func (s *Socket) RecvFrame(ctx context.Context, f *msg.Frame) error {
	err := s.TryRecvFrame(f)
	if err != pattern.ErrWouldBlock {
		return err
	}
	ctx.Err() // a nil context is to panic here, before anything is locked
	w := make(chan struct{}, 1)
	for {
		s.recvMu.Lock()
		if err = s.waitLocked(ctx, w, s.frameLocked(f)); err != pattern.ErrWouldBlock {
			return err
		}
	}
}

// TryRecvFrame is RecvFrame that returns pattern.ErrWouldBlock instead of waiting.
func (s *Socket) TryRecvFrame(f *msg.Frame) error {
	if s.receiver == nil {
		return ErrDirection
	}
	s.recvMu.Lock()
	err := s.frameLocked(f)
	s.recvMu.Unlock()
	if err == pattern.ErrYield {
		return s.tryOn(func() error { return s.frameLocked(f) })
	}
	return err
}

// frameLocked makes one attempt to receive a frame.
func (s *Socket) frameLocked(f *msg.Frame) error {
	if s.half {
		if s.closed.Load() {
			return ErrClosed
		}
		s.half = s.whole.Shift(f)
		return nil
	}
	if err := s.recvLocked(&s.whole); err != nil {
		return err
	}
	switch {
	case s.info.IDFirst:
		from := s.whole.From
		*f = msg.Frame{Body: []byte(from.RoutingID), More: true, From: from}
		s.half = true
	case s.info.Groups:
		// The pattern has seen to it that there is a body, and only one.
		s.whole.Shift(f)
		group := string(f.Body)
		s.whole.Shift(f)
		f.Group = group
	default:
		s.half = s.whole.Shift(f)
	}
	return nil
}

// dropHalf drops the frames that are left of the message being received. The
// caller holds recvMu.
func (s *Socket) dropHalf(why pipe.Drop) {
	if s.half {
		s.half, s.whole = false, msg.Msg{}
		s.drops.Add(why, 1)
	}
}

// forgetFrames drops what Close finds of a message that is received in part.
func (s *Socket) forgetFrames() {
	s.recvMu.Lock()
	defer s.recvMu.Unlock()
	s.dropHalf(pipe.DropUnread)
}

// Readable reports whether RecvFrame, or Recv unless a message is received in
// part, would return something at once, as ZMQ_POLLIN does. Unlike that of
// libzmq it is not true for what is going to be dropped, unless it has dropped
// as much as one call may: then it is true, so that the caller tries again.
func (s *Socket) Readable() bool {
	if s.receiver == nil {
		return false
	}
	for range tryBatches {
		s.recvMu.Lock()
		err := s.readableLocked()
		s.recvMu.Unlock()
		if err != pattern.ErrYield {
			return err == nil
		}
	}
	return true
}

// readableLocked is Readable, with an error as pattern.Readable has it.
func (s *Socket) readableLocked() error {
	switch {
	case s.closed.Load():
		return ErrClosed
	case s.half:
		return nil
	}
	s.inbox.drain(s.receiver)
	if s.fair != nil {
		if !s.fair.HasNext() {
			return pattern.ErrWouldBlock
		}
		return nil
	}
	return s.pat.(pattern.Readable).Readable()
}
