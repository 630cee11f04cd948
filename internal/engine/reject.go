package engine

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/wire"
)

// An ERROR whose reason begins with one of these prefixes states how many
// messages of the peer were received.
const (
	// notAdmitted is sent by a socket that cannot admit the peer at the moment.
	// It has received no message.
	notAdmitted = "not-admitted:"
	// rejectedAfter is sent by a socket that closes the connection because of
	// bytes it received. The number of messages received before follows, then
	// rejectedMessages, the name of the CloseReason and the details.
	rejectedAfter    = "rejected-after-"
	rejectedMessages = "-messages:"
)

// Rejection returns an ERROR for the peer, as a frame for Encode. Its reason
// states why the connection ends and how many messages were received before.
// Rejection returns nil if err is not the error of Decode or BodyRead, or if
// the peer has not announced that it accepts an ERROR after the handshake. It
// must not be called concurrently with Decode.
//
// libzmq ignores an ERROR after the handshake (session_base.cpp, push_msg).
// Other implementations may not, so this one sends it only if announced.
func (e *Engine) Rejection(err error) []byte {
	closed, ok := errors.AsType[*Error](err)
	if !ok || err != e.recv.err || closed.Reason == CloseRefused || e.version < wire.V3_1 || !e.peerCounts {
		return nil
	}
	number := strconv.FormatUint(e.recv.messages, 10)
	return errorCommand(fmt.Sprintf("%s%s%s%v: %v", rejectedAfter, number, rejectedMessages, closed.Reason, closed.Err)).Append(nil)
}

// Rejected reports whether err is an ERROR of the peer that states how many
// messages the peer received, and returns the number. It is not verified.
func Rejected(err error) (received uint64, ok bool) {
	var refused *mechanism.PeerError
	if !errors.As(err, &refused) {
		return 0, false
	}
	if strings.HasPrefix(refused.Reason, notAdmitted) {
		return 0, true
	}
	rest, ok := strings.CutPrefix(refused.Reason, rejectedAfter)
	if !ok {
		return 0, false
	}
	number, _, ok := strings.Cut(rest, rejectedMessages)
	if !ok {
		return 0, false
	}
	received, perr := strconv.ParseUint(number, 10, 64)
	return received, perr == nil
}

// errorCommand returns an ERROR. A reason consists of at most 255 visible
// characters, so other characters become hyphens.
// https://rfc.zeromq.org/spec/37/#the-null-security-mechanism
func errorCommand(reason string) wire.Error {
	b := []byte(reason)
	for i, c := range b {
		if c <= ' ' || c > '~' {
			b[i] = '-'
		}
	}
	return wire.Error{Reason: b[:min(len(b), 255)]}
}
