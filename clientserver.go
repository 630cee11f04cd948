package zmq

import (
	"context"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
)

// sendingOne is what socket types have that send messages of one frame to whom
// their pattern picks.
type sendingOne struct{ out *socket.Socket }

// Send sends one message, which it copies: the caller may reuse body. It waits
// while there is no place for it, and returns when it is queued, not when it is
// delivered. If ctx ends first nothing was sent and the error is ctx's.
func (s *sendingOne) Send(ctx context.Context, body []byte) error {
	w := sending(*s)
	return w.Send(ctx, body)
}

// TrySend is Send without waiting: the error matches [ErrWouldBlock] if it
// would have to.
func (s *sendingOne) TrySend(body []byte) error {
	w := sending(*s)
	return w.TrySend(body)
}

// SendMessage is Send for a message that it takes over: on success its frame must
// not be changed any more, and a large one travels without a copy. The error
// matches [ErrMessage] if it has more than one frame.
func (s *sendingOne) SendMessage(ctx context.Context, m Message) error {
	return opError("send", "", s.out.Send(ctx, m.m))
}

// TrySendMessage is SendMessage without waiting.
func (s *sendingOne) TrySendMessage(m Message) error {
	return opError("send", "", s.out.TrySend(m.m))
}

// Client is a CLIENT socket: it sends messages of one frame to its SERVER peers in
// turn, as DEALER does, and receives what they send, in any order and number:
// there is no lockstep. All methods may be called concurrently.
// https://rfc.zeromq.org/spec/41/
type Client struct {
	base
	sendingOne
	receiving
}

// NewClient returns a CLIENT socket. The error matches [ErrOption].
func NewClient(o *Options) (*Client, error) {
	b, err := newBase(pattern.CLIENT, o)
	if err != nil {
		return nil, err
	}
	return &Client{b, sendingOne{b.s}, receiving{b.s}}, nil
}

// numbered is what socket types have that address their peers by a number.
type numbered struct {
	base
	receiving
}

// SendTo sends one message, which it copies, to the peer with that routing
// number. If that peer's queue is full it waits for room, until ctx ends. The
// error matches [ErrNoRoute] if there is no such peer.
func (s *numbered) SendTo(ctx context.Context, number uint32, body []byte) error {
	return unroutedNumber(number, s.s.SendToNumber(ctx, number, ownedOne(body)))
}

// TrySendTo is SendTo without waiting: the error matches [ErrWouldBlock] if the
// peer's queue is full.
func (s *numbered) TrySendTo(number uint32, body []byte) error {
	return unroutedNumber(number, s.s.TrySendToNumber(number, ownedOne(body)))
}

// SendMessageTo is SendTo for a message that it takes over. The error matches
// [ErrMessage] if it has more than one frame.
func (s *numbered) SendMessageTo(ctx context.Context, number uint32, m Message) error {
	return unroutedNumber(number, s.s.SendToNumber(ctx, number, m.m))
}

// TrySendMessageTo is SendMessageTo without waiting.
func (s *numbered) TrySendMessageTo(number uint32, m Message) error {
	return unroutedNumber(number, s.s.TrySendToNumber(number, m.m))
}

// Reply is SendTo the peer that sent a message.
func (s *numbered) Reply(ctx context.Context, to Message, body []byte) error {
	return s.SendTo(ctx, to.RoutingNumber(), body)
}

// DisconnectPeer ends the connection with one peer, once what is queued for it
// is written, or [Options.Linger] is over (30 s if that is none). Its number names nobody from now on,
// and what it has sent and was not received is dropped. A peer that has connected
// to us usually connects again, and gets another number; an endpoint that we
// have connected to is disconnected. The error matches [ErrNoRoute] if there is
// no such peer. [zmq_disconnect_peer]
func (s *numbered) DisconnectPeer(number uint32) error {
	return opError("disconnect peer", "", s.s.DisconnectPeer(number))
}

// Server is a SERVER socket: it receives messages of one frame from its CLIENT
// peers in turn, and sends to the one that a routing number names, at any time
// and any number of times. [Message.RoutingNumber] tells who sent a message;
// numbers are given by the Server to each connection as it comes and are never 0.
// All methods may be called concurrently. https://rfc.zeromq.org/spec/41/
type Server struct{ numbered }

// NewServer returns a SERVER socket. The error matches [ErrOption].
func NewServer(o *Options) (*Server, error) {
	b, err := newBase(pattern.SERVER, o)
	if err != nil {
		return nil, err
	}
	return &Server{numbered{b, receiving{b.s}}}, nil
}

// Peer is a PEER socket: a [Server] whose peers are PEERs too, so that each of
// two may be the first to speak. Who connected by [Peer.ConnectPeer] knows the
// routing number of the other before anything was received. All methods may be
// called concurrently. https://rfc.zeromq.org/spec/51/
type Peer struct{ numbered }

// NewPeer returns a PEER socket. The error matches [ErrOption].
func NewPeer(o *Options) (*Peer, error) {
	b, err := newBase(pattern.PEER, o)
	if err != nil {
		return nil, err
	}
	return &Peer{numbered{b, receiving{b.s}}}, nil
}

// ConnectPeer is Connect, and returns the routing number of whoever is at the
// endpoint, which stays the same over all reconnections. It can be sent to at
// once, which cannot be with [Options.Immediate]: the error then matches
// [ErrOption]. [zmq_connect_peer]
func (p *Peer) ConnectPeer(endpoint string) (number uint32, err error) {
	number, err = p.s.ConnectPeer(endpoint)
	return number, opError("connect", endpoint, err)
}
