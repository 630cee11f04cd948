package zmq

import "github.com/zerobroker/zmq/internal/pattern"

// Scatter is a SCATTER socket: a [Push] for messages of one frame, which go to
// its GATHER peers in turn. All methods may be called concurrently.
// https://rfc.zeromq.org/spec/49/
type Scatter struct {
	base
	sendingOne
}

// NewScatter returns a SCATTER socket. The error matches [ErrOption].
func NewScatter(o *Options) (*Scatter, error) {
	b, err := newBase(pattern.SCATTER, o)
	if err != nil {
		return nil, err
	}
	return &Scatter{b, sendingOne{b.s}}, nil
}

// Gather is a GATHER socket: a [Pull] for messages of one frame, from its
// SCATTER peers in turn. Others are dropped and counted. All methods may be
// called concurrently. https://rfc.zeromq.org/spec/49/
type Gather struct {
	base
	receiving
}

// NewGather returns a GATHER socket. The error matches [ErrOption].
func NewGather(o *Options) (*Gather, error) {
	b, err := newBase(pattern.GATHER, o)
	if err != nil {
		return nil, err
	}
	return &Gather{b, receiving{b.s}}, nil
}

// Channel is a CHANNEL socket: a [Pair] for messages of one frame. It has one
// peer, a CHANNEL too; a second one is refused as long as the first is there. All
// methods may be called concurrently. https://rfc.zeromq.org/spec/52/
type Channel struct {
	base
	sendingOne
	receiving
}

// NewChannel returns a CHANNEL socket. The error matches [ErrOption].
func NewChannel(o *Options) (*Channel, error) {
	b, err := newBase(pattern.CHANNEL, o)
	if err != nil {
		return nil, err
	}
	return &Channel{b, sendingOne{b.s}, receiving{b.s}}, nil
}
