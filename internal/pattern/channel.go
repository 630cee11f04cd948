package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Channel is PAIR for messages of one frame. https://rfc.zeromq.org/spec/52/
// Rules in docs/CONFORMANCE.md: channel, channel-*, single-frame-types.
type Channel struct {
	base
	single
	undivided
	singlePeer
}

func (s *Channel) Attach(p *pipe.Pipe) error { return s.take(p) }
func (s *Channel) Detach(p *pipe.Pipe)       { s.release(p) }

// Displace makes room for another peer.
func (s *Channel) Displace(p *pipe.Pipe) { s.Detach(p) }

// Send queues a message of one frame to the peer.
func (s *Channel) Send(m msg.Msg) error {
	if len(m.Rest) > 0 {
		return errOneFrame
	}
	return s.put(&m)
}

// SendFrame is Send. A message of several frames is refused at the first.
func (s *Channel) SendFrame(f *msg.Frame, _ bool) error {
	m, err := whole(f)
	if err != nil {
		return err
	}
	return s.put(&m)
}

func (s *Channel) Writable() bool { return s.hasRoom() }
