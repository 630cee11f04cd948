package zmq

import (
	"context"
	"errors"
	"fmt"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
)

// Req is a REQ socket: it sends requests to its REP or ROUTER peers in turn and
// receives their replies. There are two ways to do that, which may be used at
// the same time. [Req.Do] sends a request and returns its reply, from any
// number of goroutines at once. Send and Recv are the strict exchange of the
// RFC: one request, then its reply. Out of turn they fail with
// [ErrInvalidState], also when the reply never arrives; then close the socket,
// set [ReqOptions.Relaxed], or use Do.
//
// On the wire an empty frame precedes the frames of a request, and with Do an
// ID precedes that. These frames are the envelope of the request, and its reply
// must begin with the same frames. [Rep] and [Router.Reply] send them.
// https://rfc.zeromq.org/spec/28/
type Req struct {
	Connector
	Sender
	Receiver
}

// NewReq returns a REQ socket. The error matches [ErrInvalidOption].
func NewReq(o *Options) (*Req, error) {
	c, err := newConnector(pattern.REQ, o)
	if err != nil {
		return nil, err
	}
	return &Req{c, Sender{c}, Receiver{c}}, nil
}

// Do sends a request of the frames, which it copies, and returns the reply to
// it. The request carries an ID, which every REP sends back. Any number of
// goroutines may call Do at once.
//
// Do waits until a peer is connected whose queue is not full, and sends to such
// peers in turn. A peer that did not answer requests before their contexts ended is
// skipped for up to 63 turns in a row while another peer is available. A reply ends
// this.
//
// Do has no time limit except ctx: it waits for a connected peer that never
// replies, also if it is the only one. Heartbeats ([HeartbeatOptions], on by
// default) and TCP keep-alive detect a host that no longer answers. They do not
// detect an application that does not reply, or a process that hangs before it
// has read the request, which may be slow.
//
// If ctx ends first, the error is as that of [Connector.WaitConnected]. It
// matches [ErrWithdrawn] too if no byte of the request was written: no peer
// receives the request. Over inproc a request is written when it is queued for
// the peer. Otherwise the request may have been carried out, or may
// be carried out later, and its reply is dropped and counted under
// [DropStaleReply].
//
// If the connection is lost before the request was written, Do sends it to the
// next peer. If the connection is lost after that, the error matches
// [ErrPeerLost], and the request may have been carried out. Other errors match
// [ErrMessageTooLarge] or [ErrClosed].
func (r *Req) Do(ctx context.Context, frames ...[]byte) (Message, error) {
	return r.DoMessage(ctx, Message{owned(frames)})
}

// DoMessage is like Do but transfers ownership of the message to the socket, as
// [Sender.SendMessage] does.
func (r *Req) DoMessage(ctx context.Context, m Message) (Message, error) {
	checkContext(ctx)
	reply, err := r.s.Requests().Call(ctx, m.m)
	if err != nil {
		missing := "no reply"
		if w, ok := errors.AsType[*socket.WithdrawnError](err); ok {
			missing = "all queues are full"
			if w.Queued {
				missing = "request queued, not sent"
			}
		}
		if errors.Is(err, pattern.ErrPeerLost) {
			err = fmt.Errorf("%w; the request may have been carried out", err)
		}
		return Message{}, r.waitError(ctx, "do", err, missing)
	}
	return Message{reply}, nil
}

// Rep is a REP socket: it receives requests from its REQ or DEALER peers, one
// from each in turn, and sends each reply to the peer that sent the request.
// Recv and Send alternate; out of turn they fail with [ErrInvalidState]. Send
// does not wait: a reply to a peer that has disconnected or does not read is
// dropped and counted under [DropRequester].
//
// A REP serves one request at a time, and a reply answers the request that any
// goroutine received last, so only one goroutine should receive and send. With
// two in Recv, one gets the request, and the other fails with
// [ErrInvalidState], at once or when another request arrives before the reply.
// To serve requests concurrently use a [Router], which sends replies in any
// order ([Router.Reply]), or connect several REP sockets to a [Dealer].
// https://rfc.zeromq.org/spec/28/
type Rep struct {
	Connector
	Sender
	Receiver
}

// NewRep returns a REP socket. The error matches [ErrInvalidOption].
func NewRep(o *Options) (*Rep, error) {
	c, err := newConnector(pattern.REP, o)
	if err != nil {
		return nil, err
	}
	return &Rep{c, Sender{c}, Receiver{c}}, nil
}

// Dealer is a DEALER socket: it sends to its peers in turn, as [Push] does, and
// receives from them in turn, as [Pull] does. Its peers are REP, DEALER and
// ROUTER sockets. To send to a REP, begin each message with an empty frame,
// which is its envelope. https://rfc.zeromq.org/spec/28/
type Dealer struct {
	Connector
	Sender
	Receiver
}

// NewDealer returns a DEALER socket. The error matches [ErrInvalidOption].
func NewDealer(o *Options) (*Dealer, error) {
	c, err := newConnector(pattern.DEALER, o)
	if err != nil {
		return nil, err
	}
	return &Dealer{c, Sender{c}, Receiver{c}}, nil
}

// Router is a ROUTER socket: it receives from its REQ, DEALER and ROUTER peers
// in turn and sends to the peer with a routing ID. The ID is not a frame of the
// message here: [Message.RoutingID] is that of the sender, and SendTo has that
// of the receiver as a parameter. A peer that announces no ID gets one of five
// bytes.
//
// SendTo waits while the queue of the peer is full, and fails with [ErrNoRoute]
// if no peer has the ID. [RouterOptions.Notify] and [Socket.Events] report
// peers that connect and disconnect. https://rfc.zeromq.org/spec/28/
type Router struct {
	Connector
	SenderToID
	Receiver
}

// NewRouter returns a ROUTER socket. The error matches [ErrInvalidOption].
func NewRouter(o *Options) (*Router, error) {
	c, err := newConnector(pattern.ROUTER, o)
	if err != nil {
		return nil, err
	}
	return &Router{c, SenderToID{c}, Receiver{c}}, nil
}

// Reply sends the frames to the peer that sent a request, after the envelope of
// the request ([Message.Envelope]), so that a REQ, or a DEALER that precedes
// its requests with an empty frame, recognises the reply. A request without an
// envelope comes from a DEALER that sends plain messages; Reply sends the
// frames alone then. For messages that have an empty frame for another reason,
// use SendTo. The errors are those of SendTo; [ErrNoRoute] is also that for a
// message that was not received.
func (r *Router) Reply(ctx context.Context, request Message, frames ...[]byte) error {
	if err := request.checkReceived(); err != nil {
		return opError("send", "", err)
	}
	if envelope := request.Envelope(); envelope != nil {
		if len(frames) == 0 {
			frames = [][]byte{nil}
		}
		frames = append(envelope, frames...)
	}
	return r.SendTo(ctx, request.RoutingID(), frames...)
}
