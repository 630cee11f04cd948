package engine

import (
	"errors"
	"fmt"
)

// ErrServerKey is matched by the error of HandshakeClosed if a CURVE server closed
// the connection in reply to the HELLO of this side, as servers do that cannot
// decrypt it.
var ErrServerKey = errors.New("the server may have another key than Curve.ServerKey")

// HandshakeClosed returns the error of a handshake during which the peer has closed
// the connection, with the most likely cause, which is early before the peer's
// greeting. A server that does not decrypt a command of CURVE, or whose authenticator
// is not available, sends no ERROR.
//
// It returns nil for an accepted connection, unless this side is the client of a
// mechanism and the peer has sent its greeting. Programs that check whether a port is
// open make such connections, and so do clients that end.
func (e *Engine) HandshakeClosed(early string) error {
	if e.cfg.Raw {
		return nil
	}
	client := e.mech.Name() != "NULL" && !e.mech.Server()
	if e.accepted && (!client || e.version == 0) {
		return nil
	}
	text := "peer closed the connection during the " + e.mech.Name() + " handshake"
	if e.version != 0 && e.hs.commands == 0 && e.mech.Name() == "CURVE" && !e.mech.Server() {
		return &Error{Reason: CloseHandshakeClosed, Err: fmt.Errorf("%s: %w", text, ErrServerKey)}
	}
	switch {
	case e.version == 0:
		text = "peer closed the connection before its greeting: " + early
	case e.hs.commands == 0 && e.mech.Server():
		text += ": it may be a server too, and one side must be the client"
	case !e.mech.Server() && e.phase != authenticating:
		text += ": it may be unable to authenticate this socket at the moment, or not accept its socket type"
	}
	return &Error{Reason: CloseHandshakeClosed, Err: errors.New(text)}
}

// HandshakeTimedOut returns the error of a handshake whose deadline has passed.
// cause is that of the read.
func (e *Engine) HandshakeTimedOut(cause error) error {
	if e.version != 0 && e.hs.commands == 0 && e.mech.Server() {
		cause = fmt.Errorf("%w: peer sent no HELLO: it may be a %s server too, and one side must be the client", cause, e.mech.Name())
	}
	return &Error{Reason: CloseHandshakeTimeout, Err: cause}
}
