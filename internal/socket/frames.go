package socket

import (
	"context"
	"errors"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Frames are the methods of a socket that send and receive messages frame by
// frame, as libzmq does.
type Frames struct{ s *Socket }

// Frames returns the methods of s for single frames.
func (s *Socket) Frames() Frames { return Frames{s} }

// ErrDirection is returned for a frame that is sent on a type that only receives,
// or received on a type that only sends.
var ErrDirection = errors.New("socket type does not transfer messages in this direction")

// SendFrame takes the next frame of a message, or the first frame of another, and
// waits until ctx ends while no peer can take a message that begins. The frame's
// body belongs to the socket until the message is sent or dropped.
//
// A message is assigned to its peers with its first frame, and is queued to them,
// whole, with the frame that has no More. No peer receives a part of it. The
// pattern's SendFrame documents for each type which frame gets which error, and
// what happens to a message whose peer disconnects meanwhile.
//
// One goroutine at a time may send the frames of messages. Whole messages that
// other goroutines send meanwhile do not mix with it. On REQ and REP such calls
// get pattern.ErrInvalidState, because the exchange belongs to the message that
// has begun.
func (f Frames) SendFrame(ctx context.Context, fr *msg.Frame) error {
	s := f.s
	if s.framer == nil {
		return ErrDirection
	}
	if s.subParser != nil {
		if taken, err := f.takeSubscription(fr); taken || err != nil {
			return err
		}
	}
	return s.send(ctx, f.key(fr), uncounted, func() error { return f.next(fr, ctx != noWait) })
}

// TrySendFrame is like SendFrame but does not wait. Only TrySendFrame reports
// that a peer has disconnected in the middle of a message: by
// pattern.ErrWouldBlock for the first frame that cannot be sent to it. It drops
// the frames after that one.
func (f Frames) TrySendFrame(fr *msg.Frame) error { return f.SendFrame(noWait, fr) }

// takeSubscription changes the subscriptions of the socket if the frame demands
// that, and reports whether it does.
func (f Frames) takeSubscription(fr *msg.Frame) (taken bool, err error) {
	s := f.s
	s.sendMu.Lock()
	if s.isClosed() {
		s.sendMu.Unlock()
		return false, ErrClosed
	}
	taken, sent := s.subParser.TakeSubscription(fr)
	if sent {
		s.sent.msgs++
	}
	s.sendMu.Unlock()
	if !taken {
		return false, nil
	}
	return true, s.Topics().Subscribe(string(fr.Body[1:]), fr.Body[0] == 1)
}

// key returns what SendFrame waits for. The first frame waits like a whole
// message, the others do not wait.
func (f Frames) key(fr *msg.Frame) waitKey {
	s := f.s
	s.sendMu.Lock()
	midway := s.framer.InMessage()
	s.sendMu.Unlock()
	switch {
	case midway:
		return waitKey{kind: byAll}
	case s.numbers != nil:
		return waitKey{kind: byNumber, number: fr.Number}
	case s.router != nil && s.waitsForID():
		return waitKey{kind: byID, id: string(fr.Body)}
	}
	return s.sendKey(msg.Msg{})
}

// next has the pattern take a frame, and counts it. The caller holds the send
// lock, and recvMu too if the pattern is a Lockstep.
func (f Frames) next(fr *msg.Frame, mayWait bool) error {
	s := f.s
	size := len(fr.Body) // before the pattern clears it
	interrupts := s.lockstep != nil && s.partial.unread
	if interrupts && !s.lockstep.SendDiscardsPartialRecv() {
		return pattern.ErrInvalidState
	}
	if err := s.sizes.checkNext(s.sending, size, fr.More); err != nil {
		return err
	}
	if err := s.framer.SendFrame(fr, mayWait); err != nil {
		return err
	}
	s.sent.bytes += uint64(size)
	if s.framer.InMessage() {
		s.sending.add(size)
	} else {
		s.sending = partSize{}
		s.sent.msgs++
	}
	if interrupts {
		f.dropPartial(pipe.DropStaleReply)
	}
	return nil
}

// dropUnsent drops the message of which some frames were sent, and returns the
// number of dropped messages.
func (f Frames) dropUnsent() (messages int) {
	if f.s.framer == nil {
		return 0
	}
	f.s.lockBoth()
	defer f.s.unlockBoth()
	return f.s.framer.DropMessage()
}

// Writable reports whether SendFrame would take a frame without waiting, as
// ZMQ_POLLOUT does. It is true for types that drop what they cannot send, and if
// the answer depends on the peer; the pattern's Writable has the details. It
// ignores blocked calls, although the next capacity is reserved for them if many
// messages have passed them (sendLine).
func (f Frames) Writable() bool {
	s := f.s
	w, ok := s.pat.(pattern.Writable)
	if !ok {
		return false
	}
	s.lockSend()
	defer s.unlockSend()
	if s.isClosed() || s.lockstep != nil && s.partial.unread && !s.lockstep.SendDiscardsPartialRecv() {
		return false
	}
	return w.Writable()
}

// partialMessage is a message that is received frame by frame. recvMu guards it.
type partialMessage struct {
	remaining msg.Msg // the frames that RecvFrame has not returned
	unread    bool    // remaining has frames
}

// RecvFrame receives the next frame of a message into fr, and waits for a message
// until ctx ends. The frame after one that has More is there at once, even if the
// sender has disconnected.
//
// On ROUTER and STREAM the first frame of a message is the routing ID of its
// sender; the messages of RADIO have the group in fr.Group, and those of SERVER and
// PEER the number of the sender in fr.Number.
//
// One goroutine at a time may receive the frames of messages. Recv in the middle
// of a message receives the next message whole; the frames that are not received
// remain for RecvFrame.
func (f Frames) RecvFrame(ctx context.Context, fr *msg.Frame) error {
	err := f.TryRecvFrame(fr)
	if err != pattern.ErrWouldBlock {
		return err
	}
	return f.s.waitRecv(ctx, func() error { return f.recvLocked(fr) })
}

// TryRecvFrame is like RecvFrame but does not wait: it returns
// pattern.ErrWouldBlock instead.
func (f Frames) TryRecvFrame(fr *msg.Frame) error {
	if f.s.receiver == nil {
		return ErrDirection
	}
	f.s.recvMu.Lock()
	err := f.recvLocked(fr)
	f.s.recvMu.Unlock()
	if err == pattern.ErrYield {
		return f.s.tryAgain(func() error { return f.recvLocked(fr) })
	}
	return err
}

// recvLocked makes one attempt to receive a frame. The caller holds recvMu.
func (f Frames) recvLocked(fr *msg.Frame) error {
	s, m := f.s, &f.s.partial
	if m.unread {
		if s.isClosed() {
			return ErrClosed
		}
		m.unread = m.remaining.Shift(fr)
		return nil
	}
	if err := s.recvLocked(&m.remaining); err != nil {
		return err
	}
	switch {
	case s.info.IDFirst:
		from := m.remaining.From
		*fr = msg.Frame{Body: []byte(from.RoutingID), More: true, From: from}
		m.unread = true
	case s.info.Groups:
		// The pattern receives only messages of a group and one body.
		m.remaining.Shift(fr)
		group := string(fr.Body)
		m.remaining.Shift(fr)
		fr.Group = group
	default:
		m.unread = m.remaining.Shift(fr)
	}
	return nil
}

// More reports whether frames remain of a message that is partially received, as
// ZMQ_RCVMORE does.
func (f Frames) More() bool {
	f.s.recvMu.Lock()
	defer f.s.recvMu.Unlock()
	return f.s.partial.unread
}

// dropPartial drops the frames that are not received of a message. The caller
// holds recvMu.
func (f Frames) dropPartial(why pipe.Drop) {
	if f.s.partial.unread {
		f.s.partial = partialMessage{}
		f.s.drops.Add(why, 1)
	}
}

// dropUnread is like dropPartial for Close.
func (f Frames) dropUnread() {
	f.s.recvMu.Lock()
	defer f.s.recvMu.Unlock()
	f.dropPartial(pipe.DropUnread)
}

// Readable reports whether RecvFrame would return at once, as ZMQ_POLLIN does, and
// whether Recv would unless a message is partially received. Unlike in libzmq it is
// false if all messages would be dropped. If there are more of these than one call
// may drop, it is true, so that the caller tries again.
func (f Frames) Readable() bool {
	if f.s.receiver == nil {
		return false
	}
	for range tryBatches {
		f.s.recvMu.Lock()
		err := f.readableLocked()
		f.s.recvMu.Unlock()
		if err != pattern.ErrYield {
			return err == nil
		}
	}
	return true
}

// readableLocked is Readable, with an error as the pattern's Readable returns it.
func (f Frames) readableLocked() error {
	s := f.s
	switch {
	case s.isClosed():
		return ErrClosed
	case s.partial.unread:
		return nil
	}
	if s.reclaim(); s.hasReturned() {
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
