// Package mechanism implements the security mechanisms of ZMTP. Each is a state
// machine that receives the handshake commands of the peer and returns those to
// send. A mechanism knows nothing of connections, sockets or time. It handles
// the bodies of commands and, if it encrypts traffic, frames.
package mechanism

import (
	"errors"
	"fmt"

	"github.com/zerobroker/zmq/internal/wire"
)

// Status is the state of a handshake.
type Status uint8

const (
	// Handshaking means that commands remain to be sent or received.
	Handshaking Status = iota
	// Waiting means that the peer has sent its credentials, and that the
	// handshake continues when Resume is called with the result of their check.
	Waiting
	// Complete means that the handshake has succeeded and messages may be sent.
	Complete
)

// Credentials are what a peer claims or has proved to be. https://rfc.zeromq.org/spec/27/
type Credentials struct {
	Mechanism string
	Username  string   // of PLAIN
	Password  string   // of PLAIN
	PublicKey [32]byte // of CURVE, the permanent key; the peer has proved that it has the secret key
	Metadata  []byte   // properties of the peer as encoded by wire.AppendProperty, if it has sent them already; nil with NULL and PLAIN
}

// Verdict is the result of a check of the peer's credentials. It has the fields
// of a ZAP reply. https://rfc.zeromq.org/spec/27/
type Verdict struct {
	Status   ZAPStatus
	UserID   string
	Metadata []byte // properties as encoded by wire.AppendProperty
}

// ZAPStatus is the status code of a ZAP reply. https://rfc.zeromq.org/spec/27/
type ZAPStatus string

// The status codes. Every other one is treated as StatusInternalError.
const (
	StatusAccepted      ZAPStatus = "200"
	StatusTemporary     ZAPStatus = "300" // the peer may try again; it gets no ERROR
	StatusDenied        ZAPStatus = "400"
	StatusInternalError ZAPStatus = "500"
)

// Mechanism is one side of the security of one connection. Its methods must not
// be called concurrently, except Seal and Open when Status is Complete: these
// handle different directions.
type Mechanism interface {
	// Name returns the name of the mechanism in the greeting.
	Name() string

	// Server reports whether this side is the server, for the as-server field
	// of the greeting. It is false if the mechanism has no roles.
	Server() bool

	// Next appends the body of the next handshake command to send. ok is false
	// if there is no command to send now. The caller calls Next until then, also
	// after an error of Resume.
	Next(dst []byte) (body []byte, ok bool)

	// Receive handles the body of the next handshake command from the peer. It
	// keeps no part of body. After an error the connection must be closed. The
	// error matches ErrUnexpected, ErrMalformed, ErrCrypto, ErrSequence,
	// ErrKeyExchange or *PeerError. Receive is not called while Status is
	// Waiting.
	Receive(body []byte) error

	Status() Status

	// Credentials returns what the peer has sent to authenticate itself. It is
	// valid while Status is Waiting.
	Credentials() Credentials

	// Resume continues the handshake after Waiting. If the verdict does not
	// accept the peer, the error matches *RefusedError, Next returns the ERROR
	// command for the peer, if there is one, and then the connection must be
	// closed.
	Resume(Verdict) error

	// Metadata returns the properties of the peer. It is valid when Status is
	// Complete.
	Metadata() []byte

	// Seals reports whether every frame after the handshake is encrypted by
	// Seal and decrypted by Open. If not, Seal and Open are not called.
	Seals() bool

	// Seal appends the encrypted form of a frame with these flags
	// (wire.FlagMore, wire.FlagCommand) and body: SealOverhead bytes more than
	// body. It allocates nothing if dst has the capacity.
	Seal(dst []byte, flags byte, body []byte) ([]byte, error)

	// Open decrypts a frame that Seal of the peer encrypted, in place: plain is
	// a part of sealed. The error matches ErrMalformed, ErrCrypto or ErrSequence.
	Open(sealed []byte) (flags byte, plain []byte, err error)
}

// SealOverhead is how many bytes Seal adds to a frame.
// https://rfc.zeromq.org/spec/26/#message-command-encoding
const SealOverhead = 33

// ErrUnexpected matches the error for a command that is not allowed at this
// point of the handshake.
var ErrUnexpected = errors.New("unexpected command")

// ErrMalformed matches the error for a command that violates the grammar of its
// RFC.
var ErrMalformed = wire.ErrMalformed

// ErrCrypto matches the error for encrypted or signed data that does not verify.
var ErrCrypto = errors.New("does not decrypt")

// ErrSequence matches the error for a command or frame whose nonce is not greater
// than that of the one before: it was repeated, or the order was changed.
var ErrSequence = errors.New("nonce is not greater than the last one")

// ErrKeyExchange matches the error for keys that do not belong to this
// connection or have a value that is not allowed.
var ErrKeyExchange = errors.New("key exchange failed")

// RefusedError is the error of Resume for a verdict that does not accept the peer.
type RefusedError struct{ Status ZAPStatus }

func (e *RefusedError) Error() string {
	switch e.Status {
	case StatusTemporary:
		return "authentication is not possible now"
	case StatusDenied:
		return "authentication denied"
	}
	return "authentication failed"
}

// PeerError is the ERROR command of a peer that refuses us.
type PeerError struct {
	Reason string // the peer's text: quote it
	Hidden int    // if not 0, the length of the peer's text, of which Reason has no part that may be a password
}

func (e *PeerError) Error() string {
	if e.Hidden > 0 {
		return fmt.Sprintf("refused by peer, with a reason of %d bytes that is not shown because it may contain the password", e.Hidden)
	}
	switch ZAPStatus(e.Reason) {
	case StatusTemporary:
		return "authentication is not possible now at the peer (ZAP status 300)"
	case StatusDenied:
		return "authentication denied by peer (ZAP status 400)"
	case StatusInternalError:
		return "authentication failed at the peer (ZAP status 500)"
	}
	return fmt.Sprintf("refused by peer: %q", e.Reason)
}

// split returns the name and data of the command in body. For an ERROR command
// it returns a *PeerError, because a peer may send that at any point.
func split(body []byte) (name string, data []byte, err error) {
	n, data, ok := wire.SplitCommand(body)
	if !ok {
		return "", nil, fmt.Errorf("handshake command: %w", ErrMalformed)
	}
	if string(n) == wire.NameError {
		var e wire.Error
		if err := e.Decode(data); err != nil {
			return "", nil, err
		}
		return "", nil, &PeerError{Reason: string(e.Reason)}
	}
	return string(n), data, nil
}

// appendRefusal appends the ERROR command for a peer that a verdict does not
// accept. Its reason is the status code, as in libzmq.
func appendRefusal(dst []byte, s ZAPStatus) []byte {
	if s != StatusDenied {
		s = StatusInternalError
	}
	return wire.Error{Reason: []byte(s)}.AppendBody(dst)
}

func unexpected(name, want string) error {
	if name == wire.NameHello && want == wire.NameWelcome {
		return fmt.Errorf("%w %s: the peer is a client too: one side must be the server", ErrUnexpected, name)
	}
	return fmt.Errorf("%w: %q instead of %s", ErrUnexpected, name, want)
}
