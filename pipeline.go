package zmq

import "github.com/zerobroker/zmq/internal/pattern"

// Push is a PUSH socket: it hands messages out to its PULL peers, each whole
// message to the next one in turn that has room. An endpoint connected to counts
// as a peer also while nobody is there. Send waits while there is no peer, or
// none with room, and drops nothing; but what a peer has been sent and has not
// read when it goes away is gone with it. All methods may be called
// concurrently. https://rfc.zeromq.org/spec/30/
type Push struct {
	base
	sending
}

// NewPush returns a PUSH socket. The error matches [ErrOption].
func NewPush(o *Options) (*Push, error) {
	b, err := newBase(pattern.PUSH, o)
	if err != nil {
		return nil, err
	}
	return &Push{b, sending{b.s}}, nil
}

// Pull is a PULL socket: it receives from its PUSH peers, one message from
// each in turn. There is no way to leave a PUSH that goes on sending without
// losing what is under way: let the PUSH stop first, or have workers ask for
// work with REQ. All methods may be called concurrently.
// https://rfc.zeromq.org/spec/30/
type Pull struct {
	base
	receiving
}

// NewPull returns a PULL socket. The error matches [ErrOption].
func NewPull(o *Options) (*Pull, error) {
	b, err := newBase(pattern.PULL, o)
	if err != nil {
		return nil, err
	}
	return &Pull{b, receiving{b.s}}, nil
}

// Pair is a PAIR socket: it has one peer, a PAIR too, and each may send at any
// time. Send waits while there is no peer or its queue is full. A second peer
// is refused as long as the first is there, and admitted when that has left. All methods may be called
// concurrently. https://rfc.zeromq.org/spec/31/
type Pair struct {
	base
	sending
	receiving
}

// NewPair returns a PAIR socket. The error matches [ErrOption].
func NewPair(o *Options) (*Pair, error) {
	b, err := newBase(pattern.PAIR, o)
	if err != nil {
		return nil, err
	}
	return &Pair{b, sending{b.s}, receiving{b.s}}, nil
}
