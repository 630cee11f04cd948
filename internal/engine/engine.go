// Package engine is one connection's side of ZMTP as a state machine: bytes
// in, messages and bytes out. It greets, negotiates the version, runs the
// security handshake, decodes and encodes traffic, answers PINGs and watches
// for silence. It does no I/O, starts no goroutine and reads no clock; it
// knows nothing of sockets, queues or what its messages mean.
//
// # Use
//
// Until [Engine.Ready], feed what arrives to [Engine.Handshake] and send what
// [Engine.Output] gives. After that [Engine.Decode] turns bytes into messages
// at rest and [Engine.Encode] messages at rest into bytes. Decode and Encode
// are two halves that share nothing which changes, so one goroutine may read
// while another writes. [Heart] is the third part, for whoever has a clock.
//
// With [Config.Raw] the same calls carry bytes that are no ZMTP: the first
// Handshake is the whole of it, and nothing is said that was not given to
// Encode.
package engine

import (
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/wire"
)

// Config is what an engine must know of its socket. It is shared by all of a
// socket's connections and not changed.
type Config struct {
	SocketType   string   // as in the Socket-Type property
	SocketNumber byte     // as in the ZMTP 2.0 greeting
	PeerTypes    []string // the Socket-Types we talk to
	RoutingID    string   // ours; announced if SendsIdentity
	SendsID      bool     // whether READY carries an Identity property, as REQ, DEALER and ROUTER do
	Groups       bool     // whether subscriptions are JOIN and LEAVE (RADIO, DISH) and not SUBSCRIBE and CANCEL
	Publishes    bool     // whether the peer's SUBSCRIBE and CANCEL are for us (PUB, XPUB)
	Raw          bool     // whether the peer speaks no ZMTP: bytes both ways, no handshake, no frames (STREAM)
	OnError      bool     // whether we announce what we do after an ERROR (wire.PropOnError)

	// MinVersion is the oldest version that is accepted; 0 is any.
	MinVersion Version

	// NewMechanism makes this connection's mechanism; metadata is what the
	// socket announces of itself.
	NewMechanism func(metadata []byte) mechanism.Mechanism

	// Yield is called between pieces of work while much is decoded that has to be
	// looked at closely, such as commands, so that others may run. May be nil.
	Yield func()

	Limits Limits
}

// Version is a version of ZMTP.
type Version = wire.Version

// Limits bound what a peer may make us hold. Zero is unlimited.
type Limits struct {
	Handshake  int   // bytes of all handshake commands
	Commands   int   // handshake commands
	Metadata   int   // bytes of metadata
	Properties int   // properties in metadata
	Frame      int64 // bytes of one frame's body
	Frames     int   // frames of one message
	Message    int64 // bytes of one message
	Command    int   // bytes of a command during traffic, topics included
	Useless    int64 // bytes of ignored commands with no message between them
}

// phase is what the engine is waiting for.
type phase uint8

const (
	greeting    phase = iota // the peer's greeting, or its first byte if it has none
	identity                 // the identity message that opens a ZMTP 1.0 or 2.0 connection
	handshaking              // the mechanism's commands
	ready                    // traffic
	failed
)

// Engine is one connection's state. Make it with New.
type Engine struct {
	cfg   *Config
	phase phase
	out   []byte // handshake bytes and answers to send

	version wire.Version
	mech    mechanism.Mechanism
	peer    *msg.Peer

	// The accepting side admits or refuses the peer before it sends its READY
	// (ZMTP 3) or its routing ID (ZMTP 1 and 2), and the peer sends no message
	// before it has that.
	accepting bool
	held      []byte // what Admit puts out
	retries   bool   // the peer announced that it retries after an ERROR
	counts    bool   // the peer announced that it counts what an ERROR in traffic rejects

	hs   handshakeState
	recv receiveState
	send sendState
}

// New returns the engine of the side that connected. Its first bytes are in
// Output. It sends READY at once, as libzmq does on both sides.
func New(cfg *Config) *Engine { return newEngine(cfg, false) }

// NewAccepting returns the engine of the side that accepted the connection. It
// sends its READY, or the routing ID that an old version has in place of it,
// only after Admit. Only one side may do that, or both would wait for ever.
func NewAccepting(cfg *Config) *Engine { return newEngine(cfg, true) }

func newEngine(cfg *Config, accepting bool) *Engine {
	e := &Engine{cfg: cfg, accepting: accepting}
	if cfg.Raw {
		return e
	}
	e.mech = cfg.NewMechanism(e.metadata())
	e.out = wire.AppendSignature(e.out, len(cfg.RoutingID))
	return e
}

// metadata is the properties we announce.
// https://rfc.zeromq.org/spec/37/#connection-metadata
func (e *Engine) metadata() []byte {
	b := wire.AppendProperty(nil, wire.PropSocketType, e.cfg.SocketType)
	if e.cfg.SendsID {
		b = wire.AppendProperty(b, wire.PropIdentity, e.cfg.RoutingID)
	}
	switch {
	case !e.cfg.OnError:
	case e.accepting:
		b = wire.AppendProperty(b, wire.PropOnError, wire.OnErrorCount)
	default:
		b = wire.AppendProperty(b, wire.PropOnError, wire.OnErrorRetry)
	}
	return b
}

// Output returns the bytes that are to be sent before any message, and forgets
// them. The slice is the caller's.
func (e *Engine) Output() []byte {
	out := e.out
	e.out = nil
	return out
}

// Ready reports whether the peer's part of the handshake is over: what follows
// is for Decode. Traffic to the peer may flow after Admit.
func (e *Engine) Ready() bool { return e.phase == ready }

// Version is the version spoken, known from the end of the greeting on.
func (e *Engine) Version() wire.Version { return e.version }

// Heartbeats reports whether the peer understands PING and PONG.
// https://rfc.zeromq.org/spec/37/#connection-heartbeating
func (e *Engine) Heartbeats() bool { return e.version >= wire.V3_1 }

// Peer describes the peer as the handshake did. The caller completes it with
// what only it knows, before anyone else sees it.
func (e *Engine) Peer() *msg.Peer { return e.peer }

// Admit puts out what the accepting side has held back. It is called when the
// engine is Ready and does nothing on the connecting side.
func (e *Engine) Admit() {
	e.out = append(e.out, e.held...)
	e.held = nil
}

// Refuse puts out an ERROR with a reason, where the peer can use it, instead of
// what the accepting side has held back. It is called when the engine is Ready.
//
// libzmq gives up an endpoint for good after an ERROR, but connects again after
// an end without one. The reasons to refuse here pass, so ERROR goes to peers
// that have announced that they retry, and over an accepted connection to any.
func (e *Engine) Refuse(reason string) {
	e.held = nil
	if e.version >= wire.V3_0 && (e.retries || !e.accepting) {
		e.appendError(notAdmitted + reason)
	}
}

func (e *Engine) appendError(reason string) { e.out = errorCommand(reason).Append(e.out) }

// fail puts the engine in its final state. A peer that the accepting side has
// not admitted yet learns why: of an incompatible type from our READY, as with
// libzmq, and of the rest from an ERROR if it has said that it retries.
func (e *Engine) fail(f CloseReason, err error) error {
	switch {
	case !e.accepting || e.phase != handshaking || f == CloseRefused:
	case f == CloseSocketType:
		e.Admit()
	case e.retries:
		e.appendError(f.String())
	}
	e.held = nil
	e.phase = failed
	return &Error{Reason: f, Err: err}
}
