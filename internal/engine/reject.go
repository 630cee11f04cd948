package engine

import (
	"errors"
	"strconv"
	"strings"

	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/wire"
)

// The reason of an ERROR begins with one of these if the peer can tell from it
// which of its messages were received.
const (
	// notAdmitted is of a socket that has no place for the peer now and has
	// taken no message from it.
	notAdmitted = "not-admitted:"
	// rejectedAfter is of a socket that closes the connection because of what it
	// received. The number of messages that it has taken follows, then
	// rejectedMessages and the fault.
	rejectedAfter    = "rejected-after-"
	rejectedMessages = "-messages:"
)

// Rejection returns an ERROR that tells the peer why the connection ends and how
// many of its messages were received before, as a frame for Encode. It returns
// nil if err is not what Decode or Filled failed with, or if the peer has not
// announced that it accepts an ERROR in traffic. It belongs to the receiving half.
//
// libzmq ignores an ERROR in traffic (session_base.cpp, push_msg),
// but other implementations may not.
func (e *Engine) Rejection(err error) []byte {
	if err == nil || err != e.recv.failed || CloseReasonOf(err) == CloseRefused || e.version < wire.V3_1 || !e.counts {
		return nil
	}
	reason := rejectedAfter + strconv.FormatUint(e.recv.messages, 10) + rejectedMessages
	return errorCommand(reason + err.Error()).Append(nil)
}

// Rejected reports whether err is an ERROR of the peer that tells how many of
// the messages sent to it were received. The peer may lie.
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

// errorCommand returns an ERROR. A reason is at most 255 visible characters, so
// spaces become hyphens.
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
