// Package session keeps one endpoint alive: a [Dialer] dials, backs off and
// dials again, a [Listener] accepts; both run an engine over each live
// connection and join it to a pipe. [Datagrams] does without connections. The goroutines of the library start here,
// except the one that calls a log handler. A session does not know what a socket type does with its messages: it
// asks its [Host].
package session

import (
	"errors"
	"net"
	"sync"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/transport"
)

// Host is the socket a session works for. Its methods may be called from any
// goroutine; none is called with a lock of the session held.
type Host interface {
	// NewPipe makes a pipe whose Out wakes r, and whose In is written under
	// inLock and calls w when there is room. Nobody else knows it yet.
	NewPipe(r pipe.Reader, w pipe.Writer, inLock *sync.Mutex, sub pipe.Subscriptions) *pipe.Pipe
	// Attach lets messages be queued to the pipe. It returns ErrClosed if the
	// socket is closed, or the pipe retired.
	Attach(p *pipe.Pipe) error
	// Connected says that the peer is at the far end of the pipe from now on.
	Connected(p *pipe.Pipe, peer *msg.Peer) error
	// Intake passes messages on from the pipe's far end, in order, and empties
	// b. Any error but ErrClosed is a fault of the peer. With ErrClosed the host
	// has dropped and counted the messages and is about to finish the endpoint.
	Intake(p *pipe.Pipe, b *msg.Batch) error
	// Datagram passes one on that has come for the pipe, unless it is not wanted
	// or there is no room: it waits for nobody. Nothing of m is kept.
	Datagram(p *pipe.Pipe, m *msg.Msg)
	// HalfClosed says that nothing more comes from the far end of the pipe, and
	// that what is queued to it is still written. Disconnected follows.
	HalfClosed(p *pipe.Pipe)
	// Disconnected says that there is nobody at the far end any more.
	Disconnected(p *pipe.Pipe)
	// Retire takes the pipe away as Detach does, and closes its Out behind what
	// is queued, so that a connection that is to end knows when it may.
	Retire(p *pipe.Pipe)
	// Detach takes the pipe away: nothing more is queued to it, what is in its
	// In can still be read. What is in its Out the caller sees to.
	Detach(p *pipe.Pipe)
	// Event reports what happened. It does not block.
	Event(Event)
	// Drops counts lost messages.
	Drops() *pipe.Drops
	// Crowded says that there is so much unread of peers that have gone that
	// no new ones are to be let in.
	Crowded() bool
	// Undelivered says that a connection was given up before what was written
	// to it had arrived.
	Undelivered()
}

// ErrClosed is returned by calls on a closed socket.
var ErrClosed = errors.New("socket closed")

// Config is what all sessions of a socket share.
type Config struct {
	Host      Host
	Engine    *engine.Config
	Transport *transport.Options

	// Hello is a message at rest that every connection begins with; may be
	// empty.
	Hello []byte
	// Immediate has a Dialer attach a pipe only while there is a connection,
	// its handshake over, and drop with the connection what is queued for it.
	Immediate bool
	// Lockstep says that the socket sends one message and waits: it calls
	// Flush on what its pipes' Outs wake, instead of Ready.
	Lockstep bool

	HandshakeTimeout  time.Duration // 0: none
	ConnectTimeout    time.Duration // of one attempt; 0: none
	ReconnectInterval time.Duration // before the first retry; 0: no retries
	ReconnectMax      time.Duration // the back-off's end; a tenth of it while no connection is made
	Heartbeat         time.Duration // between PINGs; 0: none
	HeartbeatTimeout  time.Duration
	HeartbeatTTL      uint16 // in tenths of a second

	// HalfClose is how long a raw connection whose peer has ended its direction
	// is kept while nothing is written to it; 0 ends it at once.
	HalfClose time.Duration

	MaxConnections int // accepted, per listener; 0: no limit
	MaxPending     int // handshakes of one listener at a time; 0: no limit
	MaxPerSource   int // handshakes from one source at a time; 0: no limit
}

// Kind is what an Event is about.
type Kind uint8

const (
	Listening       Kind = iota + 1 // a listener is bound
	ListenerClosed                  // a listener is closed
	Accepted                        // a connection came in; its handshake begins
	AcceptFailed                    // accepting failed; it goes on after Delay
	Connecting                      // an attempt to connect failed and is repeated after Delay
	Connected                       // a connection was made; its handshake begins
	HandshakeFailed                 // a connection was closed before it carried messages
	Ready                           // a handshake is over; messages flow
	Disconnected                    // a connection that carried messages was lost
	PeerRefused                     // a peer was turned away by the socket's pattern or a limit
	Throttled                       // a connection is read more slowly, for its peer sends too many commands
)

var kindNames = [...]string{
	Listening: "listening", ListenerClosed: "listener closed", Accepted: "accepted",
	AcceptFailed: "accept failed", Connecting: "retrying", Connected: "connected",
	HandshakeFailed: "handshake failed", Ready: "ready", Disconnected: "disconnected",
	PeerRefused: "peer refused", Throttled: "throttled",
}

// String returns the kind in words.
func (k Kind) String() string {
	if k > 0 && int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// Event is one thing that happened to an endpoint.
type Event struct {
	Kind     Kind
	Endpoint string // as bound or connected
	Local    net.Addr
	Remote   net.Addr
	Peer     *msg.Peer
	Delay    time.Duration
	Fault    engine.Fault
	Err      error
}
