package zmq

import (
	"context"

	"github.com/zerobroker/zmq/internal/pattern"
)

// Stream is a STREAM socket: its peers are TCP or ipc connections that speak
// any protocol but ZeroMQ's, as clients, as servers, or both. A message is a
// piece of what a peer has sent, of at most 8 KiB and cut anywhere, as it was
// read; [Message.RoutingID] tells whose it is, and SendTo writes bytes to that
// connection. Pieces come from the peers in turn; a peer whose queue is full is
// not read, which TCP lets it feel. SendTo waits while the peer's queue is full.
//
// Connections come and go as messages too, which are empty:
//
//	for m, err := range stream.Messages(ctx) {
//		switch {
//		case err != nil:
//			...
//		case m.IsConnect(): // the first message of the connection
//		case m.IsDisconnect(): // its last, unless ended with ClosePeer
//		default: // m.Bytes() are its next bytes
//		}
//	}
//
// [Options.StreamNoNotify] leaves them out. A message that is sent and has no
// bytes ends the connection when what is queued is written, or [Options.Linger] is
// over (30 s if that is none). [Stream.ClosePeer] does so too, and waits.
//
// An endpoint that was given to Connect has one routing id, and keeps it when
// its connection is lost and made again. Between the two what is sent waits, but
// what was queued for the connection that was lost is dropped and counted under
// [DropConnLost]: the next one begins a stream of its own. Who must not send a
// rest of the one into the other sends nothing between IsDisconnect and
// IsConnect.
//
// A client may end its sending direction after its request and wait for the
// answer, as nc -N does. IsDisconnect then says that it sends nothing more; it
// can be sent to before and after that message is received, until ClosePeer, an
// empty message, a failed write or [Options.HalfCloseTimeout] ends the
// connection. A connection that the peer has closed altogether looks the same
// until something is written to it, so call ClosePeer after IsDisconnect if there
// is nothing to answer. When a server ends its direction, what is queued for it
// is written, and the endpoint is connected again.
//
// There is no handshake, no heartbeat and no limit on messages, so of [Options]
// HandshakeTimeout, MaxPendingHandshakes, MaxPendingPerSource, the Heartbeat
// and the MaxFrame and MaxMessage options do nothing here; the others do.
// Nothing goes over inproc, and there is no other type of socket to talk to.
//
// It is for programs that keep many connections in one place and for those that
// were written for libzmq. It does not dress a connection as an io.Reader: a
// queue that its own reader empties, beside the others that Recv does, would be
// what package net has. All methods may be called concurrently.
type Stream struct {
	base
	receiving
}

// NewStream returns a STREAM socket. The error matches [ErrOption].
func NewStream(o *Options) (*Stream, error) {
	b, err := newBase(pattern.STREAM, o)
	if err != nil {
		return nil, err
	}
	return &Stream{b, receiving{b.s}}, nil
}

// ConnectAs is Connect to an endpoint whose connections have that routing id.
// It can be sent to at once, or with [Options.Immediate] as soon as somebody is
// there. The error matches those of Connect, [ErrOption] for
// an id that is none, or [ErrDuplicateID]. [ZMQ_CONNECT_ROUTING_ID]
func (s *Stream) ConnectAs(endpoint, id string) error {
	return opError("connect", endpoint, s.s.ConnectAs(endpoint, id))
}

// SendTo writes the frames, which it copies, one behind the other to the
// connection with the routing id. If its queue is full it waits for room, until
// ctx ends. Frames without a byte among them end the connection, when what is
// queued is written. The error matches [ErrNoRoute] if there is no such
// connection.
func (s *Stream) SendTo(ctx context.Context, id string, frames ...[]byte) error {
	return unroutedID(id, s.s.SendTo(ctx, id, owned(frames)))
}

// TrySendTo is SendTo without waiting: the error matches [ErrWouldBlock] if
// the queue is full.
func (s *Stream) TrySendTo(id string, frames ...[]byte) error {
	return unroutedID(id, s.s.TrySendTo(id, owned(frames)))
}

// SendMessageTo is SendTo for a message that it takes over.
func (s *Stream) SendMessageTo(ctx context.Context, id string, m Message) error {
	return unroutedID(id, s.s.SendTo(ctx, id, m.m))
}

// TrySendMessageTo is SendMessageTo without waiting.
func (s *Stream) TrySendMessageTo(id string, m Message) error {
	return unroutedID(id, s.s.TrySendTo(id, m.m))
}

// Reply is SendTo the connection that a message came from.
func (s *Stream) Reply(ctx context.Context, to Message, frames ...[]byte) error {
	return s.SendTo(ctx, to.RoutingID(), frames...)
}

// ClosePeer ends one connection: nothing more can be sent to it or is received
// from it, and what was received and not read is dropped, also the message that
// would say that it has left. An endpoint that was given to Connect is
// disconnected. ClosePeer returns when what was queued is written and the peer
// has hung up too, for which it has a second; or it closes the connection when
// ctx ends, drops what is not written and returns ctx's error. A message without
// a byte does the same and does not wait. The error matches [ErrPeerLost] if the
// connection is lost before everything is written, or before the peer's system
// has it, and [ErrNoRoute] if there is no such connection.
func (s *Stream) ClosePeer(ctx context.Context, id string) error {
	return opError("close peer", "", s.s.ClosePeer(ctx, id))
}
