package engine

import "errors"

// CloseReason is the reason why an engine or a session closed a connection.
type CloseReason uint8

const (
	CloseNone             CloseReason = iota
	CloseMalformed                    // bytes that are not ZMTP
	CloseUnexpected                   // a command that the handshake does not allow at this point
	CloseMechanism                    // the peer uses another security mechanism
	CloseVersion                      // the peer's ZMTP version is below MinVersion, or lacks the mechanism of this socket
	CloseSocketType                   // the peer's socket type is incompatible
	CloseRefused                      // the peer sent an ERROR
	CloseMetadata                     // Limits.Metadata or Limits.Properties exceeded
	CloseHandshakeSize                // Limits.Handshake or Limits.Commands exceeded
	CloseFrameSize                    // Limits.Frame exceeded
	CloseMessageSize                  // Limits.Message or Limits.Frames exceeded
	CloseCommandSize                  // Limits.Command exceeded
	CloseIgnoredCommands              // Limits.Useless exceeded
	CloseHandshakeTimeout             // the handshake took too long
	CloseHeartbeatTimeout             // the heartbeat timed out
	CloseCrypto                       // encrypted data does not verify, is repeated, or comes from wrong keys
	CloseAuthDenied                   // the authenticator refused the peer
	CloseAuthFailed                   // the authenticator gave no answer, or could not decide
	CloseRevoked                      // the socket disconnected a peer that it had accepted
	CloseTLS                          // TLS failed: a certificate, an alert of the peer, or bytes that are not TLS
	CloseHandshakeClosed              // the peer closed the connection during the handshake (HandshakeClosed)
	NumCloseReasons
)

// closeReasons has the name and the error text of each reason.
var closeReasons = [NumCloseReasons]struct {
	name   string // the constant without Close
	text   string // of an Error without details
	prefix bool   // text also precedes the details, which do not say what failed
}{
	CloseNone:             {name: "none", text: "connection closed"},
	CloseMalformed:        {name: "malformed", text: "malformed input"},
	CloseUnexpected:       {name: "unexpected", text: "unexpected command"},
	CloseMechanism:        {name: "mechanism", text: "incompatible mechanism"},
	CloseVersion:          {name: "version", text: "incompatible version of ZMTP"},
	CloseSocketType:       {name: "socket_type", text: "incompatible socket type", prefix: true},
	CloseRefused:          {name: "refused", text: "refused by peer"},
	CloseMetadata:         {name: "metadata", text: "too much metadata", prefix: true},
	CloseHandshakeSize:    {name: "handshake_size", text: "handshake too large", prefix: true},
	CloseFrameSize:        {name: "frame_size", text: "frame too large", prefix: true},
	CloseMessageSize:      {name: "message_size", text: "message too large", prefix: true},
	CloseCommandSize:      {name: "command_size", text: "command too large", prefix: true},
	CloseIgnoredCommands:  {name: "ignored_commands", text: "too many ignored commands", prefix: true},
	CloseHandshakeTimeout: {name: "handshake_timeout", text: "handshake timed out", prefix: true},
	CloseHeartbeatTimeout: {name: "heartbeat_timeout", text: "heartbeat timed out", prefix: true},
	CloseCrypto:           {name: "crypto", text: "encryption failed"},
	CloseAuthDenied:       {name: "auth_denied", text: "authentication denied"},
	CloseAuthFailed:       {name: "auth_failed", text: "authentication failed"},
	CloseRevoked:          {name: "revoked", text: "access revoked"},
	CloseTLS:              {name: "tls", text: "TLS failed"},
	CloseHandshakeClosed:  {name: "handshake_closed", text: "closed by peer during the handshake"},
}

// String returns the name of the reason in counters and logs.
func (r CloseReason) String() string {
	if r < NumCloseReasons {
		return closeReasons[r].name
	}
	return "unknown"
}

// Error is returned when the connection must be closed.
type Error struct {
	Reason CloseReason
	Err    error // details; may be nil
}

// Error returns the reason and the details in words. Code that needs the name of
// the reason has the field.
func (e *Error) Error() string {
	r := &closeReasons[e.Reason]
	switch {
	case e.Err == nil:
		return r.text
	case r.prefix:
		return r.text + ": " + e.Err.Error()
	}
	return e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// CloseReasonOf returns the reason of the first *Error in err's chain, or
// CloseNone if there is none, as for an I/O error.
func CloseReasonOf(err error) CloseReason {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return CloseNone
}
