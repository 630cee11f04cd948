package zmq

import (
	"context"
	"errors"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/inproc"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
)

// Errors of calls, which an [*OpError] wraps; test for them with [errors.Is].
// The error of a single peer is reported as an [Event].
var (
	// ErrClosed is returned by every call on a closed socket, and by calls that
	// Close ends. It matches [net.ErrClosed] too.
	ErrClosed = socket.ErrClosed
	// ErrWouldBlock is returned by a Try method if the method without Try would
	// wait.
	ErrWouldBlock = pattern.ErrWouldBlock
	// ErrNoRoute is returned if a ROUTER or STREAM has no peer with the routing
	// ID, or a SERVER or PEER none with the routing number.
	ErrNoRoute = pattern.ErrNoRoute
	// ErrInvalidState is returned for a call out of turn: a REQ sends and
	// receives alternately, a REP receives and sends.
	ErrInvalidState = pattern.ErrInvalidState
	// ErrPeerLost is returned if a connection is lost before a call is
	// complete: by [Req.Do] if the connection carried its request, which may
	// have been carried out, and by [Stream.ClosePeer] if it had unsent
	// messages.
	ErrPeerLost = pattern.ErrPeerLost
	// ErrWithdrawn is matched by the error of [Req.Do] if its context ended
	// before any byte of the request was written. No peer receives the request,
	// so that repeating it is safe.
	ErrWithdrawn = socket.ErrWithdrawn
	// ErrInvalidEndpoint is returned if a text is not an endpoint, or a DGRAM
	// cannot send to an address.
	ErrInvalidEndpoint = socket.ErrInvalidEndpoint
	// ErrUnsupportedTransport is returned if the scheme of an endpoint is
	// unknown or the socket type does not support it.
	ErrUnsupportedTransport = socket.ErrUnsupportedTransport
	// ErrEndpointNotFound is returned by Unbind and Disconnect if the socket is
	// not bound or connected to the endpoint.
	ErrEndpointNotFound = socket.ErrEndpointNotFound
	// ErrEndpointInUse is returned by Bind if another socket is bound to the
	// inproc name. For other transports the error is that of the system, such
	// as [syscall.EADDRINUSE].
	ErrEndpointInUse = inproc.ErrEndpointInUse
	// ErrPeerExists is returned by Connect of a PAIR or CHANNEL that has a peer
	// or another connected endpoint. It is also the error in the event of a
	// peer that such a socket refuses.
	ErrPeerExists = pattern.ErrPeerExists
	// ErrAlreadyBound is returned by a second Bind of a DGRAM.
	ErrAlreadyBound = pattern.ErrAlreadyBound
	// ErrDuplicateRoutingID is returned by ConnectAs if another peer has the
	// routing ID. It is also the error in the event of a peer that a ROUTER
	// refuses for that reason.
	ErrDuplicateRoutingID = pattern.ErrDuplicateRoutingID
	// ErrServerKey is matched by the error in the [EventHandshakeFailed] of a CURVE
	// client whose server closed the connection in reply to the first command. A
	// server that has another key than [Curve].ServerKey cannot decrypt that command,
	// and sends no reason.
	ErrServerKey = engine.ErrServerKey
	// ErrTooManySubscriptions is the error in the event of a peer that is
	// disconnected because its subscriptions exceed [Limits].
	ErrTooManySubscriptions = pattern.ErrTooManySubscriptions
	// ErrInvalidMessage is returned for a message that the socket type cannot
	// send, such as one of two frames on a CLIENT.
	ErrInvalidMessage = pattern.ErrInvalidMessage
	// ErrInvalidGroup is returned if the name of a group is invalid, if a DISH
	// joins a group that it has joined, or leaves one that it has not joined.
	ErrInvalidGroup = pattern.ErrInvalidGroup
	// ErrMessageTooLarge is returned for a message that exceeds the [Limits] of
	// its own socket, or a payload of more than 8192 bytes on a DGRAM. Nothing
	// is sent.
	ErrMessageTooLarge = pattern.ErrMessageTooLarge
	// ErrInvalidOption is returned for an option or a parameter that is out of
	// range or does not apply to the socket type.
	ErrInvalidOption = socket.ErrInvalidOption
)

// OpError is the error of every call. The exception is a context that ends
// while Recv, one of its variants or [Stream.ClosePeer] waits: they return its
// error unchanged.
type OpError struct {
	Op       string // the operation, such as "bind" or "send" (for all variants of Send and Reply), or "new" and the socket type
	Endpoint string // the endpoint that the call names, if any
	Err      error  // the cause
}

func (e *OpError) Error() string {
	if e.Endpoint == "" {
		return "zmq: " + e.Op + ": " + e.Err.Error()
	}
	return "zmq: " + e.Op + " " + e.Endpoint + ": " + e.Err.Error()
}

func (e *OpError) Unwrap() error { return e.Err }

// Timeout reports whether the call failed because a deadline passed.
func (e *OpError) Timeout() bool {
	var inner interface{ Timeout() bool }
	return errors.As(e.Err, &inner) && inner.Timeout()
}

// checkContext panics if a caller passes no context. Otherwise a call would panic
// only when it has to wait.
func checkContext(ctx context.Context) {
	if ctx == nil {
		panic("zmq: nil context")
	}
}

// contextError is opError for a call that waits until ctx ends. It returns the
// error of ctx unchanged.
func contextError(ctx context.Context, op string, err error) error {
	if err == nil || socket.EndedBy(ctx, err) {
		return err
	}
	return opError(op, "", err)
}

// opError returns the error of a call that failed with err.
func opError(op, endpoint string, err error) error {
	if err == nil {
		return nil
	}
	return &OpError{Op: op, Endpoint: endpoint, Err: err}
}
