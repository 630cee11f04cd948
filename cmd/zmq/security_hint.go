package main

import "github.com/zerobroker/zmq"

// hint returns what the user can do about an event whose cause is security, as
// the end of a line, or an empty string.
func (f *securityFlags) hint(ev zmq.Event) string {
	hint := ""
	switch m := f.security.Mechanism.(type) {
	case zmq.Curve:
		hint = f.curveHint(ev, m.Server)
	case zmq.Plain:
		if ev.Reason == zmq.CloseRefused {
			hint = "400 means that the server denies this client: check the name and the password"
		}
	case zmq.PlainServer:
		if ev.Reason == zmq.CloseAuthDenied {
			hint = "check the name and the password in the file of --plain-server"
		}
	}
	if hint == "" {
		hint = generalHint(ev, f.security.Mechanism != nil)
	}
	if hint == "" {
		return ""
	}
	return " (" + hint + ")"
}

// curveHint is the hint of a socket with CURVE.
func (f *securityFlags) curveHint(ev zmq.Event, server bool) string {
	handshake := ev.Kind == zmq.EventHandshakeFailed
	switch {
	case handshake && ev.Reason == zmq.CloseCrypto && server:
		return "the client needs the public key of this server: compare its --curve-serverkey with zmq curve public " + *f.CurveServer
	case handshake && (ev.Reason == zmq.CloseCrypto || ev.Reason == zmq.CloseNone) && !server:
		return "the server may have another key: compare --curve-serverkey with the certificate of the server"
	case ev.Reason == zmq.CloseAuthDenied && server:
		return "to accept this client, add its certificate to --curve-allow"
	case ev.Reason == zmq.CloseRefused && !server && f.CurveKey == nil:
		return "400 means that the server denies this client: give a key that it accepts with --curve-key"
	case ev.Reason == zmq.CloseRefused && !server:
		return "400 means that the server denies this client: check that it accepts the key of --curve-key"
	}
	return ""
}

// generalHint is the hint for an event that concerns every mechanism.
func generalHint(ev zmq.Event, mechanism bool) string {
	switch ev.Reason {
	case zmq.CloseMechanism:
		return "both sides need the same mechanism, one as server and one as client"
	case zmq.CloseHandshakeTimeout:
		if mechanism {
			return "one side must be the server of the mechanism, and the other the client"
		}
	case zmq.CloseTLS:
		return "if a certificate is not accepted, compare --tls-ca and --tls-cert of both sides"
	case zmq.CloseCrypto:
		return "another program or the network has changed the data"
	case zmq.CloseAuthFailed:
		return "this is not a denial: the client tries again"
	case zmq.CloseRevoked:
		return "its key or user was removed: add it again to accept it"
	}
	return ""
}
