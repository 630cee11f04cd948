package zmq

import (
	"context"

	"github.com/zerobroker/zmq/internal/pattern"
)

// Stream is a STREAM socket: its peers are TCP or ipc connections, accepted or
// connected, that carry any protocol but ZeroMQ's. A received message is a
// piece of the bytes that a peer has sent, at most 8 KiB and cut at any place;
// [Message.RoutingID] identifies its connection. SendTo writes its frames, one
// after the other, to the connection with a routing ID, and waits while its
// queue is full. Messages are received from the peers in turn; while the queue
// of a peer is full nothing is read from it, so that TCP slows it down.
//
// Connections and disconnections are received as messages too, which are empty,
// unless [StreamOptions.Notify] is [Off]:
//
//	for m, err := range stream.Messages(ctx) {
//		switch {
//		case err != nil: // the last iteration
//			return err
//		case m.IsConnect(): // the first message of the connection
//		case m.IsDisconnect(): // the last, unless ClosePeer ended the connection
//		default: // m.Bytes() are its next bytes
//		}
//	}
//
// Sending a message without a byte ends the connection when its queue is
// written, or after [Options.Linger] (30 s if the socket does not linger).
// [Stream.ClosePeer] does the same and waits.
//
// A connected endpoint has one routing ID, and keeps it when its connection is
// lost and made again. Messages sent between the two wait for the new
// connection, but messages queued for the lost connection are dropped and
// counted under [DropConnLost], because the new connection begins another
// stream of bytes. To keep the parts of one request in one connection, send
// nothing between IsDisconnect and IsConnect.
//
// A client may end its sending direction after its request and wait for the
// answer, as nc -N does. IsDisconnect then reports that it sends no more bytes.
// SendTo still reaches the client, until ClosePeer, an empty message, a failed
// write or [StreamOptions.HalfCloseTimeout] ends the connection. A connection
// that the peer has closed in both directions looks the same until something is
// written to it, so call ClosePeer after IsDisconnect if there is nothing to
// answer. When a server ends its direction, the queue is written, and the
// endpoint is connected again.
//
// There is no handshake, no heartbeat and no limit on messages, so a STREAM has
// no [HeartbeatOptions] and, of [Limits], only MaxConnections. It has no inproc.
//
// Stream is for programs that keep many connections in one place, and for
// programs written for libzmq. For a connection as an [io.Reader] use package
// net.
type Stream struct {
	Connector
	SenderToID
	Receiver
}

// NewStream returns a STREAM socket. The error matches [ErrInvalidOption].
func NewStream(o *Options) (*Stream, error) {
	c, err := newConnector(pattern.STREAM, o)
	if err != nil {
		return nil, err
	}
	return &Stream{c, SenderToID{c}, Receiver{c}}, nil
}

// Reply is like SendTo, to the connection that a message was received from.
func (s *Stream) Reply(ctx context.Context, m Message, frames ...[]byte) error {
	if err := m.checkReceived(); err != nil {
		return opError("send", "", err)
	}
	return s.SendTo(ctx, m.RoutingID(), frames...)
}

// ClosePeer ends one connection. From this call on nothing can be sent to it or
// is received from it, and messages that were received and not read are
// dropped, including the one that reports the end of the connection. An
// endpoint that the socket connected to is disconnected.
//
// ClosePeer returns when the queue is written and the peer has closed the
// connection too, for which it has a second. If ctx ends first, ClosePeer
// closes the connection, drops what is not written and returns the context's
// error. Other errors match [ErrPeerLost] if the connection is lost before
// everything is written, or before the peer's system has received it,
// [ErrNoRoute] if there is no such connection, or [ErrClosed].
// [SenderToNumber.DisconnectPeer] is the counterpart that does not wait.
func (s *Stream) ClosePeer(ctx context.Context, id string) error {
	checkContext(ctx)
	return contextError(ctx, "close peer", s.s.Addressed().ClosePeer(ctx, id))
}
