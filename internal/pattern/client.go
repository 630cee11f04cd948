package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Client implements CLIENT: it sends to its servers in turn and receives from
// them in turn.
// https://rfc.zeromq.org/spec/41/
// Rules in docs/CONFORMANCE.md: client, single-frame-types.
type Client struct {
	base
	singleFrameReceiver
	singleFrameSender
	lb Balancer
}

func (s *Client) Attach(p *pipe.Pipe) error { s.lb.attach(p); return nil }
func (s *Client) Detach(p *pipe.Pipe)       { s.lb.detach(p) }
func (s *Client) Room(p *pipe.Pipe)         { s.lb.attach(p) }

// Balance returns the balancer, with which a socket sends messages of one frame
// without Send.
func (s *Client) Balance() *Balancer { return &s.lb }

// Send queues a message of one frame to the next server that has room.
func (s *Client) Send(m msg.Msg) error {
	if len(m.Rest) > 0 {
		return errOneFrame
	}
	return s.lb.send(m)
}

// SendFrame sends a frame as a message. It returns an error if more frames
// follow.
func (s *Client) SendFrame(f *msg.Frame, _ bool) error {
	m, err := messageOf(f)
	if err != nil {
		return err
	}
	return s.Send(m)
}

func (s *Client) Writable() bool { return s.lb.hasRoom() }
