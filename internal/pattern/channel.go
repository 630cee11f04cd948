package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Channel implements CHANNEL: PAIR for messages of one frame.
// https://rfc.zeromq.org/spec/52/
// Rules in docs/CONFORMANCE.md: channel, channel-*, single-frame-types.
type Channel struct {
	base
	singleFrameReceiver
	singleFrameSender
	singlePeer
}

func (s *Channel) Attach(p *pipe.Pipe) error { return s.take(p) }
func (s *Channel) Detach(p *pipe.Pipe)       { s.release(p) }

// Displace detaches the peer, so that another one can be attached.
func (s *Channel) Displace(p *pipe.Pipe) { s.Detach(p) }

// Send queues a message of one frame to the peer.
func (s *Channel) Send(m msg.Msg) error {
	if len(m.Rest) > 0 {
		return errOneFrame
	}
	return s.put(&m)
}

// SendFrame sends a frame as a message. It returns an error if more frames
// follow.
func (s *Channel) SendFrame(f *msg.Frame, _ bool) error {
	m, err := messageOf(f)
	if err != nil {
		return err
	}
	return s.put(&m)
}

func (s *Channel) Writable() bool { return s.hasRoom() }
