package mechanism

import "github.com/zerobroker/zmq/internal/wire"

// Null is the NULL mechanism. Each side sends a READY command with its metadata.
// The handshake is complete when both have received one.
// https://rfc.zeromq.org/spec/37/#the-null-security-mechanism
type Null struct {
	metadata []byte // to send
	peer     []byte // the metadata of the peer
	state    nullState
	received bool      // the peer's READY
	refusal  ZAPStatus // of a verdict that does not accept the peer
}

// nullState is what Null sends next.
type nullState uint8

const (
	nullChecking nullState = iota // nothing, until Resume
	nullReady                     // READY
	nullFinished                  // nothing: READY was sent
	nullDenied                    // ERROR
	nullRefused                   // nothing: the peer was refused
)

// NewNull returns a NULL mechanism that sends metadata, which are properties as
// encoded by wire.AppendProperty, at once.
func NewNull(metadata []byte) *Null { return &Null{metadata: metadata, state: nullReady} }

// NewCheckedNull returns a NULL mechanism that is Waiting from the start: it sends
// READY when Resume accepts the peer, of which only the address is known.
// https://rfc.zeromq.org/spec/27/#the-null-mechanism
func NewCheckedNull(metadata []byte) *Null { return &Null{metadata: metadata} }

// Name returns "NULL".
func (n *Null) Name() string { return "NULL" }

// Server returns false: NULL has no roles.
func (n *Null) Server() bool { return false }

// Next returns the READY command, or the ERROR command if Resume has denied the
// peer.
func (n *Null) Next(dst []byte) ([]byte, bool) {
	switch n.state {
	case nullReady:
		n.state = nullFinished
		return wire.Ready{Metadata: n.metadata}.AppendBody(dst), true
	case nullDenied:
		n.state = nullRefused
		return appendRefusal(dst, n.refusal), true
	}
	return dst, false
}

// Receive handles the peer's READY command. It returns an error for a second
// READY, for every other command, and for a peer that was refused.
func (n *Null) Receive(body []byte) error {
	name, data, err := split(body)
	if err != nil {
		return err
	}
	if name != wire.NameReady || n.received || n.state == nullDenied || n.state == nullRefused {
		return unexpected(name, wire.NameReady)
	}
	var r wire.Ready
	if err := r.Decode(data); err != nil {
		return err
	}
	n.received = true
	n.peer = append([]byte(nil), r.Metadata...)
	return nil
}

// Status returns Complete when a READY was sent and one was received.
func (n *Null) Status() Status {
	switch {
	case n.state == nullChecking:
		return Waiting
	case n.state == nullFinished && n.received:
		return Complete
	}
	return Handshaking
}

// Credentials returns the name of the mechanism: NULL has no credentials.
func (n *Null) Credentials() Credentials { return Credentials{Mechanism: n.Name()} }

// Resume continues the handshake of NewCheckedNull.
func (n *Null) Resume(v Verdict) error {
	if n.state != nullChecking {
		return ErrUnexpected
	}
	var err error
	n.state, err = afterVerdict(v, nullReady, nullDenied, nullRefused)
	n.refusal = v.Status
	return err
}

// Metadata returns the properties in the peer's READY.
func (n *Null) Metadata() []byte { return n.peer }

// Seals returns false: NULL does not encrypt.
func (n *Null) Seals() bool { return false }

// Seal returns the body unchanged. It is not called, because Seals returns
// false.
func (n *Null) Seal(dst []byte, _ byte, body []byte) ([]byte, error) {
	return append(dst, body...), nil
}

// Open returns the frame unchanged. It is not called, because Seals returns
// false.
func (n *Null) Open(sealed []byte) (byte, []byte, error) { return 0, sealed, nil }
