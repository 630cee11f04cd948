package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zap"
)

// hint returns what the user can do about an event whose cause is security, or an
// empty string.
func (f *securityFlags) hint(ev zmq.Event) string {
	hint := ""
	switch m := f.security.Mechanism.(type) {
	case zmq.Curve:
		hint = f.curveHint(ev, m.Server)
	case zmq.Plain:
		if deniedByPeer(ev) {
			hint = "check the name and the password"
		}
	case zmq.PlainServer:
		if ev.Reason == zmq.CloseAuthDenied {
			hint = "check the name and the password in the file of --plain-server"
		}
	}
	if hint == "" {
		hint = generalHint(ev)
	}
	return f.explain(hint)
}

// deniedByPeer reports whether the server has denied this client. The reason
// CloseRefused has other causes too, such as a routing ID in use.
func deniedByPeer(ev zmq.Event) bool {
	return ev.Reason == zmq.CloseRefused && ev.Status == zap.StatusDenied
}

// curveHint is the hint of a socket with CURVE.
func (f *securityFlags) curveHint(ev zmq.Event, server bool) string {
	handshake := ev.Kind == zmq.EventHandshakeFailed
	wrongKey := !server && handshake && (ev.Reason == zmq.CloseCrypto || errors.Is(ev.Err, zmq.ErrServerKey))
	switch {
	case handshake && ev.Reason == zmq.CloseCrypto && server:
		return "the client needs the public key of this server: compare its --curve-serverkey with zmq curve public " + *f.CurveServer
	case wrongKey && len(f.CurveServerkey) > 1:
		return "the other key of --curve-serverkey is tried next"
	case wrongKey:
		return "compare --curve-serverkey with the certificate of the server"
	case ev.Reason == zmq.CloseRevoked && server:
		return fmt.Sprintf("user %.64q was removed from --curve-allow: add its certificate again to accept it", ev.Peer.UserID())
	case ev.Reason == zmq.CloseAuthDenied && server:
		return "to accept this client, add its certificate to --curve-allow"
	case deniedByPeer(ev) && f.CurveKey == nil:
		return "give a key that it accepts with --curve-key"
	case deniedByPeer(ev):
		return "check that it accepts the key of --curve-key"
	}
	return ""
}

// generalHint is the hint for an event that concerns every mechanism.
func generalHint(ev zmq.Event) string {
	switch ev.Reason {
	case zmq.CloseRefused:
		if ev.Status == zap.StatusInternalError || ev.Status == zap.StatusTemporary {
			return "this is not a denial: the authenticator of the peer has failed or cannot decide now: look at its log"
		}
	case zmq.CloseMechanism:
		return "both sides need the same mechanism, one as server and one as client"
	case zmq.CloseTLS:
		// Package tls has no exported type for the alert of a peer.
		if strings.Contains(ev.Err.Error(), "certificate") {
			return "compare --tls-ca and --tls-cert of both sides"
		}
	case zmq.CloseCrypto:
		return "another program or the network has changed the data"
	case zmq.CloseAuthFailed:
		return "this is not a denial: the client tries again"
	case zmq.CloseRevoked:
		return "its key or user was removed: add it again to accept it"
	}
	return ""
}
