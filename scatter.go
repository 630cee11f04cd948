package zmq

import "github.com/zerobroker/zmq/internal/pattern"

// Scatter is a SCATTER socket: a [Push] for messages of one frame, which it
// distributes among its GATHER peers in turn. https://rfc.zeromq.org/spec/49/
type Scatter struct{ FrameSender }

// NewScatter returns a SCATTER socket. The error matches [ErrInvalidOption].
func NewScatter(o *Options) (*Scatter, error) {
	c, err := newConnector(pattern.SCATTER, o)
	if err != nil {
		return nil, err
	}
	return &Scatter{FrameSender{c}}, nil
}

// Gather is a GATHER socket: a [Pull] for messages of one frame, from its
// SCATTER peers in turn. Messages of more frames are dropped and counted under
// [DropMalformed]. https://rfc.zeromq.org/spec/49/
type Gather struct{ Receiver }

// NewGather returns a GATHER socket. The error matches [ErrInvalidOption].
func NewGather(o *Options) (*Gather, error) {
	c, err := newConnector(pattern.GATHER, o)
	if err != nil {
		return nil, err
	}
	return &Gather{Receiver{c}}, nil
}

// Channel is a CHANNEL socket: a [Pair] for messages of one frame, whose peer
// is a CHANNEL too. https://rfc.zeromq.org/spec/52/
type Channel struct {
	Connector
	FrameSender
	Receiver
}

// NewChannel returns a CHANNEL socket. The error matches [ErrInvalidOption].
func NewChannel(o *Options) (*Channel, error) {
	c, err := newConnector(pattern.CHANNEL, o)
	if err != nil {
		return nil, err
	}
	return &Channel{c, FrameSender{c}, Receiver{c}}, nil
}
