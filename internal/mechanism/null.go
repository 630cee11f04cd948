package mechanism

import "github.com/zerobroker/zmq/internal/wire"

// Null is the NULL mechanism. Each side sends a READY command with its metadata
// at once. The handshake is complete when both have received one.
// https://rfc.zeromq.org/spec/37/#the-null-security-mechanism
type Null struct {
	metadata []byte // to send
	peer     []byte // the metadata of the peer
	sent     bool
	received bool
}

// NewNull returns a NULL mechanism that sends metadata, which are properties as
// encoded by wire.AppendProperty.
func NewNull(metadata []byte) *Null { return &Null{metadata: metadata} }

// Name returns "NULL".
func (n *Null) Name() string { return "NULL" }

// Next returns the READY command in the first call.
func (n *Null) Next(dst []byte) ([]byte, bool) {
	if n.sent {
		return dst, false
	}
	n.sent = true
	return wire.Ready{Metadata: n.metadata}.AppendBody(dst), true
}

// Receive handles the peer's READY command. It returns an error for a second
// READY and for every other command.
func (n *Null) Receive(body []byte) error {
	name, data, err := split(body)
	if err != nil {
		return err
	}
	if name != wire.NameReady || n.received {
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

// Status returns Ready when a READY was sent and one was received, and
// otherwise Handshaking.
func (n *Null) Status() Status {
	if n.sent && n.received {
		return Ready
	}
	return Handshaking
}

// Resume returns ErrUnexpected: NULL has no credentials and is never Waiting.
func (n *Null) Resume(Verdict) error { return ErrUnexpected }

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
