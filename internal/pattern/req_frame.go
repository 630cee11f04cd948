package pattern

import (
	"encoding/binary"

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
	if !s.open {
		if err := s.beginRequest(); err != nil {
			return err
		}
	}
	err := s.nextSinglePipe(f, mayWait)
	if err != nil || s.open {
		return err
	}
	s.dropReply() // the reply to the request that this one replaces
	st := &s.strict
	st.waiting, st.queued, st.pipe, st.id, st.hasID = true, false, s.to, s.toID.id, s.toID.has
	s.to = nil
	return nil
}

// beginRequest claims the next peer in turn and ends the current exchange,
// whose reply Recv no longer returns.
func (s *Req) beginRequest() error {
	st := &s.strict
	if st.waiting && !s.opt.Relaxed {
		return ErrInvalidState
	}
	p := s.lb.Pick()
	if p == nil {
		return ErrWouldBlock
	}
	st.waiting, st.pipe = false, nil
	s.claim(p)
	s.to = p
	if s.toID.has = s.opt.Correlate; s.toID.has {
		s.toID.id = s.nextID(strictID)
		s.push(&msg.Frame{Body: binary.BigEndian.AppendUint32(nil, s.toID.id)})
	}
	s.push(new(msg.Frame))
	return nil
}

// SendDiscardsPartialRecv returns true if a request may be sent at any time.
func (s *Req) SendDiscardsPartialRecv() bool { return s.opt.Relaxed }

// Writable reports whether a request is allowed and a peer has room, or a
// request has begun.
func (s *Req) Writable() bool {
	return s.open || (!s.strict.waiting || s.opt.Relaxed) && s.lb.hasRoom()
}

// Readable returns nil if the reply has arrived. libzmq reports true for any
// message that has arrived.
func (s *Req) Readable() error {
	if !s.strict.waiting {
		return ErrInvalidState
	}
	s.ProcessInput()
	if !s.strict.hasReply {
		return ErrWouldBlock
	}
	return nil
}
