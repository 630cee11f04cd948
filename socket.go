package zmq

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/zerobroker/zmq/internal/endpoint"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
)

// Socket has the methods that all socket types share. All methods of all types
// may be called concurrently. Each type embeds it. Code that works with several
// types takes it as a parameter:
//
//	func closeAll(sockets ...zmq.Socket)
//
//	closeAll(push.Socket, sub.Socket)
//
// Socket and the structs that embed it, from [Connector] to [Subscriber], are
// handles of one pointer: a copy refers to the same socket. Handles are
// obtained from a socket; the zero value of a handle must not be used.
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

// newConnector is like newSocket for a type that connects.
func newConnector(t pattern.Type, o *Options) (Connector, error) {
	s, err := newSocket(t, o)
	return Connector{s}, err
}

// String returns the type of the socket, such as "PUSH socket".
func (s Socket) String() string {
	if s.s == nil {
		return "zero socket"
	}
	return s.Type().String() + " socket"
}

// Format writes String for every verb: package fmt would otherwise print the
// internals of the socket while they change.
func (s Socket) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// Type returns the type of the socket.
func (s Socket) Type() SocketType { return SocketType(s.s.Type()) + 1 }

// Bind accepts peers at an endpoint. It returns the endpoint with wildcards,
// interface names and ephemeral ports replaced, so that peers can connect to
// it. The exception is tcp://*:port, which returns tcp://[::]:port: peers need an
// address of this machine. A socket may be bound to any number of endpoints and
// connected to others at the same time.
//
//	tcp://127.0.0.1:5555  tcp://*:5555  tcp://eth0:5555  tcp://[::1]:*
//	ipc:///run/feed.sock  ipc://*  ipc://@abstract
//	inproc://name
//	tls+tcp://*:5555  tls+tcp://127.0.0.1:*
//	udp://*:5555  udp://239.1.2.3:5555  udp://eth0;239.1.2.3:5555
//
// tls+tcp is TLS over tcp, with the addresses of tcp. It needs [Security].TLS, and is
// not part of ZMTP: libzmq does not have it.
//
// Over udp only DISH and DGRAM bind, and only RADIO connects. Any number of
// sockets may bind a multicast group.
//
// Bind waits for the lookup of a host name, which Close ends. The error matches
// [ErrInvalidEndpoint], [ErrUnsupportedTransport], [ErrEndpointInUse],
// [ErrInvalidOption] (tls+tcp without a certificate), [ErrAlreadyBound] (DGRAM),
// [ErrClosed] or the error of the system, such as [syscall.EADDRINUSE].
func (s Socket) Bind(endpoint string) (string, error) {
	bound, err := s.s.Bind(endpoint)
	return bound, opError("bind", endpoint, err)
}

// Unbind stops accepting peers at an endpoint, which is what Bind returned or
// was given. Each connection that was accepted there ends when its queue is
// written, or after [Options.Linger]; Unbind does not wait for that. The error
// matches [ErrEndpointNotFound] or [ErrClosed].
func (s Socket) Unbind(endpoint string) error {
	return opError("unbind", endpoint, asNotFound(s.s.Unbind(endpoint), "not bound to this endpoint"))
}

// notFound is an [ErrEndpointNotFound] that says what the endpoint is not.
type notFound string

func (n notFound) Error() string        { return string(n) }
func (n notFound) Is(target error) bool { return target == ErrEndpointNotFound }

// asNotFound returns err, or a notFound with the text in place of the error of the
// core.
func asNotFound(err error, text string) error {
	if err == socket.ErrEndpointNotFound {
		return notFound(text)
	}
	return err
}

// EndpointInfo describes an endpoint of a socket.
type EndpointInfo struct {
	Endpoint string        // as Bind returned it or Connect was given it
	Bound    bool          // whether it is bound; otherwise it is connected
	State    EndpointState // current state
	Since    time.Time     // when it entered the state
	Attempts int           // attempts to connect since the last complete handshake
	Err      error         // last failure since the last complete handshake, nil if there was none
	Peers    int           // connected peers; 1 for an endpoint that a RADIO connected over udp
}

// EndpointState is the state of an endpoint.
type EndpointState uint8

// The states of endpoints.
const (
	EndpointListening   EndpointState = EndpointState(endpoint.Listening)   // bound; it accepts connections
	EndpointConnecting  EndpointState = EndpointState(endpoint.Connecting)  // an attempt to connect is in progress, or no socket is bound to an inproc name
	EndpointHandshaking EndpointState = EndpointState(endpoint.Handshaking) // connected; the handshake is not complete
	EndpointConnected   EndpointState = EndpointState(endpoint.Connected)   // the handshake is complete
	EndpointWaiting     EndpointState = EndpointState(endpoint.Waiting)     // no connection; the next attempt follows after a delay
	EndpointClosed      EndpointState = EndpointState(endpoint.Closed)      // the connection has ended and is not made again
)

// String returns the state in words, such as "listening".
func (s EndpointState) String() string { return endpoint.State(s).String() }

// Endpoints describes the endpoints that the socket is bound or connected to,
// sorted by their text. A closed socket has none.
func (s Socket) Endpoints() []EndpointInfo {
	list := s.s.Endpoints()
	infos := make([]EndpointInfo, len(list))
	for i, e := range list {
		infos[i] = EndpointInfo{
			Endpoint: e.Endpoint, Bound: e.Bound, State: EndpointState(e.State), Since: e.Since,
			Attempts: e.Attempts, Err: e.Err, Peers: e.Peers,
		}
	}
	return infos
}

// StopReceiving ends all endpoints of a socket that only receives (PULL, GATHER, SUB
// and DISH) without losing what its peers have written. It stops accepting and
// connecting, and ends the sending direction of each connection, which signals the
// end of the connection to the peer. It then receives until the peer has closed the
// connection. Messages stay readable with Recv and its variants. The application must
// continue to call them: a peer is not read while its queue is full. A message that a
// peer has queued and not written stays with the peer, or is counted there.
//
// StopReceiving returns nil when all connections have ended. When ctx ends, it closes
// the remaining connections and returns the error of ctx; bytes of them that were not
// read are lost. The error matches [ErrInvalidOption] for other types, or [ErrClosed]. The socket
// remains usable. No option of libzmq.
func (s Socket) StopReceiving(ctx context.Context) error {
	checkContext(ctx)
	return contextError(ctx, "stop receiving", s.s.StopReceiving(ctx))
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

// Closed reports whether Close or Shutdown was called.
func (s Socket) Closed() bool { return s.s.Closed() }

// Close closes the socket. All other calls, including blocked ones, return
// [ErrClosed]. Queued messages are still written, for at most [Options.Linger];
// messages that were received and not read are dropped. Close returns when all
// goroutines of the socket have ended.
//
// If every message that was still queued or in flight when Close was called has
// been written, Close returns nil. Messages dropped earlier are only in
// [Stats].Drops. Otherwise it returns an error that wraps an [*UnsentError]; find
// it with [errors.As]. Close may be called more than once; later calls return nil.
func (s Socket) Close() error {
	ctx := context.Background()
	if linger := s.s.Linger(); linger >= 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, linger, lingerError(linger))
		defer cancel()
	}
	loss := s.s.Close(ctx)
	if loss.Repeated {
		return nil
	}
	return unsentError("close", loss)
}

// Shutdown is like Close but lingers until ctx ends instead of for
// [Options.Linger]. It returns nil if every message that was still queued was
// written and, where the system reports it, all that was written to the
// connections that were open when Shutdown was called has reached the systems of
// the peers. Otherwise ctx ended or connections were lost, and it returns an error
// that wraps an [*UnsentError]; find it with [errors.As]. While another call is
// closing the socket, Shutdown waits for it, and ends the lingering of both when
// ctx ends. After Close it returns the same error again.
func (s Socket) Shutdown(ctx context.Context) error {
	checkContext(ctx)
	loss := s.s.Close(ctx)
	return unsentError("shutdown", loss)
}

// unsentError returns the error of a call that closed a socket, nil if no
// message was lost.
func unsentError(op string, loss socket.Loss) error {
	if loss.Unsent == 0 && loss.Unconfirmed == 0 {
		return nil
	}
	return opError(op, "", &UnsentError{Messages: loss.Unsent, Unconfirmed: loss.Unconfirmed, Err: loss.Ended})
}

// lingerError is the error of Close if the linger time has ended.
type lingerError time.Duration

func (e lingerError) Error() string {
	if e == 0 {
		return "discarded (NoLinger)"
	}
	return fmt.Sprintf("linger time of %v ended", time.Duration(e))
}

func (e lingerError) Unwrap() error { return context.DeadlineExceeded }

// UnsentError is wrapped by the error of [Socket.Close], [Socket.Shutdown] and
// [Sender.Flush] for messages that were not written, or may not have arrived. Find it with
// [errors.As].
type UnsentError struct {
	Messages    int   // messages that were not written, or that the peer rejected
	Unconfirmed int   // connections, open when the call began, that ended before the peer's system confirmed all that was written
	Err         error // what ended the waiting: the error of Shutdown's context, or that Linger passed, which matches context.DeadlineExceeded; nil if connections were lost
}

func (e *UnsentError) Error() string {
	text := fmt.Sprintf("%d messages not sent", e.Messages)
	if e.Messages == 1 {
		text = "1 message not sent"
	}
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

// Connect connects to an endpoint as soon as a socket is bound there, and again
// whenever the connection is lost. It returns at once: the socket connects in
// the background until [Connector.Disconnect] or Close, and [Socket.Events]
// reports its progress. A host that does not exist or does not answer is
// therefore no error of Connect. The error matches [ErrInvalidEndpoint],
// [ErrUnsupportedTransport], [ErrPeerExists] (PAIR and CHANNEL) or [ErrClosed].
//
// Over inproc one connection is made, as soon as the name is bound and the
// socket bound there admits this one. When that socket closes, the endpoint is
// not connected again.
//
// A second Connect to the same endpoint makes a second connection, except for
// PUB, SUB, REQ and DEALER, which keep the one they have (over inproc they get
// another).
//
// A local address to connect from precedes the remote one:
// "tcp://10.0.0.5:0;server:5555".
func (c Connector) Connect(endpoint string) error {
	return opError("connect", endpoint, c.s.Connect(endpoint))
}

// Disconnect ends all connections to an endpoint that was given to Connect,
// when their queues are written or after [Options.Linger]; it does not wait for
// that. The error matches [ErrEndpointNotFound] or [ErrClosed].
func (c Connector) Disconnect(endpoint string) error {
	return opError("disconnect", endpoint, asNotFound(c.s.Disconnect(endpoint), "not connected to this endpoint"))
}

// WaitConnected waits until at least one peer is connected and its handshake is
// complete. If ctx ends first, the error matches that of the context and its
// cause, and its text says why no peer is connected: the last failure of each
// endpoint, such as "connection refused" or "incompatible socket type".
// [Socket.Endpoints] has the same as values. Otherwise the error matches
// [ErrClosed]. If a call of Send has timed out, WaitConnected with the same, ended
// context returns at once and says why no peer is connected.
func (c Connector) WaitConnected(ctx context.Context) error {
	checkContext(ctx)
	err := c.s.WaitConnected(ctx, 1)
	return c.waitError(ctx, "wait connected", err, "after the context ended")
}
