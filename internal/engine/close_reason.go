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
	NumCloseReasons
)

// closeReasonNames has the names of the constants without Close.
var closeReasonNames = [NumCloseReasons]string{
	CloseNone:             "none",
	CloseMalformed:        "malformed",
	CloseUnexpected:       "unexpected",
	CloseMechanism:        "mechanism",
	CloseVersion:          "version",
	CloseSocketType:       "socket_type",
	CloseRefused:          "refused",
	CloseMetadata:         "metadata",
	CloseHandshakeSize:    "handshake_size",
	CloseFrameSize:        "frame_size",
	CloseMessageSize:      "message_size",
	CloseCommandSize:      "command_size",
	CloseIgnoredCommands:  "ignored_commands",
	CloseHandshakeTimeout: "handshake_timeout",
	CloseHeartbeatTimeout: "heartbeat_timeout",
	CloseCrypto:           "crypto",
	CloseAuthDenied:       "auth_denied",
	CloseAuthFailed:       "auth_failed",
	CloseRevoked:          "revoked",
	CloseTLS:              "tls",
}

// String returns the name of the reason in counters and logs.
func (r CloseReason) String() string {
	if r < NumCloseReasons {
		return closeReasonNames[r]
	}
	return "unknown"
}

// Error is returned when the connection must be closed.
type Error struct {
	Reason CloseReason
	Err    error // details; may be nil
}

func (e *Error) Error() string {
	if e.Err == nil {
		return e.Reason.String()
	}
	return e.Reason.String() + ": " + e.Err.Error()
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
