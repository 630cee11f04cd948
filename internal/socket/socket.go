// Package socket implements a socket of any type: its options and endpoints,
// sending and receiving, events, statistics, linger and Close. The rules of the
// socket type are in a pattern. A socket works through the interfaces that the
// pattern implements, and through the pattern itself where only one has a method
// (rules). It does not know how a public API presents sockets.
//
// [Socket] has the methods for applications that most types have. [Addressed],
// [Topics], [Requests], [Frames] and [Transfer] have those of some types and for some callers. Adapters
// have the methods for its parts: host for the sessions of its endpoints, and
// inprocEnd for its links to sockets of the same process.
//
// The locks, their order and what each guards are in the section Locks of
// docs/ARCHITECTURE.md.
package socket

import (
	"sync"
	"sync/atomic"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
)

// ErrClosed is returned by every call on a closed socket.
var ErrClosed = session.ErrClosed

// Socket is one ZeroMQ socket. All methods may be called concurrently.
type Socket struct {
	typ  pattern.Type
	info *pattern.Info
	opts atomic.Pointer[Options] // never modified, but replaced by Change
	hwm  highWaterMarks          // initially those of opts

	// patternOpts is initially opts.Pattern, and the pattern refers to it. A
	// change needs both locks.
	patternOpts pattern.Options

	// Copies of options of the pattern that are read without a lock.
	mandatory, manual atomic.Bool

	sizes   sizeLimits
	anyPeer destination // of Send
	// cfg is that of later endpoints without security of their own, and security is in
	// it. opMu guards both.
	cfg      *session.NextConfig
	security *Security
	rules
	lifetime

	table endpointTable

	// peerMu is held while a peer is connected, while a change of the subscriptions of
	// the socket is sent to the peers, and by the connection of a REQ that looks at
	// replies. So each peer gets each change once, and calls compete with one
	// connection for recvMu, however many peers send.
	peerMu sync.Mutex

	recvMu   sync.Mutex
	received counters
	slot     msg.Msg        // the message that is received through an interface
	view     msg.Msg        // the reply that is looked at as it arrives
	wanted   []bool         // which replies of a batch are expected
	partial  partialMessage // received frame by frame
	returned []msg.Msg      // given back by Transfer.Return or reclaim; received next
	iterator *Iterator      // the one that may have messages that are not handed out
	singles  int            // how often an iterator takes a single message from now on
	inbox    inbox
	waiter   chan struct{} // of a call that has returned, for the next one that waits; no other code refers to it

	sendMu  sync.Mutex
	sent    counters
	sending partSize  // of the message that is sent frame by frame
	written uint64    // messages given to connections, every copy; those taken back are subtracted
	frames  [][]byte  // of the message that is sent; empty between calls
	flush   flusher   // the session that Send has woken, if the pattern is a Lockstep
	lines   sendLines // of calls that wait to send
	retired retiredQueues
	turns   turns // of connections that change the subscriptions of peers

	drops       pipe.Drops
	revocations atomic.Uint64 // calls of DisconnectPeers

	// mu guards what the socket knows of its endpoints, links and peers, and its
	// events. It is not taken for a message. Its holder takes no other lock.
	mu     sync.Mutex
	peers  peers
	events events
	log    eventLog
}

type counters struct{ msgs, bytes uint64 }

func (c *counters) add(size int) {
	c.msgs++
	c.bytes += uint64(size)
}

func (c *counters) addRun(n, size int) {
	c.msgs += uint64(n)
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
	s := &Socket{typ: t, info: info, patternOpts: o.Pattern, security: &o.Security}
	s.hwm.send.Store(int64(o.SendHWM))
	s.hwm.recv.Store(int64(o.RecvHWM))
	o.Transport.Lookup = s.lifetime.open()
	s.opts.Store(&o)
	s.table.init(&s.mu)
	s.peers.init(&s.mu)
	s.turns.init()
	s.log.init(&s.mu, info.Name, o.Logger)
	s.mandatory.Store(o.Pattern.Mandatory)
	s.manual.Store(o.Pattern.Manual)
	s.rules = newRules(info, &s.patternOpts, &s.drops)
	limits := &o.Limits
	if o.SendAnySize {
		limits = &engine.Limits{}
	}
	s.sizes = newSizeLimits(info, limits, s.requester != nil)
	if s.sender != nil {
		s.anyPeer = destination{s.sizes.idFrames, s.balance, s.sendKey, s.sender.Send}
	}
	s.cfg = session.NewNextConfig(newSessionConfig(s, &o))
	return s, nil
}

// Type returns the type of the socket.
func (s *Socket) Type() pattern.Type { return s.typ }
