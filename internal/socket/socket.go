// Package socket implements a socket of any type: its options and endpoints,
// sending and receiving, events, statistics, linger and Close. The rules of the
// socket type are in a pattern. A socket works through the interfaces that the
// pattern implements, and through the pattern itself where only one has a method
// (rules). It does not know how a public API presents sockets.
//
// [Socket] has the methods for applications that most types have. [Addressed],
// [Topics], [Requests] and [Frames] have those of some types and for some callers. Adapters
// have the methods for its parts: host for the sessions of its endpoints, and
// inprocEnd for its links to sockets of the same process.
//
// The locks, their order and what each guards are in the section Locks of
// docs/ARCHITECTURE.md.
package socket

import (
	"sync"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
)

// ErrClosed is returned by every call on a closed socket.
var ErrClosed = session.ErrClosed

// Socket is one ZeroMQ socket. All methods may be called concurrently.
type Socket struct {
	typ   pattern.Type
	info  *pattern.Info
	opts  Options
	hwm   highWaterMarks // initially those of opts
	sizes sizeLimits
	cfg   session.Config
	// security is that of endpoints without security of their own.
	security *currentSecurity
	rules
	lifetime

	table endpointTable
	links linkSet

	subMu sync.Mutex

	// repliesMu is held by the connection of a REQ that looks at replies. The
	// others wait for it instead of recvMu, so that a call competes with one of
	// them for recvMu, however many peers send.
	repliesMu sync.Mutex

	recvMu   sync.Mutex
	received counters
	slot     msg.Msg        // the message that is received through an interface
	view     msg.Msg        // the reply that is looked at as it arrives
	wanted   []bool         // which replies of a batch are expected
	partial  partialMessage // received frame by frame
	inbox    inbox

	sendMu  sync.Mutex
	sent    counters
	sending partSize  // of the message that is sent frame by frame
	written uint64    // messages given to connections, every copy; those taken back are subtracted
	frames  [][]byte  // of the message that is sent; empty between calls
	flush   flusher   // the session that Send has woken, if the pattern is a Lockstep
	lines   sendLines // of calls that wait to send
	turns   turns     // of connections that change the subscriptions of peers

	drops  pipe.Drops
	peers  peers
	events events
	log    eventLog
}

type counters struct{ msgs, bytes uint64 }

func (c *counters) add(size int) {
	c.msgs++
	c.bytes += uint64(size)
}

// subtract takes back what add has counted, for a message that is not sent.
func (c *counters) subtract(size int) {
	c.msgs--
	c.bytes -= uint64(size)
}

// New returns a socket of the type. It checks and completes the options.
func New(t pattern.Type, o Options) (*Socket, error) {
	info := pattern.InfoOf(t, &o.Pattern)
	if err := o.complete(info); err != nil {
		return nil, err
	}
	s := &Socket{typ: t, info: info, opts: o, security: newCurrentSecurity(&o.Security)}
	s.hwm.send.Store(int64(o.SendHWM))
	s.hwm.recv.Store(int64(o.RecvHWM))
	s.opts.Transport.Lookup = s.lifetime.open()
	s.table.init()
	s.peers.init()
	s.turns.init()
	s.log.init(info.Name, o.Logger)
	s.rules = newRules(info, &s.opts.Pattern, &s.drops)
	s.sizes = newSizeLimits(info, &o.Limits, s.requester != nil)
	s.cfg = newSessionConfig(s)
	return s, nil
}

// Type returns the type of the socket.
func (s *Socket) Type() pattern.Type { return s.typ }
