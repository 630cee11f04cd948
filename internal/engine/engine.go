// Package engine implements one side of a ZMTP connection as a state machine.
// It exchanges greetings, negotiates the version, runs the handshake of the
// security mechanism, decodes and encodes messages, answers PINGs and detects
// silent peers. It does no I/O, starts no goroutine and reads no clock. It
// knows nothing of sockets and queues.
//
// # Use
//
// Until [Engine.HandshakeDone] returns true, the caller passes received bytes
// to [Engine.Handshake] and sends the bytes that [Engine.Output] returns. When
// [Engine.Authenticating] returns credentials, it checks them and passes the
// result to [Engine.Resume]. From then on [Engine.Decode] converts received bytes to encoded messages, and
// [Engine.Encode] converts encoded messages to bytes to send. An encoded
// message consists of frames as ZMTP 3 sends them.
//
// Decode and Encode share no state that changes, so one goroutine may decode
// while another encodes. [Heartbeat] is separate: it computes when to send a
// PING and when the peer has timed out.
//
// With [Config.Raw] the connection carries plain bytes instead of ZMTP. The
// first call of Handshake then completes the handshake, and the engine sends
// nothing except what Encode returns.
package engine

import (
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/wire"
)

// Config describes the socket of an engine. All engines of a socket share one
// Config, and it must not change.
type Config struct {
	SocketType   string   // value of the Socket-Type property
	SocketNumber byte     // socket type in a ZMTP 2.0 greeting
	PeerTypes    []string // compatible socket types
	RoutingID    string   // routing ID of the socket, announced if SendsID
	SendsID      bool     // READY carries an Identity property (REQ, DEALER, ROUTER)
	Groups       bool     // the peers subscribe with JOIN and LEAVE (RADIO, DISH) instead of SUBSCRIBE and CANCEL
	Publishes    bool     // the socket accepts subscriptions (PUB, XPUB, RADIO)
	Raw          bool     // plain bytes without handshake and frames (STREAM)
	OnError      bool     // READY announces wire.PropOnError
	Properties   []byte   // properties of the application that READY announces, encoded

	// MinVersion is the oldest version to accept. Zero accepts every version.
	MinVersion Version

	// NewMechanism returns the mechanism of one connection. metadata holds the
	// properties that the socket announces.
	NewMechanism func(metadata []byte) mechanism.Mechanism

	// Yield, if not nil, is called by Decode after every 256 frames and
	// commands that it decodes one by one, so that other goroutines run.
	Yield func()

	Limits Limits
}

// Version is a version of ZMTP.
type Version = wire.Version

// Limits bound the memory and work that a peer can cause. Zero is unlimited.
type Limits struct {
	Handshake  int   // bytes of all handshake commands
	Commands   int   // number of handshake commands
	Metadata   int   // bytes of metadata
	Properties int   // number of properties in the metadata
	Frame      int64 // bytes of the body of one frame
	Frames     int   // frames of one message
	Message    int64 // bytes of one message
	Command    int   // bytes of one command after the handshake, including a topic
	Useless    int64 // bytes of ignored commands between two messages
}

// phase is the state of an engine. Each phase says what the engine receives
// next.
type phase uint8

const (
	greeting       phase = iota // the greeting, or the first byte of an unversioned ZMTP 1.0 peer
	identity                    // the identity message of a ZMTP 1.0 or 2.0 peer
	handshaking                 // commands of the mechanism
	authenticating              // nothing, until Resume
	traffic                     // messages and commands
	failed                      // nothing: the connection must be closed
)

// Engine is the state of one connection. New and NewAccepted create it.
type Engine struct {
	cfg  *Config
	mech mechanism.Mechanism // nil with Raw, and for NULL after Admit
	peer *msg.Peer
	hs   *handshakeState // nil with Raw, and after Admit
	out  []byte          // bytes to send, not yet returned by Output

	phase   phase
	version wire.Version

	// accepted reports that the peer made the connection. The engine then sends
	// its READY (ZMTP 3) or its routing ID (ZMTP 1 and 2) only when the socket
	// admits the peer. The peer sends no message before it receives that.
	accepted   bool
	peerRetry  bool // the peer announced that it reconnects after an ERROR
	peerCounts bool // the peer announced that it accepts an ERROR after the handshake

	send sendState
	recv receiveState
}

// New returns the engine of a connection that this side made. Output returns
// its first bytes. The engine sends READY as soon as the handshake allows it,
// as libzmq does on both sides.
func New(cfg *Config) *Engine { return newEngine(cfg, false) }

// NewAccepted returns the engine of a connection that this side accepted. It
// sends READY, or the routing ID in ZMTP 1.0 and 2.0, only after Admit. If both
// sides delayed READY, both would wait forever.
func NewAccepted(cfg *Config) *Engine { return newEngine(cfg, true) }

func newEngine(cfg *Config, accepted bool) *Engine {
	e := &Engine{cfg: cfg, accepted: accepted}
	if cfg.Raw {
		return e
	}
	e.hs = new(handshakeState)
	e.mech = cfg.NewMechanism(e.metadata())
	e.out = wire.AppendSignature(e.out, len(cfg.RoutingID))
	return e
}

// metadata returns the properties that READY announces.
// https://rfc.zeromq.org/spec/37/#connection-metadata
func (e *Engine) metadata() []byte {
	b := wire.AppendProperty(nil, wire.PropSocketType, e.cfg.SocketType)
	if e.cfg.SendsID {
		b = wire.AppendProperty(b, wire.PropIdentity, e.cfg.RoutingID)
	}
	switch {
	case !e.cfg.OnError:
	case e.accepted:
		b = wire.AppendProperty(b, wire.PropOnError, wire.OnErrorCount)
	default:
		b = wire.AppendProperty(b, wire.PropOnError, wire.OnErrorRetry)
	}
	return append(b, e.cfg.Properties...)
}

// Output returns the handshake bytes, PONGs and ERRORs to send since its last
// call. The caller sends them before any message and owns the slice.
func (e *Engine) Output() []byte {
	out := e.out
	e.out = nil
	return out
}

// HandshakeDone reports whether the engine has received the whole handshake of
// the peer. All further bytes are for Decode. Messages may be sent after Admit.
func (e *Engine) HandshakeDone() bool { return e.phase == traffic }

// Version returns the negotiated version, or 0 before the end of the greeting.
func (e *Engine) Version() wire.Version { return e.version }

// Heartbeats reports whether the peer supports PING and PONG.
// https://rfc.zeromq.org/spec/37/#connection-heartbeating
func (e *Engine) Heartbeats() bool { return e.version >= wire.V3_1 }

// Peer returns the description of the peer from the handshake, or nil before
// HandshakeDone. The caller may add the fields that the engine does not know
// until it shares the description.
func (e *Engine) Peer() *msg.Peer { return e.peer }

// Announced returns a new description of the peer of a failed handshake: the
// version, mechanism and socket type that it had announced by then. It returns
// nil if the peer sent no greeting.
func (e *Engine) Announced() *msg.Peer {
	if e.version == 0 || e.cfg.Raw {
		return nil
	}
	p := &msg.Peer{Version: e.version.String(), Mechanism: e.mech.Name()}
	if e.version < wire.V3_0 {
		p.Mechanism = "NULL"
	}
	if refused := e.hs.refused; refused != nil {
		p.Mechanism, p.SocketType = refused.Mechanism, refused.SocketType
	}
	return p
}

// Admit sends the READY or routing ID that the engine of an accepted connection
// delays. For other engines it sends nothing. The caller calls it after
// HandshakeDone. Admit frees the memory that only the handshake needs.
func (e *Engine) Admit() {
	e.sendDelayed()
	if e.phase != traffic || e.hs == nil {
		return
	}
	e.hs = nil
	if e.mech.Name() == "NULL" {
		e.mech = nil
	}
}

// sendDelayed sends what Admit is to send.
func (e *Engine) sendDelayed() {
	if e.hs != nil {
		e.out = append(e.out, e.hs.onAdmit...)
		e.hs.onAdmit = nil
	}
}

func (e *Engine) dropDelayed() {
	if e.hs != nil {
		e.hs.onAdmit = nil
	}
}

// Refuse sends an ERROR with the reason instead of READY, if the peer can use
// it. The caller calls it after HandshakeDone, in place of Admit, and then
// closes the connection.
//
// libzmq never reconnects after an ERROR, but does after a close without one.
// The reasons to refuse a peer are temporary. So the engine sends no ERROR to a
// peer that made the connection, unless the peer announced that it reconnects.
// A peer that accepted the connection does not reconnect anyway, so it gets the
// ERROR.
func (e *Engine) Refuse(reason string) {
	if e.version >= wire.V3_0 && (e.peerRetry || !e.accepted) {
		e.appendError(notAdmitted + reason)
	}
	e.dropDelayed()
}

// appendError sends an ERROR after the peer's last command of the handshake. A
// peer that has not received READY expects a command of the handshake, and any
// other one an encrypted frame if the mechanism encrypts.
func (e *Engine) appendError(reason string) {
	cmd := errorCommand(reason)
	if !e.mech.Seals() || e.mech.Status() != mechanism.Complete || len(e.hs.onAdmit) > 0 {
		e.out = cmd.Append(e.out)
		return
	}
	// Without an ERROR the peer only learns less.
	if out, err := e.encodeFrame(e.out, wire.FlagCommand, cmd.AppendBody(nil)); err == nil {
		e.out = out
	}
}

// fail ends the engine. If the handshake of an accepted connection fails, the
// engine first sends the cause to the peer. After an incompatible socket type
// it sends READY, from which the peer finds the mismatch, as libzmq does. In
// other cases it sends an ERROR, if the peer announced that it reconnects.
func (e *Engine) fail(reason CloseReason, err error) error {
	switch {
	case !e.accepted || e.phase != handshaking || reason == CloseRefused:
	case reason == CloseSocketType:
		e.sendDelayed()
	case e.peerRetry:
		e.appendError(reason.String())
	}
	e.dropDelayed()
	e.phase = failed
	return &Error{Reason: reason, Err: err}
}
