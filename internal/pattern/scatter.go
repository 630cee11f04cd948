package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
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

// Gather is PULL for messages of one frame. https://rfc.zeromq.org/spec/49/
// Rules in docs/CONFORMANCE.md: gather, single-frame-types.
type Gather struct {
	base
	single
}

func (s *Gather) Attach(*pipe.Pipe) error { return nil }
func (s *Gather) Detach(*pipe.Pipe)       {}

// Channel is PAIR for messages of one frame. https://rfc.zeromq.org/spec/52/
// Rules in docs/CONFORMANCE.md: channel, channel-*, single-frame-types.
type Channel struct {
	base
	single
	undivided
	peer *pipe.Pipe
}

func (s *Channel) Attach(p *pipe.Pipe) error { return takeOnly(&s.peer, p) }
func (s *Channel) Detach(p *pipe.Pipe)       { leaveOnly(&s.peer, p) }

// Holder returns the peer.
func (s *Channel) Holder(*pipe.Pipe, *msg.Peer) *pipe.Pipe { return s.peer }

// Displace makes room for another peer.
func (s *Channel) Displace(p *pipe.Pipe) { s.Detach(p) }

func (s *Channel) Room(*pipe.Pipe) {}

// Send queues a message of one frame to the peer.
func (s *Channel) Send(m msg.Msg) error {
	if len(m.Rest) > 0 {
		return errOneFrame
	}
	return sendOnly(s.peer, &m)
}

// SendFrame is Send. A message of several frames is refused at the first.
func (s *Channel) SendFrame(f *msg.Frame, _ bool) error {
	m, err := whole(f)
	if err != nil {
		return err
	}
	return sendOnly(s.peer, &m)
}

func (s *Channel) Writable() bool { return roomOnly(s.peer) }
