package zmq

import (
	"context"
	"fmt"
	"time"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
)

// Socket has the methods that all socket types share. Each type embeds it, and
// code that works with several types takes it as a parameter:
//
//	func closeAll(sockets ...zmq.Socket)
//
//	closeAll(push.Socket, sub.Socket)
//
// [Connector], [Sender], [Receiver] and the other embedded structs are the same
// for methods that fewer types have. Each of them is a handle of one pointer: a
// copy refers to the same socket. Handles are obtained from a socket; the zero
// value of a handle must not be used.
type Socket struct{ s *socket.Socket }

// newSocket returns a handle of a new socket.
func newSocket(t pattern.Type, o *Options) (Socket, error) {
	opts, err := o.core(t)
	if err != nil {
		return Socket{}, opError("new "+pattern.Types[t].Name, "", err)
	}
	s, err := socket.New(t, opts)
	if err != nil {
		return Socket{}, opError("new "+pattern.Types[t].Name, "", err)
	}
	return Socket{s}, nil
}

// newConnector is newSocket for a type that connects.
func newConnector(t pattern.Type, o *Options) (Connector, error) {
	s, err := newSocket(t, o)
	return Connector{s}, err
}

// Type returns the type of the socket.
func (s Socket) Type() SocketType { return SocketType(s.s.Type()) + 1 }

// Bind accepts peers at an endpoint. It returns the endpoint with wildcards,
// interface names and ephemeral ports replaced, so that peers can connect to it.
// A socket may be bound to any number of endpoints and connected to others at the
// same time.
//
//	tcp://127.0.0.1:5555  tcp://*:5555  tcp://eth0:5555  tcp://[::1]:*
//	ipc:///run/feed.sock  ipc://*  ipc://@abstract
//	inproc://name
//	udp://*:5555  udp://239.1.2.3:5555  udp://eth0;239.1.2.3:5555
//
// Over udp only DISH and DGRAM bind, and only RADIO connects. Any number of
// sockets may bind a multicast group.
//
// The error matches [ErrInvalidEndpoint], [ErrUnsupportedTransport], [ErrEndpointInUse], [ErrClosed] or the
// error of the system, such as [syscall.EADDRINUSE].
func (s Socket) Bind(endpoint string) (string, error) {
	bound, err := s.s.Bind(endpoint)
	return bound, opError("bind", endpoint, err)
}

// Unbind stops accepting peers at an endpoint, as Bind returned it or as it was given
// to Bind. Each connection that was accepted there ends when its queue is written, or after
// [Options.Linger]. Unbind does not wait for that. The error matches
// [ErrEndpointNotFound] or [ErrClosed].
func (s Socket) Unbind(endpoint string) error {
	return opError("unbind", endpoint, s.s.Unbind(endpoint))
}

// EndpointInfo describes an endpoint of a socket.
type EndpointInfo struct {
	Endpoint string        // as Bind returned it or Connect was given it
	Bound    bool          // by Bind, not connected by Connect
	State    EndpointState // what the endpoint does now
	Since    time.Time     // when it entered the state
	Attempts int           // attempts to connect since a handshake was complete last
	Err      error         // the last failure since a handshake was complete last, nil if there was none
	Peers    int           // connected peers; over udp 1 for a connected endpoint
}

// EndpointState is what an endpoint does.
type EndpointState uint8

// The states of endpoints.
const (
	EndpointListening   EndpointState = EndpointState(session.StateListening)   // bound; it accepts connections
	EndpointConnecting  EndpointState = EndpointState(session.StateConnecting)  // an attempt to connect is in progress, or no socket is bound to an inproc name
	EndpointHandshaking EndpointState = EndpointState(session.StateHandshaking) // connected; the handshake is not complete
	EndpointConnected   EndpointState = EndpointState(session.StateConnected)   // the handshake is complete
	EndpointWaiting     EndpointState = EndpointState(session.StateWaiting)     // it waits before the next attempt
	EndpointClosed      EndpointState = EndpointState(session.StateClosed)      // the connection has ended and is not made again
)

// String returns the state in words, such as "listening".
func (s EndpointState) String() string { return session.State(s).String() }

// Endpoints describes the endpoints that the socket is bound or connected to,
// sorted by their text. A closed socket has none.
func (s Socket) Endpoints() []EndpointInfo {
	list := s.s.Endpoints()
	infos := make([]EndpointInfo, len(list))
	for i, e := range list {
		infos[i] = EndpointInfo{
			Endpoint: e.Endpoint, Bound: e.Bound, State: EndpointState(e.State), Since: e.Since,
			Attempts: e.Attempts, Err: publicError(e.Err), Peers: e.Peers,
		}
	}
	return infos
}

// Peers describes the peers that are connected now, in no particular order.
func (s Socket) Peers() []PeerInfo {
	list := s.s.Peers()
	peers := make([]PeerInfo, len(list))
	for i, p := range list {
		peers[i] = PeerInfo{p}
	}
	return peers
}

// Close closes the socket. All other calls, including blocked ones, return
// [ErrClosed]. Queued messages are still written, for at most [Options.Linger];
// messages that were received and not read are dropped. Close returns when all
// goroutines of the socket have ended.
//
// Close returns nil if every message was written, and an [*UnsentError] otherwise,
// as Shutdown does. It may be called more than once; later calls return nil.
func (s Socket) Close() error {
	ctx := context.Background()
	if linger := s.s.Linger(); linger >= 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, linger)
		defer cancel()
	}
	loss := s.s.Close(ctx)
	if loss.Repeated {
		return nil
	}
	return unsentError("close", ctx, loss)
}

// Shutdown is Close with a context in place of [Options.Linger]. It returns nil
// if every message was written and, where the system reports it, has reached the
// systems of the peers. Otherwise the error is an [*UnsentError], because ctx ended
// or connections were lost. If another call is closing the socket, Shutdown waits
// for it, and ends the lingering when ctx ends.
func (s Socket) Shutdown(ctx context.Context) error {
	return unsentError("shutdown", ctx, s.s.Close(ctx))
}

// unsentError returns the error of a call that closed a socket, nil if nothing was
// lost.
func unsentError(op string, ctx context.Context, loss socket.Loss) error {
	if loss.Unsent == 0 && loss.Unconfirmed == 0 {
		return nil
	}
	return opError(op, "", &UnsentError{Messages: loss.Unsent, Unconfirmed: loss.Unconfirmed, Err: ctx.Err()})
}

// UnsentError reports that messages were still queued when a socket was closed.
type UnsentError struct {
	Messages    int   // messages that were not written, or that the peer rejected
	Unconfirmed int   // connections that ended before the peer's system confirmed all that was written
	Err         error // context.DeadlineExceeded if Linger passed, or the context's error; nil if connections were lost
}

func (e *UnsentError) Error() string {
	text := fmt.Sprintf("%d messages not sent", e.Messages)
	switch {
	case e.Unconfirmed > 0 && e.Messages > 0:
		text += fmt.Sprintf(", and messages in flight to %d peers not confirmed", e.Unconfirmed)
	case e.Unconfirmed > 0:
		text = fmt.Sprintf("messages in flight to %d peers not confirmed", e.Unconfirmed)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *UnsentError) Unwrap() error { return e.Err }

// Connector is a [Socket] that connects. Every type but [Dgram] embeds it.
type Connector struct{ Socket }

// Connect connects to an endpoint, as soon as a socket is bound there, and
// again whenever the connection is lost. It returns at once: connecting goes on
// in the background until [Connector.Disconnect] or Close, and [Socket.Events]
// reports its progress. An error means that the endpoint is malformed or its
// transport is not supported, or that the socket is closed. Over inproc one
// connection is made, as soon as the name is bound and the socket bound there
// admits this one: when that socket closes, the endpoint is not connected again.
//
// A second Connect to the same endpoint makes a second connection, except for PUB,
// SUB, REQ and DEALER, which keep the one they have (over inproc they get another).
//
// A local address to connect from precedes the remote one:
// "tcp://10.0.0.5:0;server:5555".
func (c Connector) Connect(endpoint string) error {
	return opError("connect", endpoint, c.s.Connect(endpoint))
}

// Disconnect ends all connections to an endpoint that was given to Connect, when
// their queues are written or after [Options.Linger]. It does not wait for that.
// The error matches [ErrEndpointNotFound] or [ErrClosed].
func (c Connector) Disconnect(endpoint string) error {
	return opError("disconnect", endpoint, c.s.Disconnect(endpoint))
}

// WaitConnected waits until at least one peer is connected and its handshake is
// complete. If ctx ends first, the error matches that of the context and its cause,
// and its text says why there is no peer, as far as the states of the endpoints
// ([Socket.Endpoints]) show it. Otherwise the error matches [ErrClosed].
func (c Connector) WaitConnected(ctx context.Context) error {
	err := c.s.WaitConnected(ctx, 1)
	return c.waitError(ctx, "wait connected", err, "")
}
