package zmq4

import (
	"strings"

	"github.com/zerobroker/zmq/internal/monitor"
	"github.com/zerobroker/zmq/internal/options"
	"github.com/zerobroker/zmq/internal/pattern"
)

// Type is the type of a socket, for [NewSocket].
type Type int

// The types of sockets.
const (
	REQ    = Type(pattern.REQ)
	REP    = Type(pattern.REP)
	DEALER = Type(pattern.DEALER)
	ROUTER = Type(pattern.ROUTER)
	PUB    = Type(pattern.PUB)
	SUB    = Type(pattern.SUB)
	XPUB   = Type(pattern.XPUB)
	XSUB   = Type(pattern.XSUB)
	PUSH   = Type(pattern.PUSH)
	PULL   = Type(pattern.PULL)
	PAIR   = Type(pattern.PAIR)
	STREAM = Type(pattern.STREAM)
)

// known reports whether t is one of the constants.
func (t Type) known() bool { return t >= PAIR && t <= STREAM }

// String returns the name of the type, such as "REQ", or "<INVALID>".
func (t Type) String() string {
	if !t.known() {
		return "<INVALID>"
	}
	return pattern.Types[pattern.Type(t)].Name
}

// name is the name of one bit.
type name struct {
	bit  int
	text string
}

// join returns the names of the bits that are set in value, or "<NONE>".
func join(value int, names []name) string {
	var set []string
	for _, n := range names {
		if value&n.bit != 0 {
			set = append(set, n.text)
		}
	}
	if len(set) == 0 {
		return "<NONE>"
	}
	return strings.Join(set, "|")
}

// Flag is an option of one call that sends or receives.
type Flag int

// The flags. Other bits are EINVAL.
const (
	DONTWAIT = Flag(1) // return EAGAIN instead of waiting
	SNDMORE  = Flag(2) // another part of the same message follows; ignored by receiving calls
)

var flagNames = []name{{int(DONTWAIT), "DONTWAIT"}, {int(SNDMORE), "SNDMORE"}}

// String returns the names of the flags, separated by "|", or "<NONE>".
func (f Flag) String() string { return join(int(f), flagNames) }

// Event is a kind of event of a monitor, or a set of kinds.
type Event int

// The events of a monitor. The value of an event, which [Socket.RecvEvent] returns,
// is noted after each.
const (
	EVENT_ALL                        = Event(monitor.All)
	EVENT_CONNECTED                  = Event(monitor.Connected)               // -1
	EVENT_CONNECT_DELAYED            = Event(monitor.ConnectDelayed)          // an Errno
	EVENT_CONNECT_RETRIED            = Event(monitor.ConnectRetried)          // milliseconds until the next attempt
	EVENT_LISTENING                  = Event(monitor.Listening)               // -1
	EVENT_BIND_FAILED                = Event(monitor.BindFailed)              // an Errno
	EVENT_ACCEPTED                   = Event(monitor.Accepted)                // -1
	EVENT_ACCEPT_FAILED              = Event(monitor.AcceptFailed)            // an Errno
	EVENT_CLOSED                     = Event(monitor.Closed)                  // -1
	EVENT_CLOSE_FAILED               = Event(monitor.CloseFailed)             // an Errno
	EVENT_DISCONNECTED               = Event(monitor.Disconnected)            // -1
	EVENT_MONITOR_STOPPED            = Event(monitor.Stopped)                 // 0
	EVENT_HANDSHAKE_FAILED_NO_DETAIL = Event(monitor.HandshakeFailedNoDetail) // an Errno
	EVENT_HANDSHAKE_SUCCEEDED        = Event(monitor.HandshakeSucceeded)      // 0
	EVENT_HANDSHAKE_FAILED_PROTOCOL  = Event(monitor.HandshakeFailedProtocol) // a ZMQ_PROTOCOL_ERROR constant of libzmq
	EVENT_HANDSHAKE_FAILED_AUTH      = Event(monitor.HandshakeFailedAuth)     // 300, 400 or 500
)

var eventNames = []name{
	{int(EVENT_CONNECTED), "EVENT_CONNECTED"},
	{int(EVENT_CONNECT_DELAYED), "EVENT_CONNECT_DELAYED"},
	{int(EVENT_CONNECT_RETRIED), "EVENT_CONNECT_RETRIED"},
	{int(EVENT_LISTENING), "EVENT_LISTENING"},
	{int(EVENT_BIND_FAILED), "EVENT_BIND_FAILED"},
	{int(EVENT_ACCEPTED), "EVENT_ACCEPTED"},
	{int(EVENT_ACCEPT_FAILED), "EVENT_ACCEPT_FAILED"},
	{int(EVENT_CLOSED), "EVENT_CLOSED"},
	{int(EVENT_CLOSE_FAILED), "EVENT_CLOSE_FAILED"},
	{int(EVENT_DISCONNECTED), "EVENT_DISCONNECTED"},
	{int(EVENT_MONITOR_STOPPED), "EVENT_MONITOR_STOPPED"},
	{int(EVENT_HANDSHAKE_FAILED_NO_DETAIL), "EVENT_HANDSHAKE_FAILED_NO_DETAIL"},
	{int(EVENT_HANDSHAKE_SUCCEEDED), "EVENT_HANDSHAKE_SUCCEEDED"},
	{int(EVENT_HANDSHAKE_FAILED_PROTOCOL), "EVENT_HANDSHAKE_FAILED_PROTOCOL"},
	{int(EVENT_HANDSHAKE_FAILED_AUTH), "EVENT_HANDSHAKE_FAILED_AUTH"},
}

// String returns the names of the events, separated by "|", "EVENT_ALL" or "<NONE>".
func (e Event) String() string {
	if e == EVENT_ALL {
		return "EVENT_ALL"
	}
	return join(int(e), eventNames)
}

// State says whether a socket can receive and send without waiting.
type State int

// The bits of a State.
const (
	POLLIN  = State(1) // a receiving call would not wait
	POLLOUT = State(2) // a sending call would not wait
)

var stateNames = []name{{int(POLLIN), "POLLIN"}, {int(POLLOUT), "POLLOUT"}}

// String returns the names of the bits, separated by "|", or "<NONE>".
func (s State) String() string { return join(int(s), stateNames) }

// Mechanism is a security mechanism, as [Socket.GetMechanism] returns it.
type Mechanism int

// The mechanisms. GSSAPI is not supported.
const (
	NULL   = Mechanism(options.Null)
	PLAIN  = Mechanism(options.Plain)
	CURVE  = Mechanism(options.Curve)
	GSSAPI = Mechanism(3)
)

// String returns the name of the mechanism, or "<INVALID>".
func (m Mechanism) String() string {
	switch m {
	case NULL:
		return "NULL"
	case PLAIN:
		return "PLAIN"
	case CURVE:
		return "CURVE"
	case GSSAPI:
		return "GSSAPI"
	}
	return "<INVALID>"
}
