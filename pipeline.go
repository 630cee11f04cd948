package zmq

import "github.com/zerobroker/zmq/internal/pattern"

// Push is a PUSH socket: it distributes messages among its PULL peers, each whole
// message to the next peer in turn whose queue is not full. A connected endpoint
// counts as a peer before a socket is bound there. Send waits while there is no
// peer or all queues are full, and drops nothing; messages that a peer has been
// sent and has not read when its connection is lost are lost with it. All methods
// may be called concurrently. https://rfc.zeromq.org/spec/30/
type Push struct{ Sender }

// NewPush returns a PUSH socket. The error matches [ErrInvalidOption].
func NewPush(o *Options) (*Push, error) {
	c, err := newConnector(pattern.PUSH, o)
	if err != nil {
		return nil, err
	}
	return &Push{Sender{c}}, nil
}

// Pull is a PULL socket: it receives from its PUSH peers, one message from each
// in turn. A PULL cannot disconnect from a PUSH that goes on sending without
// losing messages in flight: stop the PUSH first, or let workers ask for work with
// REQ. All methods may be called concurrently. https://rfc.zeromq.org/spec/30/
type Pull struct{ Receiver }

// NewPull returns a PULL socket. The error matches [ErrInvalidOption].
func NewPull(o *Options) (*Pull, error) {
	c, err := newConnector(pattern.PULL, o)
	if err != nil {
		return nil, err
	}
	return &Pull{Receiver{c}}, nil
}

// Pair is a PAIR socket: it has one peer, which is a PAIR too, and each may send
// at any time. Send waits while there is no peer or its queue is full. A second
// peer is refused while the first is connected, and admitted after the first has
// disconnected. All methods may be called
// concurrently. https://rfc.zeromq.org/spec/31/
type Pair struct {
	Connector
	Sender
	Receiver
}

// NewPair returns a PAIR socket. The error matches [ErrInvalidOption].
func NewPair(o *Options) (*Pair, error) {
	c, err := newConnector(pattern.PAIR, o)
	if err != nil {
		return nil, err
	}
	return &Pair{c, Sender{c}, Receiver{c}}, nil
}
