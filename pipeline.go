package zmq

import "github.com/zerobroker/zmq/internal/pattern"

// Push is a PUSH socket: it distributes messages among its PULL peers, each
// message to the next peer in turn whose queue is not full. A connected
// endpoint counts as a peer before a socket is bound there, unless
// [Options.Immediate] is set. Send waits while there is no peer or all queues
// are full. If the connection of a peer that connected to this socket is lost, the
// messages in its queue are dropped and counted under [DropConnLost]. The queue of
// an endpoint given to Connect is kept for the next connection. Messages that were
// written to a peer and that it has not read when the connection is lost are lost.
// https://rfc.zeromq.org/spec/30/
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
// in turn. A PULL that disconnects loses the messages that its peers have sent
// and it has not read: stop the PUSH first, or let workers request work with
// REQ. https://rfc.zeromq.org/spec/30/
type Pull struct{ Receiver }

// NewPull returns a PULL socket. The error matches [ErrInvalidOption].
func NewPull(o *Options) (*Pull, error) {
	c, err := newConnector(pattern.PULL, o)
	if err != nil {
		return nil, err
	}
	return &Pull{Receiver{c}}, nil
}

// Pair is a PAIR socket: it has one peer, which is a PAIR too, and each may
// send at any time. Send waits while there is no peer or its queue is full. As
// with [Push], the socket that connected keeps its queue when the connection is
// lost, and the one that bound drops it. A second peer is refused while the first is connected, and admitted after the
// first has disconnected. https://rfc.zeromq.org/spec/31/
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
