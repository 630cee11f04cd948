package pattern

import (
	"fmt"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Dgram implements DGRAM: it is bound to one endpoint, and sends and receives
// datagrams. A message has two frames: the address of the other side as text,
// and the body. There is no RFC; libzmq's manual describes the type in
// zmq_socket(3).
// Rules in docs/CONFORMANCE.md: dgram, dgram-*, udp-types.
type Dgram struct {
	base
	singlePeer // the bound endpoint
	outgoing
	fairReceiver // of the bound endpoint, and of earlier ones until they are read
}

// Attach accepts one pipe at a time. In libzmq a second bind succeeds without
// effect.
func (s *Dgram) Attach(p *pipe.Pipe) error {
	if err := s.take(p); err != nil {
		return fmt.Errorf("%w: a DGRAM is bound to one endpoint", ErrAlreadyBound)
	}
	return nil
}

func (s *Dgram) Detach(p *pipe.Pipe) { s.release(p); s.removePipe(p) }

// Send queues an address and a body. It returns ErrWouldBlock while the socket is not
// bound.
func (s *Dgram) Send(m msg.Msg) error {
	switch {
	case len(m.Rest) != 1:
		return ErrInvalidMessage
	case s.tooLarge(m.Rest[0]):
		return s.errTooLarge(m.Rest[0])
	}
	return s.put(&m)
}

// tooLarge reports whether a body is longer than the largest datagram.
func (s *Dgram) tooLarge(body []byte) bool {
	return s.peer != nil && s.peer.MaxSize > 0 && len(body) > s.peer.MaxSize
}

func (s *Dgram) errTooLarge(body []byte) error {
	return fmt.Errorf("%w: a body of %d bytes, of at most %d", ErrMessageTooLarge, len(body), s.peer.MaxSize)
}

// SendFrame takes an address frame, which must have More set, and then a body
// frame, which must not. After a body that is refused, the next frame is again
// a body. See libzmq, dgram.cpp: xsend.
func (s *Dgram) SendFrame(f *msg.Frame, mayWait bool) error {
	switch {
	case f.More == s.InMessage():
		return ErrInvalidMessage
	case s.InMessage() && s.tooLarge(f.Body):
		return s.errTooLarge(f.Body)
	case s.InMessage():
	case !s.hasRoom():
		return ErrWouldBlock
	default:
		s.claim(s.peer)
	}
	return s.nextSinglePipe(f, mayWait)
}

// Writable reports whether the socket is bound and its queue is not full, or a
// message has begun.
func (s *Dgram) Writable() bool { return s.InMessage() || s.hasRoom() }
