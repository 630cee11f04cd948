package zmq

import "github.com/zerobroker/zmq/internal/pattern"

// Scatter is a SCATTER socket: a [Push] for messages of one frame, which it
// distributes among its GATHER peers in turn. All methods may be called
// concurrently. https://rfc.zeromq.org/spec/49/
type Scatter struct{ BodySender }

// NewScatter returns a SCATTER socket. The error matches [ErrInvalidOption].
func NewScatter(o *Options) (*Scatter, error) {
	c, err := newConnector(pattern.SCATTER, o)
	if err != nil {
		return nil, err
	}
	return &Scatter{BodySender{c}}, nil
}

// Gather is a GATHER socket: a [Pull] for messages of one frame, from its
// SCATTER peers in turn. Messages of more frames are dropped and counted under
// [DropMalformed]. All methods may be called concurrently.
// https://rfc.zeromq.org/spec/49/
type Gather struct{ Receiver }

// NewGather returns a GATHER socket. The error matches [ErrInvalidOption].
func NewGather(o *Options) (*Gather, error) {
	c, err := newConnector(pattern.GATHER, o)
	if err != nil {
		return nil, err
	}
	return &Gather{Receiver{c}}, nil
}

// Channel is a CHANNEL socket: a [Pair] for messages of one frame. It has one
// peer, which is a CHANNEL too; a second peer is refused while the first is
// connected. All methods may be called concurrently.
// https://rfc.zeromq.org/spec/52/
type Channel struct {
	Connector
	BodySender
	Receiver
}

// NewChannel returns a CHANNEL socket. The error matches [ErrInvalidOption].
func NewChannel(o *Options) (*Channel, error) {
	c, err := newConnector(pattern.CHANNEL, o)
	if err != nil {
		return nil, err
	}
	return &Channel{c, BodySender{c}, Receiver{c}}, nil
}
