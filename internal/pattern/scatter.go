package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
)

// Scatter is PUSH for messages of one frame. https://rfc.zeromq.org/spec/49/
// Rules in docs/CONFORMANCE.md: scatter, single-frame-types.
type Scatter struct{ Push }

// Send queues a message of one frame to the next peer that has room.
func (s *Scatter) Send(m msg.Msg) error {
	if len(m.Rest) > 0 {
		return errOneFrame
	}
	return s.Push.Send(m)
}

// SendFrame is Send. A message of several frames is refused at the first.
func (s *Scatter) SendFrame(f *msg.Frame, _ bool) error {
	m, err := whole(f)
	if err != nil {
		return err
	}
	return s.Push.Send(m)
}
