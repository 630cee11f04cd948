package pattern

import (
	"fmt"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Dgram is DGRAM: it is bound to one address, and sends and receives datagrams
// of two frames, the other side's address as text and the body. There is no RFC;
// libzmq's manual describes it under zmq_socket(3).
// Rules in docs/CONFORMANCE.md: dgram, dgram-*, udp-types.
type Dgram struct {
	base
	singlePeer // the bound endpoint
	outgoing
	fairReceiver // of the bound endpoint, and of earlier ones until they are read
}

// Attach takes the one pipe. (libzmq lets a second bind succeed that does
// nothing.)
func (s *Dgram) Attach(p *pipe.Pipe) error {
	if err := s.take(p); err != nil {
		return fmt.Errorf("%w: a DGRAM is bound to one endpoint", ErrAlreadyBound)
	}
	return nil
}

func (s *Dgram) Detach(p *pipe.Pipe) { s.release(p); s.removePipe(p) }

// Send queues an address and a body. It waits until the socket is bound.
func (s *Dgram) Send(m msg.Msg) error {
	switch {
	case len(m.Rest) != 1:
		return ErrInvalidMessage
	case s.tooLarge(m.Rest[0]):
		return s.errTooLarge(m.Rest[0])
	}
	return s.put(&m)
}

// tooLarge reports whether a body is longer than a datagram may be.
func (s *Dgram) tooLarge(body []byte) bool {
	return s.peer != nil && s.peer.MaxSize > 0 && len(body) > s.peer.MaxSize
}

func (s *Dgram) errTooLarge(body []byte) error {
	return fmt.Errorf("%w: a body of %d bytes, of at most %d", ErrMessageTooLarge, len(body), s.peer.MaxSize)
}

// SendFrame takes an address, which must have a frame behind it, and then a
// body, which must not. A body that is refused may be followed by another.
// (dgram.cpp: xsend)
func (s *Dgram) SendFrame(f *msg.Frame, mayWait bool) error {
	switch {
	case f.More == s.open:
		return ErrInvalidMessage
	case s.open && s.tooLarge(f.Body):
		return s.errTooLarge(f.Body)
	case s.open:
	case !s.hasRoom():
		return ErrWouldBlock
	default:
		s.claim(s.peer)
	}
	return s.nextSinglePipe(f, mayWait)
}

// Writable reports whether the socket is bound and has room, or is in the middle
// of a message.
func (s *Dgram) Writable() bool { return s.open || s.hasRoom() }
