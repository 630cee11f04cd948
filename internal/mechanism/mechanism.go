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
	// Ready means that the handshake has succeeded and messages may be sent.
	Ready
)

// Verdict is the result of a check of the peer's credentials. It has the fields
// of a ZAP reply. https://rfc.zeromq.org/spec/27/
type Verdict struct {
	Status   string // ZAP status code; "200" accepts the peer
	UserID   string
	Metadata []byte // properties as encoded by wire.AppendProperty
}

// Mechanism is one side of the security of one connection. Its methods must not
// be called concurrently, except Seal and Open when Status is Ready: these
// handle different directions.
type Mechanism interface {
	// Name returns the name of the mechanism in the greeting.
	Name() string

	// Next appends the body of the next handshake command to send. ok is false
	// if there is no command to send now. The caller calls Next until then.
	Next(dst []byte) (body []byte, ok bool)

	// Receive handles the body of the next handshake command from the peer.
	// After an error the connection must be closed. The error matches
	// ErrUnexpected, ErrMalformed or *PeerError.
	Receive(body []byte) error

	Status() Status

	// Resume continues the handshake after Waiting.
	Resume(Verdict) error

	// Metadata returns the properties of the peer. It is valid when Status is
	// Ready.
	Metadata() []byte

	// Seals reports whether every frame after the handshake is encrypted by
	// Seal and decrypted by Open. If not, Seal and Open are not called.
	Seals() bool

	// Seal appends the encrypted form of a frame with these flags
	// (wire.FlagMore, wire.FlagCommand) and body.
	Seal(dst []byte, flags byte, body []byte) ([]byte, error)

	// Open decrypts a frame that Seal of the peer encrypted. plain may alias
	// sealed.
	Open(sealed []byte) (flags byte, plain []byte, err error)
}

// ErrUnexpected matches the error for a command that is not allowed at this
// point of the handshake.
var ErrUnexpected = errors.New("unexpected command")

// ErrMalformed matches the error for a command that violates the grammar of its
// RFC.
var ErrMalformed = wire.ErrMalformed

// PeerError is the ERROR command of a peer that refuses us. Reason is the
// peer's text: quote it.
type PeerError struct{ Reason string }

func (e *PeerError) Error() string { return fmt.Sprintf("refused by peer: %q", e.Reason) }

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

func unexpected(name, want string) error {
	return fmt.Errorf("%w: %q instead of %s", ErrUnexpected, name, want)
}
