package zmq

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/socket"
)

// waitError returns the error of a call that waited for peers. If ctx has
// ended, the error says why no peer is connected. If peers are connected,
// missing says what they have not done.
func (c Connector) waitError(ctx context.Context, op string, err error, missing string) error {
	if !socket.EndedBy(ctx, err) {
		return opError(op, "", err)
	}
	return &OpError{Op: op, Err: &endedWait{err, context.Cause(ctx), waitReason(c.Endpoints(), missing)}}
}

// endedWait is the error of a context that ended during a wait, and the reason.
type endedWait struct {
	err, cause error
	reason     string
}

func (e *endedWait) Error() string {
	text := e.err.Error()
	if e.cause.Error() != e.err.Error() {
		text += " (" + e.cause.Error() + ")"
	}
	return text + ": " + e.reason
}

func (e *endedWait) Unwrap() []error { return []error{e.err, e.cause} }

// maxReasons is the maximum number of endpoints in the text of an error.
const maxReasons = 4

// waitReason says why no peer is connected at the endpoints. If peers are
// connected, it returns their number and missing.
func waitReason(endpoints []EndpointInfo, missing string) string {
	if len(endpoints) == 0 {
		return "no endpoint: call Bind or Connect first"
	}
	var parts []string
	peers, more := 0, 0
	for _, e := range endpoints {
		switch peers += e.Peers; {
		case e.Peers > 0:
		case len(parts) < maxReasons:
			parts = append(parts, e.Endpoint+": "+e.reason())
		default:
			more++
		}
	}
	if more > 0 {
		parts = append(parts, fmt.Sprintf("%d more endpoints without a peer", more))
	}
	switch {
	case peers == 1:
		parts = append([]string{"1 peer connected, " + missing}, parts...)
	case peers > 1:
		parts = append([]string{fmt.Sprintf("%d peers connected, %s", peers, missing)}, parts...)
	}
	return strings.Join(parts, "; ")
}

// reason says why no peer is connected at the endpoint.
func (e EndpointInfo) reason() string {
	var text string
	switch {
	case e.Err != nil:
		text = failureText(e.Err)
	case e.State == EndpointListening:
		text = "no peer has connected"
	case e.State == EndpointHandshaking:
		text = "handshake not complete"
	case e.State == EndpointConnecting && strings.HasPrefix(e.Endpoint, "inproc://"):
		text = "no socket is bound"
	default:
		text = e.State.String()
	}
	switch {
	case e.Attempts == 1:
		text += " (1 attempt)"
	case e.Attempts > 1:
		text += fmt.Sprintf(" (%d attempts)", e.Attempts)
	}
	return text
}

// tooFew says that fewer than n peers have done something to a topic or group.
func tooFew(n int, done, name string) string {
	if n == 1 {
		return fmt.Sprintf("none %s %q", done, name)
	}
	return fmt.Sprintf("fewer than %d %s %q", n, done, name)
}

// failureText returns the text of a failure without the operation and the
// addresses of package net, because the endpoint precedes it.
func failureText(err error) string {
	if closed, ok := errors.AsType[*engine.Error](err); ok && closed.Err != nil {
		switch closed.Reason {
		case engine.CloseSocketType:
			return "incompatible socket type: " + closed.Err.Error()
		case engine.CloseRefused, engine.CloseTLS:
			return closed.Err.Error()
		}
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Err != nil {
		err = op.Err
	}
	if sys, ok := errors.AsType[*os.SyscallError](err); ok {
		err = sys.Err
	}
	return err.Error()
}
