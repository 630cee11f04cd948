// Package socket is the core that every face of the library stands on: a
// socket's options, its endpoints, one pattern and its sessions; sending and
// receiving, events, statistics, linger and close. It knows the rules of no
// socket type (they are the pattern's) and of no programming language.
//
// # Locks
//
// From the outside in; whoever holds one takes only those below it:
//
//	endMu    the table of endpoints; Bind, Connect and Close
//	subMu    the order of changes to the subscriptions
//	replies  of a REQ: which connection looks at replies
//	recvMu   the receiving half of the pattern
//	turns    which connection changes its peer's subscriptions
//	sendMu   the sending half, and the writing half of every queue written to
//	Order    of an XPUB: the order of what it is to receive
//	inLock   of a connection: the writing half of the queue it fills
//	inbox    which pipes have become readable, and who waits for that
//
// A socket that publishes may take the sendMu of a subscriber in the same
// process under its own, and under its Order; a subscriber never does the reverse.
package socket

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/zerobroker/zmq/internal/inproc"
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
	hwm   struct{ send, recv atomic.Int64 } // opts has what they began as
	sizes sizeLimits
	cfg   session.Config

	pat      pattern.Pattern
	sender   pattern.Sender      // nil if the type does not send
	receiver pattern.Receiver    // nil if the type does not receive
	framer   pattern.FrameSender // nil if the type does not send
	balance  *pattern.Balancer   // nil unless sending is balancing and no more
	fair     *pattern.FairQueue  // nil unless receiving is fair queueing and no more
	router   pattern.IDRouter    // nil if the type does not send by id
	pub      pattern.Publisher   // nil if the peers of the type do not subscribe
	sub      pattern.Subscriber  // nil if the type does not subscribe
	req      *pattern.Req        // nil if the type is not REQ
	inspect  pattern.Inspector   // nil if the type takes any message
	server   *pattern.Server     // nil if the type is not SERVER or PEER
	radio    *pattern.Radio      // nil if the type is not RADIO
	lockstep pattern.Lockstep    // nil if the two directions do not depend on each other
	stream   *pattern.Stream     // nil if the type is not STREAM or a raw ROUTER
	notifier pattern.Notifier    // nil if the type does not notify of peers
	dish     *pattern.Dish       // nil if the type is not DISH
	xsub     *pattern.XSub       // nil if the type is not XSUB

	endMu     sync.Mutex
	tableMu   sync.Mutex         // a leaf; a change of endpoints needs both locks
	endpoints map[string][]entry // by their endpoint as it really is
	closing   bool
	done      chan struct{} // closed when Close has returned
	unsent    int           // what that returned

	endLookups func() // ends the name lookup of a Bind, which holds endMu; Close calls it before it takes that

	patience context.Context // ends when Close is to give up
	giveUp   func()          // ends it
	underWay atomic.Int64    // connections given up with something under way

	leaveMu sync.Mutex
	leaving []leaver // ending, after Unbind or Disconnect

	linkMu sync.Mutex
	links  map[*inproc.Link]struct{} // made to us by connectors

	subMu sync.Mutex

	// repliesMu is held by the connection of a REQ that looks at replies. The
	// others wait for it instead of recvMu, so that a call competes with one of
	// them for recvMu, however many peers send.
	repliesMu sync.Mutex

	recvMu   sync.Mutex
	received counters
	slot     msg.Msg // the message being received through an interface
	view     msg.Msg // the reply being looked at as it comes in
	wanted   []bool  // which of the replies that came together are waited for
	whole    msg.Msg // the message being received frame by frame, what is left of it
	half     bool    // there is something left
	inbox    inbox

	sendMu      sync.Mutex
	sent        counters
	sendingPart partSize  // of the message that is sent frame by frame
	written     uint64    // messages given to connections, each copy; whatever was taken back is taken off
	frames      [][]byte  // of the message being sent; empty in between
	flush       flusher   // what Send has woken, if it is a Lockstep pattern's
	lines       sendLines // of calls that wait to send
	turns       turns     // of those that change the subscriptions of peers

	closed  atomic.Bool   // set by Close before it takes recvMu and sendMu; it waits for holders that found it unset
	closedc chan struct{} // closed after closed is set

	drops  pipe.Drops
	peers  peers
	events events
	log    eventLog
}

type counters struct{ msgs, bytes uint64 }

// New returns a socket of the type. The options are checked and completed.
func New(t pattern.Type, o Options) (*Socket, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	info := pattern.InfoOf(t, &o.Pattern)
	s := &Socket{
		typ: t, info: info, opts: o,
		endpoints: make(map[string][]entry),
		links:     make(map[*inproc.Link]struct{}),
		closedc:   make(chan struct{}),
		done:      make(chan struct{}),
		turns:     turns{taken: make(chan struct{}, 1)},
	}
	s.hwm.send.Store(int64(o.SendHWM))
	s.hwm.recv.Store(int64(o.RecvHWM))
	s.opts.Transport.Lookup, s.endLookups = context.WithCancel(context.Background())
	s.patience, s.giveUp = context.WithCancel(context.Background())
	s.peers.init()
	s.log.socket = info.Name
	if o.Logger != nil {
		s.log.handler = o.Logger.Handler()
	}
	s.pat = info.New(&s.opts.Pattern, &s.drops)
	s.sender, _ = s.pat.(pattern.Sender)
	s.receiver, _ = s.pat.(pattern.Receiver)
	s.router, _ = s.pat.(pattern.IDRouter)
	s.pub, _ = s.pat.(pattern.Publisher)
	s.sub, _ = s.pat.(pattern.Subscriber)
	s.xsub, _ = s.pat.(*pattern.XSub)
	s.req, _ = s.pat.(*pattern.Req)
	s.inspect, _ = s.pat.(pattern.Inspector)
	s.server, _ = s.pat.(*pattern.Server)
	s.radio, _ = s.pat.(*pattern.Radio)
	s.lockstep, _ = s.pat.(pattern.Lockstep)
	s.stream, _ = s.pat.(*pattern.Stream)
	s.notifier, _ = s.pat.(pattern.Notifier)
	s.dish, _ = s.pat.(*pattern.Dish)
	s.framer, _ = s.pat.(pattern.FrameSender)
	if !info.Sends {
		s.sender = nil
	}
	if !info.Receives {
		s.receiver = nil
	}
	if b, ok := s.pat.(pattern.Balanced); ok {
		s.balance = b.Balance()
	}
	if f, ok := s.pat.(pattern.Fair); ok {
		s.fair = f.Fair()
	}
	s.sizes = newSizeLimits(info, &o.Limits, s.req != nil)
	s.cfg = s.opts.session(s)
	return s, nil
}

// Type is the socket's type.
func (s *Socket) Type() pattern.Type { return s.typ }

// lockSend takes what Send runs under. A Lockstep pattern sees to what has
// arrived first, while nobody's send lock is held: reading takes the writer's.
func (s *Socket) lockSend() {
	if s.lockstep != nil {
		s.recvMu.Lock()
		s.see()
	}
	s.sendMu.Lock()
}

func (s *Socket) unlockSend() {
	switch {
	case s.lockstep != nil:
		flush := s.flush
		s.flush = nil
		s.sendMu.Unlock()
		s.recvMu.Unlock()
		if flush != nil {
			flush.Flush()
		}
	case s.stream != nil:
		parted := s.stream.PendingDisconnects()
		s.sendMu.Unlock()
		for _, p := range parted {
			s.part(p, s.partLinger())
		}
	default:
		s.sendMu.Unlock()
	}
}

// flusher is a session, as the reader of a pipe's Out.
type flusher interface {
	pipe.Reader
	Flush()
}

// postponed is the reader of a Lockstep socket's pipe: it has the session write
// when Send has given its locks back, in the goroutine of the caller, who will
// only wait for an answer.
type postponed struct {
	s *Socket
	f flusher
}

// Ready is called by the queue, under sendMu.
func (p *postponed) Ready(q *pipe.Queue) {
	if p.s.flush != nil || p.s.closed.Load() {
		p.f.Ready(q)
		return
	}
	p.s.flush = p.f
}

// lockBoth takes what the rest of a pattern runs under.
func (s *Socket) lockBoth() {
	s.recvMu.Lock()
	s.see()
	s.sendMu.Lock()
}

func (s *Socket) unlockBoth() {
	s.unlockSendHalf()
	s.recvMu.Unlock()
}

// see lets a Lockstep pattern see to what has arrived. The caller holds
// recvMu alone.
func (s *Socket) see() {
	if s.lockstep == nil {
		return
	}
	s.inbox.drain(s.receiver)
	s.lockstep.ProcessInput()
}

// Ready is called by a queue this socket reads, under any lock.
func (s *Socket) Ready(q *pipe.Queue) { s.inbox.ready(q.To()) }

// Room is called by a queue this socket writes, under sendMu.
func (s *Socket) Room(q *pipe.Queue) {
	s.sender.Room(q.From())
	s.wakeForRoom(q.From())
}

// NewPipe is for sessions.
func (s *Socket) NewPipe(r pipe.Reader, w pipe.Writer, inLock *sync.Mutex, sub pipe.Subscriptions) *pipe.Pipe {
	p := pipe.New()
	p.To, _ = r.(pipe.Connection)
	send, recv := s.Limits()
	if f, ok := r.(flusher); ok && s.lockstep != nil {
		r = &postponed{s, f}
	}
	if s.info.Sends {
		p.Out = pipe.NewQueue(pipe.Config{
			Lock: &s.sendMu, HWM: send, MaxBytes: s.opts.MaxQueuedBytes,
			Pooled: true, Conflate: s.Conflates(), Reader: r, Writer: s, From: p, Drops: &s.drops,
			Written: &s.written,
		})
	}
	if s.info.Receives {
		overhead := 0
		if s.info.Publishes {
			overhead = pipe.OrderEntrySize // for what its peers subscribe to is received in order
		}
		p.In = pipe.NewQueue(pipe.Config{
			Lock: inLock, HWM: recv, MaxBytes: s.opts.MaxQueuedBytes,
			Overhead: overhead, Conflate: s.Conflates(), Reader: s, Writer: w, To: p, Drops: &s.drops,
		})
	}
	p.Sub = sub
	return p
}

// attach is Attach for a place that is free.
func (s *Socket) attach(p *pipe.Pipe) error {
	s.lockBoth()
	defer s.unlockBoth()
	if s.closed.Load() || p.Retired {
		return ErrClosed
	}
	if err := s.pat.Attach(p); err != nil {
		return err
	}
	s.fitLocked(p) // a link sees to itself when it is made
	s.peers.attach(p)
	s.wakeSenders()
	return nil
}

// letIn is Connected, and returns the pipes whose peers have to make way.
func (s *Socket) letIn(p *pipe.Pipe, peer *msg.Peer) (evicted []*pipe.Pipe, err error) {
	s.subMu.Lock()
	defer s.subMu.Unlock()
	s.lockBoth()
	if !s.peers.attached(p) {
		s.reconnectRetired(p, peer)
		s.unlockBoth()
		return nil, nil
	}
	if err := s.pat.Connected(p, peer); err != nil {
		s.unlockBoth()
		return nil, err
	}
	p.SetPeer(peer)
	s.wakeSenders()
	if r, ok := s.pat.(*pattern.Router); ok {
		evicted = r.Evicted()
	}
	s.unlockBoth()
	for _, old := range evicted {
		s.peers.disconnected(old) // it has no last words: its id lives on
	}
	if s.sub != nil && p.Sub != nil {
		s.sendMu.Lock()
		var topics []string
		s.sub.Topics(func(t string) { topics = append(topics, t) })
		s.sendMu.Unlock()
		for _, t := range topics {
			p.Sub.Subscribe(t, true)
		}
	}
	s.peers.connected(p)
	return evicted, nil
}

// reconnectRetired is Connected for a pipe that was taken from the pattern and
// is kept alive for what is still queued to it. The caller holds both locks.
func (s *Socket) reconnectRetired(p *pipe.Pipe, peer *msg.Peer) {
	if p.Alias != "" {
		peer.RoutingID = p.Alias
	}
	if old := p.Peer(); s.router != nil && old != nil && old.RoutingID != peer.RoutingID {
		// What waits for the last peer is not for this one.
		s.drops.Add(pipe.DropConnLost, p.Out.Discard())
	}
	p.SetPeer(peer)
}

// HalfClosed is for sessions.
func (s *Socket) HalfClosed(p *pipe.Pipe) {
	if s.stream == nil {
		return
	}
	s.lockBoth()
	defer s.unlockBoth()
	s.stream.HalfClosed(p)
}

// Disconnected is for sessions and links.
func (s *Socket) Disconnected(p *pipe.Pipe) {
	s.forget(p)
	s.lockBoth()
	s.pat.Disconnected(p)
	s.wakeSenders() // who waits for this very peer
	s.unlockBoth()
	s.lament(p)
	if s.pub != nil {
		s.inbox.notify() // of subscriptions that are no more
	}
	if p.Side == pipe.Dialed && !s.cfg.Immediate {
		s.peers.disconnected(p)
		return
	}
	// Any other pipe is detached next, and its peer counted until then: who waits
	// for the count to fall is not to find a pipe that can still be sent to.
}

// forget has the pattern forget what a peer has said, and shares sendMu if that
// is much.
func (s *Socket) forget(p *pipe.Pipe) {
	if s.pub == nil {
		return
	}
	s.sendMu.Lock()
	more := s.pub.RemoveSubscriptions(p)
	s.sendMu.Unlock()
	s.forgetRest(p, more)
}

// forgetRest goes on with what the pattern has begun to forget, while there is
// more.
func (s *Socket) forgetRest(p *pipe.Pipe, more bool) {
	for more {
		s.turn(func() int { more = s.pub.RemoveSubscriptions(p); return changesAtOnce })
	}
}

// lament has Recv return the message that says that a peer is lost, if there is
// one to be said.
func (s *Socket) lament(p *pipe.Pipe) {
	var last []byte
	switch {
	case p.Side == pipe.Accepted && s.info.DisconnectMessage:
		last = s.opts.DisconnectMessage
	case p.Side == pipe.Dialed && s.info.HiccupMessage:
		last = s.opts.Hiccup
	}
	if last == nil || !s.peers.isConnected(p) {
		return
	}
	p.In.Lock()
	if !p.In.ReadClosed() {
		p.In.PutFrom(p.Peer(), &msg.Msg{First: last})
	}
	p.In.Unlock()
}

// Detach is for sessions and links.
func (s *Socket) Detach(p *pipe.Pipe) {
	s.lockBoth()
	s.pat.Detach(p)
	s.wakeSenders()
	s.unlockSendHalf()
	defer s.recvMu.Unlock()
	s.peers.detach(p)
	s.peers.sweepLeft()
	if s.receiver != nil {
		// An application that does not receive does not see to this either.
		s.inbox.drain(s.receiver)
	}
}

// Crowded is for sessions: peers that come, send and go could fill any memory
// while the application does not receive, so that nobody is let in while what
// they left is above the bound of one queue.
func (s *Socket) Crowded() bool {
	s.recvMu.Lock()
	defer s.recvMu.Unlock()
	return s.peers.crowded(s.opts.MaxQueuedBytes)
}

// Update is for links: f changes a pipe that is attached.
func (s *Socket) Update(f func()) {
	s.lockBoth()
	defer s.unlockBoth()
	f()
}

// Reading is for links: f changes what is read.
func (s *Socket) Reading(f func()) {
	s.recvMu.Lock()
	defer s.recvMu.Unlock()
	f()
}

// enqueue puts one message in p.In, whatever its limit.
func (s *Socket) enqueue(p *pipe.Pipe, m *msg.Msg) {
	p.In.Lock()
	defer p.In.Unlock()
	if p.In.ReadClosed() {
		s.drops.Add(pipe.DropUnread, 1)
		return
	}
	p.In.PutShared(m)
}

// Drops is for sessions and links.
func (s *Socket) Drops() *pipe.Drops { return &s.drops }

// Subscribe changes the subscriptions of a socket that has them.
func (s *Socket) Subscribe(topic string, on bool) error {
	_, err := s.subscribe(topic, on)
	return err
}

// Join joins a group of a DISH, or leaves it: one that is, or is not, joined.
func (s *Socket) Join(group string, on bool) error {
	if err := pattern.CheckGroup(group); err != nil {
		return err
	}
	changed, err := s.subscribe(group, on)
	switch {
	case err != nil || changed:
		return err
	case on:
		return fmt.Errorf("%w: %q is joined already", pattern.ErrInvalidGroup, group)
	}
	return fmt.Errorf("%w: %q is not joined", pattern.ErrInvalidGroup, group)
}

func (s *Socket) subscribe(topic string, on bool) (changed bool, err error) {
	s.subMu.Lock()
	defer s.subMu.Unlock()
	s.lockBoth()
	if s.closed.Load() {
		s.unlockBoth()
		return false, ErrClosed
	}
	changed = s.sub.Subscribe(topic, on)
	var far []pipe.Subscriptions
	if changed {
		// A peer that is not connected yet gets the whole set from Connected,
		// which holds subMu from before it reads the set until the peer counts
		// as connected. So each peer gets each change exactly once.
		s.sub.Pipes(func(p *pipe.Pipe) {
			if p.Sub != nil && s.peers.isConnected(p) {
				far = append(far, p.Sub)
			}
		})
	}
	s.unlockBoth()
	for _, sub := range far {
		sub.Subscribe(topic, on)
	}
	return changed, nil
}
