// Package inproc connects two sockets of the same process. It has a table of
// bound names, and joins a connecting and a binding socket by two queues, each
// written by one of them and read by the other. It passes messages and not
// bytes, without a handshake, reconnects or copies. It does not know the socket
// types.
package inproc

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/zerobroker/zmq/internal/endpoint"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// ErrEndpointInUse is returned by Bind for a name that is bound.
var ErrEndpointInUse = errors.New("endpoint in use")

// End is a socket at one end of a link. The caller of a method holds no lock of
// Namespace, but may hold that of the link.
type End interface {
	pipe.Reader // of the queues that the socket reads
	pipe.Writer // of the queues that the socket writes

	SendLock() *sync.Mutex // guards the queues that the socket writes
	Written() *uint64      // counts messages of these queues that were read; guarded by SendLock
	Limits() (sendHWM, recvHWM int)
	MaxQueuedBytes() int
	DropsOldest() bool // reports whether a full queue that the socket writes drops its oldest message
	Conflates() bool   // reports whether a queue keeps only the newest message
	Hello() *msg.Msg   // returns the first message for each peer, or nil
	Sends() bool       // reports whether the socket type sends messages
	Receives() bool    // reports whether the socket type receives messages
	CompatibleWith(socketType string) bool
	Describe() *msg.Peer // returns a new description of the socket for its peer

	// WithLocks calls f with the send lock and the receive lock of the socket
	// held, and WithRecvLock with the receive lock.
	WithLocks(f func())
	WithRecvLock(f func())

	// Attach adds a pipe to the pattern of the socket. Connected then announces
	// the peer. Each returns an error to refuse the peer. Disconnected
	// announces the end of the connection, and Detach removes the pipe.
	Attach(p *pipe.Pipe) error
	Connected(p *pipe.Pipe, peer *msg.Peer) error
	Disconnected(p *pipe.Pipe)
	Detach(p *pipe.Pipe)

	// SetSubscription adds or removes a subscription of the peer of p.
	SetSubscription(p *pipe.Pipe, topic string, on bool)

	// AddLink and RemoveLink maintain the links that a bound socket ends when
	// it closes.
	AddLink(l *Link)
	RemoveLink(l *Link)
	// HasDuplicate reports whether a bound socket has another link from the
	// connector of l to the same endpoint name.
	HasDuplicate(l *Link) bool

	// PeerConnected, PeerDisconnected and PeerRefused report events of the
	// link.
	PeerConnected(name string, peer *msg.Peer)
	PeerDisconnected(name string, peer *msg.Peer)
	PeerRefused(name string, err error)

	Drops() *pipe.Drops
}

var errIncompatible = errors.New("incompatible socket types")

// Namespace is a table of names that sockets bind and connect to.
type Namespace struct {
	mu      sync.Mutex
	bound   map[string]End
	waiting map[string][]*Link // links whose name is not bound, in the order of Connect
	blocked []*Link            // links that an end cannot admit at the moment (retry.go), in order
	retries uint64             // number of calls of Retry
}

// NewNamespace returns an empty namespace.
func NewNamespace() *Namespace {
	return &Namespace{bound: make(map[string]End), waiting: make(map[string][]*Link)}
}

// Bind binds e to the name and joins the links that wait for the name.
func (n *Namespace) Bind(name string, e End) error {
	n.mu.Lock()
	if n.bound[name] != nil {
		n.mu.Unlock()
		return ErrEndpointInUse
	}
	n.bound[name] = e
	links := append(n.takeBlocked(func(l *Link) bool { return l.name == name }), n.waiting[name]...)
	delete(n.waiting, name)
	n.mu.Unlock()
	for _, l := range links {
		l.tryJoin()
	}
	return nil
}

// Unbind removes the name, if e is bound to it. Existing links remain.
func (n *Namespace) Unbind(name string, e End) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.bound[name] != e {
		return false
	}
	delete(n.bound, name)
	return true
}

// Connect links e to the socket that is or will be bound to the name. alias, if
// not empty, is the routing ID of the peer at e.
//
// As in libzmq, a link that has ended is not made again. Messages then go to
// the other peers of e, and not to a queue without a reader. If an end cannot
// admit the peer at the moment, the link waits, as a dialer does, and keeps its
// messages.
func (n *Namespace) Connect(name, alias string, e End) (*Link, error) {
	l := &Link{space: n, name: name, connector: e, connectorPipe: pipe.New(), life: endpoint.New(endpoint.Connecting)}
	l.connectorPipe.Alias = alias
	send, _ := e.Limits()
	l.toBinder = pipe.NewQueue(pipe.Config{Lock: e.SendLock(), HWM: send, MaxBytes: e.MaxQueuedBytes(),
		Conflate: e.Conflates() && e.Sends(), DropOldest: e.DropsOldest(), Writer: e, From: l.connectorPipe, Drops: e.Drops(), Written: e.Written()})
	if e.Sends() {
		l.connectorPipe.Out = l.toBinder
	}
	if err := e.Attach(l.connectorPipe); err != nil {
		return nil, err
	}
	l.tryJoin()
	return l, nil
}

// Link is the connection of a connector, which called Connect, and a binder,
// which called Bind. It is the lifetime of the connector's endpoint, in four of
// its states:
//
//   - Connecting: the two ends are not joined.
//   - Finishing: not joined either, and the connector has called Finish. A binder
//     may still get its messages.
//   - Connected: the ends are joined.
//   - Closed: disconnected, refused or aborted.
type Link struct {
	space *Namespace
	name  string

	connector     End
	binder        End // nil until joined
	connectorPipe *pipe.Pipe
	binderPipe    *pipe.Pipe
	toBinder      *pipe.Queue // exists also if the connector sends only subscriptions
	toConnector   *pipe.Queue // exists also if the binder sends only subscriptions; nil if the connector does not receive

	// mu guards the fields below and those set by joining. It is held while the
	// ends are called. Release it with unlockAndRetry.
	mu         sync.Mutex
	life       *endpoint.Lifetime // changed only with mu held
	slotFreed  bool               // an end may admit another peer now, so unlockAndRetry calls Retry
	reportedBy End                // the binder whose refusal has been reported

	// refusing is the side that has called Refuse, until a holder of mu ends
	// the link.
	refusing atomic.Pointer[Side]
}

// unlockAndRetry releases mu. Before that it ends the link if a side has called
// Refuse meanwhile. Afterwards it retries blocked links if this link has freed
// a slot for a peer.
func (l *Link) unlockAndRetry() {
	for {
		if s := l.refusing.Swap(nil); s != nil && s.current() {
			l.end(s.me)
		}
		a, b, freed := l.connector, l.binder, l.slotFreed
		l.slotFreed = false
		l.mu.Unlock()
		if freed {
			l.space.Retry(a)
			if b != nil {
				l.space.Retry(b)
			}
		}
		if l.refusing.Load() == nil || !l.mu.TryLock() {
			return // if TryLock failed, the holder of mu ends the link
		}
	}
}

// Name returns the name that the connector has connected to.
func (l *Link) Name() string { return l.name }

// Status describes the endpoint of the connector. It takes no lock.
func (l *Link) Status() endpoint.Status { return l.life.Status() }

// state returns the state of the link. The caller holds mu if it relies on the
// state not to change.
func (l *Link) state() endpoint.State { return l.life.State() }

// unjoined reports whether a binder may still join the link. The caller holds
// mu.
func (l *Link) unjoined() bool {
	s := l.state()
	return s == endpoint.Connecting || s == endpoint.Finishing
}

// Pipe returns the pipe of the connector.
func (l *Link) Pipe() *pipe.Pipe { return l.connectorPipe }

// join joins the ends, or returns the error of the end that refuses its peer.
// The caller holds mu.
func (l *Link) join(b End) error {
	descA, descB := l.connector.Describe(), b.Describe()
	if !l.connector.CompatibleWith(descB.SocketType) || !b.CompatibleWith(descA.SocketType) {
		return errIncompatible
	}
	l.binder, l.binderPipe = b, pipe.New()
	l.makeQueues()
	b.AddLink(l) // before Attach, so that a Close of b after Attach ends the link
	if err := b.Attach(l.binderPipe); err != nil {
		l.undoJoin()
		return err
	}
	err := b.Connected(l.binderPipe, descA)
	finishing := l.state() == endpoint.Finishing
	if err == nil && !finishing {
		err = l.connector.Connected(l.connectorPipe, descB)
	}
	if err != nil {
		if in := l.binderPipe.In; in != nil {
			// Before Detach, so that b does not keep the pipe to read it.
			b.WithRecvLock(func() { in.DropUnread() })
		}
		b.Detach(l.binderPipe)
		l.undoJoin()
		return err
	}
	l.resizeLocked()
	l.life.Connect() // a finishing link ends below
	l.connector.PeerConnected(l.name, descB)
	b.PeerConnected(l.name, descA)
	l.startReading()
	if finishing {
		l.end(l.connector)
	}
	return nil
}

// makeQueues completes both pipes, except that the binder's pipe does not get
// the queue from the connector: that queue exists already, may have messages,
// and is for the next binder if one end refuses the other. Until the link opens,
// binderPipe.In is a queue of b's own. It receives what b's pattern queues about the
// peer: notifications and subscriptions. undoJoin undoes makeQueues.
func (l *Link) makeQueues() {
	a, b := l.connector, l.binder
	_, recvA := a.Limits()
	sendB, _ := b.Limits()
	if b.Receives() {
		l.binderPipe.In = pipe.NewQueue(pipe.Config{To: l.binderPipe})
	}
	if a.Receives() {
		l.toConnector = pipe.NewQueue(pipe.Config{Lock: b.SendLock(), HWM: sumHWM(sendB, recvA),
			MaxBytes: b.MaxQueuedBytes(), Conflate: (a.Conflates() || b.Conflates()) && b.Sends(), DropOldest: b.DropsOldest(),
			Writer: b, From: l.binderPipe, Drops: b.Drops(), Written: b.Written()})
		if b.Sends() {
			l.binderPipe.Out = l.toConnector
		}
	}
	a.WithLocks(func() { // the connector already uses its pipe
		s := &Side{l: l, me: a, peer: b, out: l.connectorPipe.Out, peerPipe: l.binderPipe}
		// A pipe that is retired already does not get the queue, because Close
		// of the connector may have dropped its unread messages already. finish
		// drops them.
		if !l.connectorPipe.Retired {
			l.connectorPipe.In = l.toConnector
		}
		l.connectorPipe.To, l.connectorPipe.Sub = s, s
	})
	s := &Side{l: l, me: b, peer: a, out: l.binderPipe.Out, peerPipe: l.connectorPipe}
	l.binderPipe.To, l.binderPipe.Sub, l.binderPipe.Side = s, s, pipe.Accepted
}

// undoJoin undoes makeQueues after one end has refused its peer.
func (l *Link) undoJoin() {
	b := l.binder
	b.RemoveLink(l)
	p := l.connectorPipe
	l.connector.WithLocks(func() {
		p.Sub, p.To = nil, nil
		// If the connector has retired the pipe meanwhile, it looks for unread
		// messages in p.In, and finds the end of the queue.
		if !p.Retired {
			p.In = nil
		}
	})
	if l.toConnector != nil {
		l.connector.WithRecvLock(func() { l.toConnector.DropUnsent(pipe.DropConnLost) })
	}
	l.binder, l.binderPipe, l.toConnector = nil, nil, nil
	l.resizeLocked()
}

// queueHello puts the hello message of e before all messages in out.
func queueHello(e End, out *pipe.Queue) {
	m := e.Hello()
	if m == nil || out == nil {
		return
	}
	var b msg.Batch
	b.Add(msg.Seg{B: m.AppendEncoded(nil)})
	b.Msgs = 1
	out.Return(&b)
}

// resizeLocked sets the high-water marks of the queues from the limits of the
// ends. The caller holds mu.
func (l *Link) resizeLocked() {
	sendA, recvA := l.connector.Limits()
	if l.binder == nil {
		resize(l.toBinder, sendA)
		return
	}
	sendB, recvB := l.binder.Limits()
	resize(l.toBinder, sumHWM(sendA, recvB))
	resize(l.toConnector, sumHWM(sendB, recvA))
}

func resize(q *pipe.Queue, hwm int) {
	if q != nil {
		q.Lock()
		q.SetHWM(hwm)
		q.Unlock()
	}
}

// Side is one end of a link: the To and the Sub of the pipe of that end.
type Side struct {
	l        *Link
	me, peer End
	out      *pipe.Queue // from me to peer; may be nil
	peerPipe *pipe.Pipe  // the pipe of peer
}

// Counts returns the counters of the queue to the peer. It takes the lock of the
// reader, because a reader acknowledges several messages at a time. The caller
// must hold no lock of either socket.
func (s *Side) Counts() (c pipe.Counts) {
	if s.out == nil {
		return c
	}
	s.peer.WithRecvLock(func() {
		if s.peerPipe.In == s.out {
			c = s.out.Counts()
			return
		}
		// The link is not open yet, or the peer has refused it, and another socket
		// may read the queue by now.
		s.out.Lock()
		c = s.out.CountsUnsent()
		s.out.Unlock()
	})
	return c
}

// Resize updates the high-water marks after the limits of an end have changed.
func (s *Side) Resize() {
	s.l.mu.Lock()
	defer s.l.unlockAndRetry()
	if s.l.state() != endpoint.Closed {
		s.l.resizeLocked()
	}
}

// Finish ends the link. The peer can still read the messages queued for it.
func (s *Side) Finish() {
	s.l.mu.Lock()
	defer s.l.unlockAndRetry()
	if s.current() {
		s.l.end(s.me)
	}
}

// current reports whether the link is joined and s is one of its sides, and not
// a side of an earlier attempt to join. The caller holds mu.
func (s *Side) current() bool {
	l := s.l
	return l.state() == endpoint.Connected && (l.connectorPipe.To == pipe.Connection(s) || l.binderPipe.To == pipe.Connection(s))
}

// Refuse ends the link. A socket may call it while another link of the socket
// is being joined, with mu of that link held. To avoid a deadlock, Refuse waits
// for no mu: if another goroutine holds it, that goroutine ends the link.
func (s *Side) Refuse(why error) {
	s.me.PeerRefused(s.l.name, why)
	s.l.refusing.Store(s)
	if s.l.mu.TryLock() {
		s.l.unlockAndRetry()
	}
}

// Subscribe changes a subscription of this end at the peer.
func (s *Side) Subscribe(topic string, on bool) { s.peer.SetSubscription(s.peerPipe, topic, on) }

// Probe calls done at once, because Subscribe has taken effect when it returns.
func (s *Side) Probe(done func(ok bool)) { done(true) }

// startReading attaches the readers of both queues, after the hello messages.
func (l *Link) startReading() {
	if l.binderPipe.In != nil && l.binder.Conflates() && l.connector.Sends() {
		l.toBinder.Lock()
		l.toBinder.SetConflate()
		l.toBinder.Unlock()
	}
	queueHello(l.connector, l.connectorPipe.Out)
	queueHello(l.binder, l.binderPipe.Out)
	if l.binderPipe.In != nil {
		l.binder.WithRecvLock(l.openUp)
	} else {
		l.binderPipe.Drop(l.binder.Drops(), pipe.DropUpstream, l.toBinder.DropUnread())
	}
	if q := l.toConnector; q != nil && l.connectorPipe.In == q {
		l.connector.WithRecvLock(func() {
			q.Lock()
			q.SetReader(l.connector, l.connectorPipe)
			q.Unlock()
		})
	}
}

// openUp gives the binder's pipe the queue from the connector. What b's pattern
// has queued about the peer moves to the head of that queue. The caller excludes
// readers of b, so b receives that first.
func (l *Link) openUp() {
	// b's send lock guards binderPipe.In too. It is released before the messages move,
	// because that takes a's send lock.
	lock := l.binder.SendLock()
	lock.Lock()
	own, retired := l.binderPipe.In, l.binderPipe.Retired
	l.binderPipe.In = l.toBinder
	lock.Unlock()
	var first msg.Batch
	for m := (msg.Msg{}); own.Next(&m); {
		first.Add(msg.Seg{B: m.AppendEncoded(nil), From: m.From})
		first.Msgs++
	}
	l.toBinder.Return(&first)
	if retired {
		// b is closing. It may have dropped the unread messages of the pipe
		// before the pipe had this queue. It ends the link next.
		l.binderPipe.Drop(l.binder.Drops(), pipe.DropUnread, l.toBinder.DropUnread())
	}
	l.toBinder.Lock()
	l.toBinder.SetReader(l.binder, l.binderPipe)
	l.toBinder.Unlock()
}

// sumHWM returns the high-water mark of a queue from those of its two ends. 0
// is unlimited.
func sumHWM(a, b int) int {
	if a == 0 || b == 0 {
		return 0
	}
	return min(a, pipe.MaxHWM/2) + min(b, pipe.MaxHWM/2)
}

// Finish ends the link for me, which is one of its ends. The peer can still
// read the messages queued for it. If no binder has joined, the link remains in
// its namespace until one has, or until Wait returns.
func (l *Link) Finish(me End) {
	l.mu.Lock()
	defer l.unlockAndRetry()
	switch {
	case me != l.connector && me != l.binder: // me was the binder of a refused attempt
	case l.state() == endpoint.Connected:
		l.end(me)
	case l.state() == endpoint.Connecting:
		l.life.Finish()
		l.slotFreed = true
	}
}

// Ended reports whether the link has ended. It waits for a goroutine that is
// ending the link.
func (l *Link) Ended() bool {
	l.mu.Lock()
	defer l.unlockAndRetry()
	return l.state() == endpoint.Closed
}

// end ends a joined link for me. The caller holds mu.
func (l *Link) end(me End) {
	l.life.Close()
	l.slotFreed = true
	mine, far, peer := l.connectorPipe, l.binderPipe, l.binder
	if me == l.binder {
		mine, far, peer = l.binderPipe, l.connectorPipe, l.connector
	}
	l.binder.RemoveLink(l)
	l.connector.PeerDisconnected(l.name, l.connectorPipe.Peer())
	l.binder.PeerDisconnected(l.name, l.binderPipe.Peer())
	me.Disconnected(mine)
	me.Detach(mine)
	peer.Disconnected(far)
	peer.Detach(far)
	closeQueue(l.toBinder)
	if l.toConnector != nil {
		if l.connectorPipe.In != l.toConnector { // no socket reads it
			l.toConnector.DropUnsent(pipe.DropConnLost)
		}
		closeQueue(l.toConnector)
	}
}

// closeQueue ends writing. From now on the messages in q are the reader's.
func closeQueue(q *pipe.Queue) {
	q.Lock()
	defer q.Unlock()
	q.PassAll()
	q.Close()
}

// Wait waits, after Finish of the connector, until a binder has the queued
// messages. When ctx ends it drops them.
func (l *Link) Wait(ctx context.Context) {
	if l.idle() {
		l.Abort()
		return
	}
	l.life.Wait(ctx, l.Abort)
	l.Ended() // waits for the goroutine that has closed the link
}

// idle reports whether no binder has joined and the connector has no messages
// for one. The queue has no reader until a binder joins, which requires mu.
func (l *Link) idle() bool {
	l.mu.Lock()
	defer l.unlockAndRetry()
	return l.binder == nil && (l.connectorPipe.Out == nil || l.connectorPipe.Out.Ended())
}

// Abort ends a link that no binder has joined and drops its messages. It does
// nothing after that.
func (l *Link) Abort() {
	l.mu.Lock()
	defer l.unlockAndRetry()
	if !l.unjoined() {
		return
	}
	l.space.remove(l)
	l.life.Close()
	l.slotFreed = true
	l.connector.Detach(l.connectorPipe)
	if l.connectorPipe.Out != nil {
		l.connectorPipe.Out.CloseRead(pipe.DropLinger)
	}
}
