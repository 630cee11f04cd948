package zmq

import (
	"context"

	"github.com/zerobroker/zmq/internal/pattern"
)

// Req is a REQ socket: it sends requests to its REP or ROUTER peers in turn
// and receives their replies. There are two ways, which do not disturb each
// other. [Req.Do] is request and reply in one call, from any number of
// goroutines at once. Send and Recv are the strict exchange of the RFC: a
// request, then its reply, and [ErrState] for anything out of turn, also when
// the reply never comes; close the socket then, or use Do.
//
// On the wire a request is an empty frame and then the message, with Do an id
// before that, which is why a ROUTER that replies must send back all frames up
// to and including the first empty one. All methods may be called concurrently. https://rfc.zeromq.org/spec/28/
type Req struct {
	base
	sending
	receiving
}

// NewReq returns a REQ socket. The error matches [ErrOption].
func NewReq(o *Options) (*Req, error) {
	b, err := newBase(pattern.REQ, o)
	if err != nil {
		return nil, err
	}
	return &Req{b, sending{b.s}, receiving{b.s}}, nil
}

// Do sends a request of the frames, which it copies, and returns the reply to
// it. The request carries an id, which every REP sends back unseen. Any number
// of goroutines may call Do at once.
//
// Do waits until a peer is connected and has room, and sends to connected peers
// in turn. A peer that has left requests unanswered until their contexts ended,
// and has answered none since, misses turns while another peer has room: the
// more such requests, the more turns, up to 63 in a row.
//
// Do has no time limit but that of ctx: a peer that is connected and never
// replies keeps it waiting, also if there is no other. Do ends before if the
// connection is lost. Heartbeats ([Options.HeartbeatInterval], on by default) and
// TCP keep-alive find a host that no longer answers. They do not find an
// application that does not reply, nor a process that hangs before it has read
// the request: it may be slow.
//
// If ctx ends first the error is ctx's. A request of which no byte was written
// is then withdrawn and never carried out. Otherwise it may have been carried
// out, or may yet be, and its reply is dropped and counted under
// [DropStaleReply]: to try again may carry it out twice. If the connection is
// lost before the request was written, Do sends it to the next peer; if the
// connection is lost after that, the error matches [ErrPeerLost], and the
// request may have been carried out.
func (r *Req) Do(ctx context.Context, frames ...[]byte) (Message, error) {
	return r.DoMessage(ctx, Message{owned(frames)})
}

// DoMessage is Do for a message that it takes over.
func (r *Req) DoMessage(ctx context.Context, m Message) (Message, error) {
	reply, err := r.s.Call(ctx, m.m)
	if err != nil {
		return Message{}, opError("do", "", err)
	}
	return Message{reply}, nil
}

// Rep is a REP socket: it receives a request from its REQ or DEALER peers, one
// from each in turn, and sends the reply to whom the request came from. Recv
// and Send alternate; out of turn they fail with [ErrState]. Send never waits: a
// reply to a requester that is gone or does not read is dropped and counted.
//
// All methods may be called concurrently, but a REP serves one request at a
// time, and a reply answers the last request that any goroutine received. So
// only one goroutine should receive and send. With two in Recv, one gets the
// request, and the other fails with [ErrState], at once or when another request
// comes before the reply. To serve requests in parallel use a [Router], which takes replies in
// any order ([Router.SendTo]), or connect several REP sockets to a [Dealer] behind
// it. https://rfc.zeromq.org/spec/28/
type Rep struct {
	base
	sending
	receiving
}

// NewRep returns a REP socket. The error matches [ErrOption].
func NewRep(o *Options) (*Rep, error) {
	b, err := newBase(pattern.REP, o)
	if err != nil {
		return nil, err
	}
	return &Rep{b, sending{b.s}, receiving{b.s}}, nil
}

// Dealer is a DEALER socket: it sends to its peers in turn, as PUSH does, and
// receives from them in turn, as PULL does. To talk to a REP, begin each
// message with an empty frame. All methods may be called concurrently.
// https://rfc.zeromq.org/spec/28/
type Dealer struct {
	base
	sending
	receiving
}

// NewDealer returns a DEALER socket. The error matches [ErrOption].
func NewDealer(o *Options) (*Dealer, error) {
	b, err := newBase(pattern.DEALER, o)
	if err != nil {
		return nil, err
	}
	return &Dealer{b, sending{b.s}, receiving{b.s}}, nil
}

// Router is a ROUTER socket: it receives from its peers in turn and sends to
// the one that a routing id names. The id is no frame of the message here:
// [Message.RoutingID] tells who sent a message, and SendTo takes whom to send
// to. Peers that announce no id get one of five bytes.
//
// A REQ puts an envelope before its request: the frames up to and including the
// first empty one. Whoever answers it sends the same frames before the reply;
// without them the REQ drops it. That a peer is gone is told by Events. All
// methods may be called concurrently. https://rfc.zeromq.org/spec/28/
type Router struct {
	base
	receiving
}

// NewRouter returns a ROUTER socket. The error matches [ErrOption].
func NewRouter(o *Options) (*Router, error) {
	b, err := newBase(pattern.ROUTER, o)
	if err != nil {
		return nil, err
	}
	return &Router{b, receiving{b.s}}, nil
}

// ConnectAs is Connect to an endpoint where whoever is there has the routing id,
// whatever they call themselves. It can be sent to at once, or with
// [Options.Immediate] as soon as somebody is there. The error matches
// those of Connect, [ErrOption] for an id that is none, or [ErrDuplicateID]. [ZMQ_CONNECT_ROUTING_ID]
func (r *Router) ConnectAs(endpoint, id string) error {
	return opError("connect", endpoint, r.s.ConnectAs(endpoint, id))
}

// SendTo sends one message of the frames, which it copies, to the peer with
// the routing id. If that peer's queue is full it waits for room, until ctx
// ends. The error matches [ErrNoRoute] if there is no such peer.
func (r *Router) SendTo(ctx context.Context, id string, frames ...[]byte) error {
	return unroutedID(id, r.s.SendTo(ctx, id, owned(frames)))
}

// TrySendTo is SendTo without waiting: the error matches [ErrWouldBlock] if
// the peer's queue is full.
func (r *Router) TrySendTo(id string, frames ...[]byte) error {
	return unroutedID(id, r.s.TrySendTo(id, owned(frames)))
}

// SendMessageTo is SendTo for a message that it takes over.
func (r *Router) SendMessageTo(ctx context.Context, id string, m Message) error {
	return unroutedID(id, r.s.SendTo(ctx, id, m.m))
}

// TrySendMessageTo is SendMessageTo without waiting.
func (r *Router) TrySendMessageTo(id string, m Message) error {
	return unroutedID(id, r.s.TrySendTo(id, m.m))
}

// Reply is SendTo the peer that sent a message. The frames are all that it gets:
// to a REQ they begin with its envelope.
func (r *Router) Reply(ctx context.Context, to Message, frames ...[]byte) error {
	return r.SendTo(ctx, to.RoutingID(), frames...)
}
