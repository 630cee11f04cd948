package mechanism

import "github.com/zerobroker/zmq/internal/wire"

// Null is the NULL mechanism: each side sends READY with its metadata at once,
// and is ready when it has the other's.
// https://rfc.zeromq.org/spec/37/#the-null-security-mechanism
type Null struct {
	metadata []byte // ours
	peer     []byte
	sent     bool
	received bool
}

// NewNull returns a NULL mechanism that announces metadata, properties as
// wire.AppendProperty writes them.
func NewNull(metadata []byte) *Null { return &Null{metadata: metadata} }

// Name returns "NULL".
func (n *Null) Name() string { return "NULL" }

// Next gives READY, once.
func (n *Null) Next(dst []byte) ([]byte, bool) {
	if n.sent {
		return dst, false
	}
	n.sent = true
	return wire.Ready{Metadata: n.metadata}.AppendBody(dst), true
}

// Receive takes the peer's READY, once, or its ERROR.
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

// Status is Ready when both READYs have passed.
func (n *Null) Status() Status {
	if n.sent && n.received {
		return Ready
	}
	return Handshaking
}

// Resume is never due: nobody is asked about a peer that says nothing of
// itself.
func (n *Null) Resume(Verdict) error { return ErrUnexpected }

// Metadata is that of the peer's READY.
func (n *Null) Metadata() []byte { return n.peer }

// Seals returns false: traffic is as it is.
func (n *Null) Seals() bool { return false }

// Seal is not called.
func (n *Null) Seal(dst []byte, _ byte, body []byte) ([]byte, error) {
	return append(dst, body...), nil
}

// Open is not called.
func (n *Null) Open(sealed []byte) (byte, []byte, error) { return 0, sealed, nil }
