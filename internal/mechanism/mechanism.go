// Package mechanism holds the security mechanisms of ZMTP: each a small state
// machine that takes the peer's handshake commands, gives its own, and says
// how far it is. A mechanism knows nothing of connections, sockets or time; it
// sees command bodies and, if it seals traffic, frames.
package mechanism

import (
	"errors"
	"fmt"

	"github.com/zerobroker/zmq/internal/wire"
)

// Status is how far a handshake has come.
type Status uint8

const (
	// Handshaking: commands are still to be sent or received.
	Handshaking Status = iota
	// Waiting: the peer has said who it is, and nothing happens until Resume
	// brings the verdict of whoever decides about it.
	Waiting
	// Ready: both sides have agreed; traffic may flow.
	Ready
)

// Verdict is the answer about a peer that the mechanism is Waiting for; the
// status codes are ZAP's. https://rfc.zeromq.org/spec/27/
type Verdict struct {
	Status   string // "200" accepts
	UserID   string
	Metadata []byte // properties, as wire.AppendProperty writes them
}

// Mechanism is one side of one connection's security. Its methods are called
// one at a time until it is Ready; after that Seal and Open may run beside
// each other, for they are two directions.
type Mechanism interface {
	// Name is the mechanism's name in the greeting.
	Name() string

	// Next appends the body of the handshake command that is ours to send now
	// and reports whether there was one. It is called until it has none.
	Next(dst []byte) (body []byte, ok bool)

	// Receive takes the body of the peer's next handshake command. An error
	// ends the connection; ErrUnexpected, ErrMalformed and *PeerError tell why.
	Receive(body []byte) error

	Status() Status

	// Resume ends Waiting.
	Resume(Verdict) error

	// Metadata is the peer's properties, valid when Ready.
	Metadata() []byte

	// Seals reports whether every frame of the traffic goes through Seal and
	// Open. The other methods of traffic are called only if it does.
	Seals() bool

	// Seal appends what the wire carries in place of a frame with these flags
	// (wire.FlagMore, wire.FlagCommand) and body.
	Seal(dst []byte, flags byte, body []byte) ([]byte, error)

	// Open is the reverse; plain may alias sealed.
	Open(sealed []byte) (flags byte, plain []byte, err error)
}

// ErrUnexpected matches the errors about a command that is not the one the
// handshake is waiting for.
var ErrUnexpected = errors.New("unexpected command")

// ErrMalformed matches the errors about a command that is not laid out as its
// RFC says.
var ErrMalformed = wire.ErrMalformed

// PeerError is the ERROR command of a peer that refuses us. Reason is the
// peer's text: quote it.
type PeerError struct{ Reason string }

func (e *PeerError) Error() string { return fmt.Sprintf("refused by peer: %q", e.Reason) }

// split names the command in body. An ERROR is a *PeerError, whatever the
// handshake was waiting for.
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
