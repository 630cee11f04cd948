package zyre

import (
	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
)

// Peer describes another node. It must not be modified.
type Peer struct {
	UUID     UUID
	Name     string            // need not be unique
	Endpoint string            // where the peer accepts connections
	Headers  map[string]string // of its HELLO

	// PublicKey is the key of CURVE that the peer has proved to have. It is zero without
	// CURVE.
	PublicKey curve.PublicKey
}

// Event is one of Enter, Evasive, Silent, Exit, Join, Leave, Whisper and Shout.
type Event interface {
	// From returns the peer that the event is about.
	From() Peer
}

// Enter reports a new peer, before any other event of it. Joins of its groups follow.
type Enter struct{ Peer Peer }

// Evasive reports that nothing was received from the peer for Options.EvasiveTimeout. The
// node sends it a PING. The next message of the peer ends the state, without an event.
type Evasive struct{ Peer Peer }

// Silent reports that the peer did not answer a PING for Options.SilentTimeout.
type Silent struct{ Peer Peer }

// Exit reports that the peer has left, or was removed for Reason. Events of the peer that
// follow begin with another Enter.
type Exit struct {
	Peer   Peer
	Reason ExitReason
}

// Join reports that the peer has joined a group.
type Join struct {
	Peer  Peer
	Group string
}

// Leave reports that the peer has left a group. An Exit leaves all groups without it.
type Leave struct {
	Peer  Peer
	Group string
}

// Whisper is a message of the peer to this node.
type Whisper struct {
	Peer    Peer
	Content zmq.Message // belongs to the receiver
}

// Shout is a message of the peer to a group that this node has joined.
type Shout struct {
	Peer    Peer
	Group   string
	Content zmq.Message // belongs to the receiver
}

// From returns the peer.
func (e Enter) From() Peer { return e.Peer }

// From returns the peer.
func (e Evasive) From() Peer { return e.Peer }

// From returns the peer.
func (e Silent) From() Peer { return e.Peer }

// From returns the peer.
func (e Exit) From() Peer { return e.Peer }

// From returns the peer.
func (e Join) From() Peer { return e.Peer }

// From returns the peer.
func (e Leave) From() Peer { return e.Peer }

// From returns the peer.
func (e Whisper) From() Peer { return e.Peer }

// From returns the peer.
func (e Shout) From() Peer { return e.Peer }

// ExitReason is the reason of an Exit.
type ExitReason uint8

// The reasons of an Exit.
const (
	ExitLeft      ExitReason = iota // the peer said that it leaves
	ExitExpired                     // nothing was received for Options.ExpiredTimeout
	ExitLost                        // messages were lost: the sequence has a gap
	ExitQueueFull                   // the queue of messages to the peer was full
	ExitReplaced                    // the peer has restarted: there is a new HELLO
)

var exitReasons = [...]string{"left", "expired", "lost", "queue_full", "replaced"}

// String returns the name of the reason, such as "queue_full", or "unknown".
func (r ExitReason) String() string {
	if int(r) < len(exitReasons) {
		return exitReasons[r]
	}
	return "unknown"
}
