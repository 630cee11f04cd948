package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
)

// SendFrame sends the request of the strict exchange frame by frame. After the
// last frame, Recv waits for the reply. In the middle of the request, Send and
// Recv return ErrInvalidState, unless Relaxed is set. Then Send begins an exchange
// that ends when this request is complete. See libzmq, req.cpp: xsend.
//
// A reply that arrives before the request is complete is dropped. libzmq
// accepts it unless Correlate is set.
//
// If the peer disconnects in the middle of the request, the remaining frames
// are discarded. If the last frame is discarded, Recv waits for a reply that
// never arrives, as in libzmq. If SendFrame returns an error for the last
// frame, there is no exchange.
func (s *Req) SendFrame(f *msg.Frame, mayWait bool) error {
	if !s.InMessage() {
		if err := s.beginRequest(); err != nil {
			return err
		}
	}
	err := s.nextSinglePipe(f, mayWait)
	if err != nil || s.InMessage() {
		return err
	}
	s.dropReply() // of an exchange that Send has begun meanwhile
	st := &s.strict
	st.state, st.pipe, st.id = strictWaiting, s.to, s.toID
	s.to = nil
	return nil
}

// beginRequest claims the next peer in turn and ends the current exchange,
// whose reply Recv no longer returns.
func (s *Req) beginRequest() error {
	st := &s.strict
	if st.state != strictNone && !s.opt.Relaxed {
		return ErrInvalidState
	}
	p := s.lb.Pick()
	if p == nil {
		return ErrWouldBlock
	}
	s.dropReply()
	st.state, st.pipe = strictNone, nil
	s.claim(p)
	s.to, s.toID = p, s.requestID()
	if id := encodeID(s.toID); id != nil {
		s.push(&msg.Frame{Body: id})
	}
	s.push(new(msg.Frame))
	return nil
}

// SendDiscardsPartialRecv returns true if a request may be sent at any time.
func (s *Req) SendDiscardsPartialRecv() bool { return s.opt.Relaxed }

// Writable reports whether a request is allowed and a peer has room, or a
// request has begun.
func (s *Req) Writable() bool {
	return s.InMessage() || (s.strict.state == strictNone || s.opt.Relaxed) && s.lb.hasRoom()
}

// Readable returns nil if the reply has arrived. libzmq reports true for any
// message that has arrived.
func (s *Req) Readable() error {
	if s.strict.state == strictNone {
		return ErrInvalidState
	}
	s.ProcessInput()
	if s.strict.state != strictReplied {
		return ErrWouldBlock
	}
	return nil
}
