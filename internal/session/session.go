// Package session serves one endpoint of a socket: a [Dialer] dials, and dials
// again after a backoff; a [Listener] accepts. Both run an engine over each
// connection and join it to a pipe. [Datagrams] sends and receives without
// connections. All goroutines of the library start here, except the one that
// calls a log handler. A session does not know the rules of socket types: it calls
// its [Host].
package session

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/transport"
)

// Host is the socket a session works for. Its methods may be called from any
// goroutine; none is called with a lock of the session held.
type Host interface {
	// NewPipe makes a pipe whose Out wakes r, and whose In calls w when it has
	// capacity again. It is not attached yet.
	NewPipe(r pipe.Reader, w pipe.Writer, sub pipe.Subscriptions) *pipe.Pipe
	// Attach lets messages be queued to the pipe. It returns ErrClosed if the
	// socket is closed, or the pipe retired.
	Attach(p *pipe.Pipe) error
	// Connected reports that peer is connected to the pipe. An error refuses the
	// peer.
	Connected(p *pipe.Pipe, peer *msg.Peer) error
	// Received takes the messages received for the pipe, in order, and empties b.
	// ErrClosed means that the host has dropped and counted them and is about to
	// finish the endpoint. Any other error means that the peer violated the
	// protocol.
	Received(p *pipe.Pipe, b *msg.Batch) error
	// Datagram takes one datagram received for the pipe. It drops m if no group
	// matches or the queue is full, and never waits. It keeps no memory of m.
	Datagram(p *pipe.Pipe, m *msg.Msg)
	// HalfClosed reports that the peer has ended its sending direction. Queued
	// messages are still written to it. Disconnected follows.
	HalfClosed(p *pipe.Pipe)
	// Disconnected reports that the connection of the pipe has ended.
	Disconnected(p *pipe.Pipe)
	// Retire detaches the pipe as Detach does, and closes its Out after the
	// queued messages, so that a finishing connection can detect the end.
	Retire(p *pipe.Pipe)
	// Detach removes the pipe from the host: nothing more is queued to it, and
	// messages in its In can still be read. The caller drops those in its Out.
	Detach(p *pipe.Pipe)
	// Event reports what happened. It does not block.
	Event(Event)
	// Drops returns the counters of dropped messages.
	Drops() *pipe.Drops
	// UnreadLimitReached reports whether the unread messages of disconnected peers
	// exceed their limit. Sessions then admit no peer.
	UnreadLimitReached() bool
	// Revocations returns how often the host has ended the connections of peers that
	// it no longer accepts. It counts before it looks for connected peers.
	Revocations() uint64
	// Unconfirmed reports that the linger time of a connection has ended before
	// its written messages are known to have arrived.
	Unconfirmed()
}

// ErrClosed is returned by calls on a closed socket. It matches net.ErrClosed.
var ErrClosed error = closedError{}

type closedError struct{}

func (closedError) Error() string        { return "socket closed" }
func (closedError) Is(target error) bool { return target == net.ErrClosed }

// Config is the configuration that all sessions of a socket share.
type Config struct {
	Host      Host
	Engine    *engine.Config
	Transport *transport.Options

	// Authenticator decides about the peers whose mechanism waits for a verdict.
	// nil refuses them.
	Authenticator *Authenticator
	// TLS is the configuration of transports over TLS, from transport.PrepareTLS.
	// It replaces that of Transport.
	TLS *tls.Config

	// Hello is an encoded message that every connection begins with. It may be
	// empty.
	Hello []byte
	// Immediate has a Dialer attach a pipe only while it has a connection that has
	// completed its handshake. When the connection ends, the messages queued in its
	// pipe are dropped.
	Immediate bool
	// Lockstep means that the socket sends one message and then waits for a reply
	// or a request. It calls Flush instead of Wake on the reader of a pipe's Out.
	Lockstep bool

	// Accept reports whether a Listener accepts a connection. Of the peer only the
	// address and the credentials are known. The goroutine that accepts calls it,
	// without a lock. If it panics, the connection is refused. nil accepts all.
	Accept func(*msg.Peer) bool

	HandshakeTimeout  time.Duration // 0: none
	ConnectTimeout    time.Duration // of one attempt; 0: none
	ReconnectInterval time.Duration // before the first retry; 0: no retries
	ReconnectStop     ReconnectStop
	ReconnectMax      time.Duration // the longest backoff; a tenth of it after an attempt without a connection
	Heartbeat         time.Duration // between PINGs; 0: none
	HeartbeatTimeout  time.Duration
	HeartbeatTTL      uint16 // in tenths of a second

	// HalfClose is how long a raw connection whose peer has ended its sending
	// direction is kept without a write; 0 closes it at once.
	HalfClose time.Duration

	MaxConnections int // accepted, per listener; 0: no limit
	MaxPending     int // handshakes of one listener at a time; 0: no limit
	MaxPerSource   int // handshakes from one source at a time; 0: no limit
}

// ReconnectStop is a set of conditions that end reconnecting. The values are those
// of ZMQ_RECONNECT_STOP.
type ReconnectStop uint8

const (
	StopRefused         ReconnectStop = 1 << iota // no process listens at the address
	StopHandshakeFailed                           // a connection was closed in its handshake
	StopAfterDisconnect                           // Finish was called
)

// NextConfig holds the Config of the next connections of one or several sessions. Its
// security can be replaced: Engine.NewMechanism, Authenticator and TLS. A connection
// uses the Config that it began with, and does not become ready if that has been
// replaced.
type NextConfig struct{ atomic.Pointer[Config] }

// NewNextConfig returns a NextConfig that holds cfg.
func NewNextConfig(cfg *Config) *NextConfig {
	n := &NextConfig{}
	n.Store(cfg)
	return n
}

// transport returns the options of c.Transport with the configuration of TLS that
// tls returns for each connection.
func (c *Config) transport(tls func() *tls.Config) *transport.Options {
	o := *c.Transport
	o.TLS = tls
	return &o
}

// Kind is the kind of an Event.
type Kind uint8

const (
	Listening         Kind = iota + 1 // a listener is bound
	ListenerClosed                    // a listener is closed
	Accepted                          // a connection is accepted; its handshake begins
	AcceptFailed                      // accepting failed; it is repeated after Delay
	Retrying                          // an attempt to connect failed and is repeated after Delay
	Connected                         // a connection is made; its handshake begins
	HandshakeFailed                   // a connection was closed before it carried messages
	Ready                             // a handshake is complete; messages flow
	Disconnected                      // a connection that carried messages was lost
	PeerRefused                       // a peer is refused by the socket's pattern or a limit
	Throttled                         // a connection is read more slowly, because its peer sends too many commands
	Stopped                           // an attempt to connect failed, or a connection was lost, and the endpoint does not connect again
	ResolveFailed                     // a name lookup or a Resolver failed, or an address that it found is not used; repeated after Delay if that is not 0
	TransformPanicked                 // the function Transform of a proxy panicked for a message of this socket; no endpoint
	NumKinds
)

// kindNames has the names of the constants.
var kindNames = [...]string{
	Listening:         "listening",
	ListenerClosed:    "listener_closed",
	Accepted:          "accepted",
	AcceptFailed:      "accept_failed",
	Retrying:          "retrying",
	Connected:         "connected",
	HandshakeFailed:   "handshake_failed",
	Ready:             "ready",
	Disconnected:      "disconnected",
	PeerRefused:       "peer_refused",
	Throttled:         "throttled",
	Stopped:           "stopped",
	ResolveFailed:     "resolve_failed",
	TransformPanicked: "transform_panicked",
}

// String returns the name of the kind in counters.
func (k Kind) String() string {
	if k > 0 && int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// Words returns the name of the kind as words, for logs.
func (k Kind) Words() string { return strings.ReplaceAll(k.String(), "_", " ") }

// Event reports a change of one endpoint or connection.
type Event struct {
	Kind     Kind
	Endpoint string // as bound or connected
	Local    net.Addr
	Remote   net.Addr
	Peer     *msg.Peer
	Delay    time.Duration
	Reason   engine.CloseReason
	Err      error

	Bound     bool // of a connection: it was accepted
	Connected bool // of Retrying and Stopped: the attempt made a connection; of PeerRefused: the connection was accepted before
}

// Finished reports whether this socket has ended the connection of a Disconnected or
// HandshakeFailed event itself: with Close, Unbind or Disconnect.
func (e *Event) Finished() bool {
	return e.Err != nil && (errors.Is(e.Err, errFinished) || errors.Is(e.Err, context.Canceled))
}
