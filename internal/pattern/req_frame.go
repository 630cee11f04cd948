package pattern

import (
	"encoding/binary"

	"github.com/zerobroker/zmq/internal/msg"
)

// SendFrame begins the strict exchange with the first frame of the request, and
// has Recv wait for the reply from the last on. In between neither Send nor
// Recv may be called, unless Relaxed is set: then Send begins an exchange that
// ends when this request is complete. (req.cpp: xsend)
//
// A reply that comes before the request is complete is none to it and dropped;
// libzmq, without Correlate, takes it for one.
//
// A request whose peer leaves in the middle of it is swallowed, and if its last
// frame was, Recv waits for a reply that does not come, as in libzmq. If the
// last frame is the one that fails there is no exchange.
func (s *Req) SendFrame(f *msg.Frame, mayWait bool) error {
	if !s.open {
		if err := s.beginRequest(); err != nil {
			return err
		}
	}
	err := s.nextOnly(f, mayWait)
	if err != nil || s.open {
		return err
	}
	s.dropReply() // to what this one supersedes
	st := &s.strict
	st.waiting, st.queued, st.pipe, st.id, st.hasID = true, false, s.to, s.of.id, s.of.has
	s.to = nil
	return nil
}

// beginRequest claims the next peer in turn and gives up the exchange that there
// was: Recv returns nothing of it any more.
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
	s.begin(p)
	s.to = p
	if s.of.has = s.opt.Correlate; s.of.has {
		s.of.id = s.nextID(strictID)
		s.push(&msg.Frame{Body: binary.BigEndian.AppendUint32(nil, s.of.id)})
	}
	s.push(new(msg.Frame))
	return nil
}

// Interrupts reports whether a request may be made at any time.
func (s *Req) Interrupts() bool { return s.opt.Relaxed }

// Writable reports whether it is time for a request and a peer has room, or one
// is under way.
func (s *Req) Writable() bool {
	return s.open || (!s.strict.waiting || s.opt.Relaxed) && s.lb.hasRoom()
}

// Readable returns nil if the reply has arrived. That of libzmq is true for
// anything that has.
func (s *Req) Readable() error {
	if !s.strict.waiting {
		return ErrInvalidState
	}
	s.See()
	if !s.strict.got {
		return ErrWouldBlock
	}
	return nil
}
