package zmq

import (
	"context"
	"errors"
	"net"

	"github.com/zerobroker/zmq/internal/inproc"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
)

// Errors that calls fail with. They come wrapped in an [*OpError]; test for
// them with [errors.Is]. What happens to a peer is no error of a call but an
// [Event].
var (
	// ErrClosed: the socket is closed. It matches [net.ErrClosed] too.
	ErrClosed error = closedError{}
	// ErrWouldBlock: a Try call would have to wait.
	ErrWouldBlock = errors.New("operation would block")
	// ErrNoRoute: ROUTER or STREAM has no peer with that routing id, or SERVER or
	// PEER none with that number.
	ErrNoRoute = errors.New("no route to peer")
	// ErrState: it is not this call's turn: REQ sends and receives in turn,
	// as REP receives and sends.
	ErrState = errors.New("operation not allowed in this state")
	// ErrPeerLost: a connection was lost before the call was done with it: one that
	// carried a request of [Req.Do], so that it is unknown whether that was carried
	// out, or one that [Stream.ClosePeer] had still to write to.
	ErrPeerLost = errors.New("peer lost with a request or messages outstanding")
	// ErrEndpoint: the text is no endpoint, or no address that a DGRAM can send to.
	ErrEndpoint = errors.New("malformed endpoint")
	// ErrTransport: the scheme of the endpoint is unknown, or none for this
	// type of socket.
	ErrTransport = errors.New("unknown transport")
	// ErrNotFound: nothing is bound or connected at the endpoint.
	ErrNotFound = errors.New("no such endpoint")
	// ErrInUse: the in-process name is bound already. (Addresses of other
	// transports fail with the system's error, such as syscall.EADDRINUSE.)
	ErrInUse = errors.New("endpoint in use")
	// ErrSecondPeer: a PAIR or CHANNEL has one peer, and has it already; a DGRAM
	// is bound once.
	ErrSecondPeer = errors.New("socket has a peer already")
	// ErrDuplicateID: another peer of the ROUTER has the routing id. It is the
	// reason in an event of a refused peer.
	ErrDuplicateID = errors.New("routing id in use")
	// ErrSubscriptions: a peer subscribed to more than the limits allow. It is
	// the reason in an event of a peer that was turned away.
	ErrSubscriptions = errors.New("too many subscriptions")
	// ErrMessage: the message is not one this socket type can send.
	ErrMessage = errors.New("message not allowed on this socket type")
	// ErrGroup: the text is no name of a group, or a DISH cannot join the group
	// or leave it, because it is or is not joined.
	ErrGroup = errors.New("group cannot be used")
	// ErrTooLarge: the message exceeds [Options.MaxFrameSize], MaxMessageSize or
	// MaxMessageFrames of the socket that is to send it, or is the body of a
	// DGRAM that is longer than 8192 bytes. Nothing was sent.
	ErrTooLarge = errors.New("message too large")
	// ErrOption: an option is out of range.
	ErrOption = errors.New("option out of range")
)

type closedError struct{}

func (closedError) Error() string        { return "socket closed" }
func (closedError) Is(target error) bool { return target == net.ErrClosed }

// OpError is the error of every call that fails for a reason of its own. A
// context's error comes back as it is instead.
type OpError struct {
	Op       string // the method, as "bind", or "new" and the type of socket
	Endpoint string // for calls that name one, else empty
	Err      error
}

func (e *OpError) Error() string {
	if e.Endpoint == "" {
		return "zmq: " + e.Op + ": " + e.Err.Error()
	}
	return "zmq: " + e.Op + " " + e.Endpoint + ": " + e.Err.Error()
}

func (e *OpError) Unwrap() error { return e.Err }

// publicErrors maps the errors of the rooms below to ours.
var publicErrors = map[error]error{
	socket.ErrClosed:       ErrClosed,
	socket.ErrEndpoint:     ErrEndpoint,
	socket.ErrTransport:    ErrTransport,
	socket.ErrIncompatible: ErrTransport,
	socket.ErrNotFound:     ErrNotFound,
	socket.ErrOption:       ErrOption,
	inproc.ErrInUse:        ErrInUse,
	pattern.ErrWait:        ErrWouldBlock,
	pattern.ErrNoRoute:     ErrNoRoute,
	pattern.ErrState:       ErrState,
	pattern.ErrPeerLost:    ErrPeerLost,
	socket.ErrBroken:       ErrPeerLost,
	pattern.ErrMessage:     ErrMessage,
	pattern.ErrGroup:       ErrGroup,
	pattern.ErrTooLarge:    ErrTooLarge,
	pattern.ErrSecondPeer:  ErrSecondPeer,
	pattern.ErrDuplicateID: ErrDuplicateID,
	pattern.ErrTopics:      ErrSubscriptions,
}

// publicError is err with the sentinel of this package in it. The text stays
// what it was.
func publicError(err error) error {
	if err == nil {
		return nil
	}
	if pub, ok := publicErrors[err]; ok {
		return pub
	}
	for inner, pub := range publicErrors {
		if errors.Is(err, inner) {
			return &withSentinel{err, pub}
		}
	}
	return err
}

type withSentinel struct{ err, sentinel error }

func (w *withSentinel) Error() string   { return w.err.Error() }
func (w *withSentinel) Unwrap() []error { return []error{w.err, w.sentinel} }

// opError is what a call returns for err.
func opError(op, endpoint string, err error) error {
	if err == nil {
		return nil
	}
	if err == context.Canceled || err == context.DeadlineExceeded {
		return err
	}
	return &OpError{Op: op, Endpoint: endpoint, Err: publicError(err)}
}
