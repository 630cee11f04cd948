package zmq

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
)

// waitError returns the error of a call that waited for peers. If ctx has
// ended, the error says why no peer is connected. If peers are connected,
// missing says what they have not done.
func (s Socket) waitError(ctx context.Context, op string, err error, missing string) error {
	if !socket.EndedBy(ctx, err) {
		return opError(op, "", err)
	}
	return &OpError{Op: op, Err: &endedWait{err, context.Cause(ctx), waitReason(s.Endpoints(), missing)}}
}

// sendError returns the error of a send, of any message or to all peers. If ctx has
// ended, the error says why the call waited.
func sendError(ctx context.Context, s Socket, err error) error {
	if err == nil {
		return nil
	}
	full := "no queue has room"
	switch info := pattern.Types[s.s.Type()]; {
	case info.DatagramsOnly && socket.EndedBy(ctx, err) && len(s.Endpoints()) > 0:
		return &OpError{Op: "send", Err: &endedWait{err, context.Cause(ctx), "the queue is full"}}
	case info.Publishes:
		full = "a queue is full"
	}
	return s.waitError(ctx, "send", err, full)
}

// sendToError is sendError for a message to one peer.
func sendToError(ctx context.Context, s Socket, err error) error {
	if err == nil {
		return nil
	}
	return s.waitError(ctx, "send", err, "the queue of the peer has no room")
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

// flush is what the methods Flush of the handles call, as [Sender.Flush] documents
// it.
func (s Socket) flush(ctx context.Context) error {
	checkContext(ctx)
	unsent, lost, err := s.s.Flush(ctx)
	switch {
	case err == nil && lost > 0:
		return opError("flush", "", &UnsentError{Messages: lost})
	case !socket.EndedBy(ctx, err):
		return opError("flush", "", err)
	}
	missing := fmt.Sprintf("%d messages not written", unsent)
	if unsent == 1 {
		missing = "1 message not written"
	}
	endpoints := s.Endpoints()
	reason := waitReason(endpoints, missing)
	if !slices.ContainsFunc(endpoints, func(e EndpointInfo) bool { return e.Peers > 0 }) {
		reason = missing + ": " + reason
	}
	return &OpError{Op: "flush", Err: &endedWait{err, context.Cause(ctx), reason}}
}

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
// addresses of package net, because the endpoint precedes it. A text that adds
// something to that of package net, such as the address of a proxy, is kept.
func failureText(err error) string {
	if closed, ok := errors.AsType[*engine.Error](err); ok {
		return closed.Error()
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Err != nil && op.Error() == err.Error() {
		err = op.Err
	}
	if sys, ok := err.(*os.SyscallError); ok {
		err = sys.Err
	}
	return err.Error()
}
