package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
)

// Scatter implements SCATTER: PUSH for messages of one frame.
// https://rfc.zeromq.org/spec/49/
// Rules in docs/CONFORMANCE.md: scatter, single-frame-types.
type Scatter struct{ Push }

// Send queues a message of one frame to the next peer that has room.
func (s *Scatter) Send(m msg.Msg) error {
	if len(m.Rest) > 0 {
		return errOneFrame
	}
	return s.Push.Send(m)
}

// SendFrame sends a frame as a message. It returns an error if more frames
// follow.
func (s *Scatter) SendFrame(f *msg.Frame, _ bool) error {
	m, err := messageOf(f)
	if err != nil {
		return err
	}
	return s.Push.Send(m)
}
