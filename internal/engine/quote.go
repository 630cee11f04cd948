package engine

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/zerobroker/zmq/internal/mechanism"
)

// The texts of a peer that errors of a client of PLAIN contain: other ones may be
// the password, which the server has received.
var (
	knownMechanisms = []string{"NULL", "PLAIN", "CURVE", "GSSAPI"}
	knownTypes      = []string{"PAIR", "PUB", "SUB", "XPUB", "XSUB", "PUSH", "PULL", "REQ", "REP", "DEALER", "ROUTER",
		"CLIENT", "SERVER", "PEER", "RADIO", "DISH", "SCATTER", "GATHER", "CHANNEL"}
	knownReasons = []string{
		string(mechanism.StatusTemporary), string(mechanism.StatusDenied), string(mechanism.StatusInternalError),
		notAdmitted + "routing-ID-in-use", notAdmitted + "socket-has-a-peer-already",
	}
)

// nameIn returns name if it is in the list, and otherwise "".
func nameIn(list []string, name string) string {
	if slices.Contains(list, name) {
		return name
	}
	return ""
}

// revealsPassword reports whether a text that the peer has sent may be the password
// of this side.
func (e *Engine) revealsPassword(text string, known []string) bool {
	return e.mech != nil && e.mech.Name() == "PLAIN" && !e.mech.Server() && !slices.Contains(known, text)
}

// quote returns a text that the peer has sent for an error: quoted, or only its
// length if it may be the password of this side.
func (e *Engine) quote(text string, known ...string) string {
	if e.revealsPassword(text, known) {
		return fmt.Sprintf("%d bytes, which are not shown because they may contain the password", len(text))
	}
	return strconv.Quote(text)
}

// hideReason removes the text from the reason of an ERROR if it may be the password
// of this side. What Rejected reads remains.
func (e *Engine) hideReason(err *mechanism.PeerError) *mechanism.PeerError {
	if !e.revealsPassword(err.Reason, knownReasons) {
		return err
	}
	hidden := &mechanism.PeerError{Hidden: len(err.Reason)}
	if n, ok := Rejected(err); ok {
		hidden.Reason = rejectedAfter + strconv.FormatUint(n, 10) + rejectedMessages
	}
	return hidden
}
