package zmq

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/zerobroker/zmq/internal/engine"
)

// waitError returns the error of a call that waited for peers. If ctx has ended it
// says why there are none, or what those that are connected have not done.
func (c Connector) waitError(ctx context.Context, op string, err error, missing string) error {
	if err == nil || ctx.Err() == nil || err != ctx.Err() {
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
	if e.cause != e.err {
		text += " (" + e.cause.Error() + ")"
	}
	return text + ": " + e.reason
}

func (e *endedWait) Unwrap() []error { return []error{e.err, e.cause} }

// maxReasons is how many endpoints the text of an error has.
const maxReasons = 4

// waitReason says why no peer is connected at the endpoints, or how many are and
// what they have not done.
func waitReason(endpoints []EndpointInfo, missing string) string {
	if len(endpoints) == 0 {
		return "no endpoint"
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
	if peers > 0 {
		parts = append([]string{fmt.Sprintf("of %d connected peers %s", peers, missing)}, parts...)
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
	case e.State == EndpointConnecting && e.Attempts == 0:
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

// failureText returns the text of a failure without what the endpoint says: the
// operation and the addresses of package net.
func failureText(err error) string {
	if failure, ok := errors.AsType[*engine.Error](err); ok && failure.Reason == engine.CloseSocketType && failure.Err != nil {
		return "incompatible socket type: " + failure.Err.Error()
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Err != nil {
		err = op.Err
	}
	if sys, ok := errors.AsType[*os.SyscallError](err); ok {
		err = sys.Err
	}
	return err.Error()
}
