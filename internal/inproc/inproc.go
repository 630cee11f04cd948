// Package inproc joins two sockets of one process: a name table and two
// queues, each written by one socket and read by the other. It moves messages
// and not bytes, so it is no transport: there is no handshake, no reconnecting
// and no copy. It does not know what the sockets do with their messages.
package inproc

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// ErrEndpointInUse is returned by Bind for a name that is bound.
var ErrEndpointInUse = errors.New("endpoint in use")

// End is a socket as a link sees it. None of the methods is called with a lock
// of the package held that they could need.
type End interface {
	pipe.Reader // of the queues it reads
	pipe.Writer // of the queues it writes

	SendLock() *sync.Mutex // guards the queues it writes
	Limits() (sendHWM, recvHWM int)
	MaxQueuedBytes() int
	Conflates() bool // whether it keeps the newest message only
	Hello() *msg.Msg // a message for the other end to begin with, or nil
	Sends() bool     // whether it ever puts messages in a queue
	Receives() bool  // whether it ever takes messages from one
	Talks(socketType string) bool
	Describe() *msg.Peer // a new description of itself for the other end

	// Update runs f while nobody uses what it changes of an attached pipe, and
	// Reading while nobody reads.
	Update(f func())
	Reading(f func())
	Attach(p *pipe.Pipe) error
	Connected(p *pipe.Pipe, peer *msg.Peer) error
	Disconnected(p *pipe.Pipe)
	Detach(p *pipe.Pipe)
	// Upstream passes on a change of the subscriptions at p's far end.
	Upstream(p *pipe.Pipe, topic string, on bool)
	// Linked and Unlinked give the binder a link that it can finish, also if
	// Attach then fails, and take it away.
	Linked(l *Link)
	Unlinked(l *Link)
	// Repeats reports whether the binder has another link from the same connector
	// under the same name.
	Repeats(l *Link) bool
	// Refused reports a link that could not be made, or not yet.
	Refused(name string, err error)
	// Met and Parted report that a link was made and that it has ended.
	Met(name string, peer *msg.Peer)
	Parted(name string, peer *msg.Peer)
	Drops() *pipe.Drops
}

// Errors that a link is refused with.
var errTypes = errors.New("incompatible socket types")

// Namespace is a set of names that sockets bind and connect to.
type Namespace struct {
	mu      sync.Mutex
	bound   map[string]End
	waiting map[string][]*Link // connected and not bound yet, in order
	refused []*Link            // their place at one of the ends is taken, in order
	retries uint64             // calls of Retry
}

// NewNamespace returns an empty namespace.
func NewNamespace() *Namespace {
	return &Namespace{bound: make(map[string]End), waiting: make(map[string][]*Link)}
}

// Bind gives the name to e and joins the links that wait for it.
func (n *Namespace) Bind(name string, e End) error {
	n.mu.Lock()
	if n.bound[name] != nil {
		n.mu.Unlock()
		return ErrEndpointInUse
	}
	n.bound[name] = e
	links := append(n.takeRefused(func(l *Link) bool { return l.name == name }), n.waiting[name]...)
	delete(n.waiting, name)
	n.mu.Unlock()
	for _, l := range links {
		l.place()
	}
	return nil
}

// Unbind makes the name free. Links made with it stay.
func (n *Namespace) Unbind(name string, e End) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.bound[name] != e {
		return false
	}
	delete(n.bound, name)
	return true
}

// Connect links e with whoever is or will be bound to the name, under an alias
// if that is not empty. A link that has ended is not made again, as in libzmq:
// what is sent then goes to the peers that there are, and not into a queue to
// nobody. A link that is refused because its place is taken waits for that, as
// a dialer does, and keeps what is sent to it.
func (n *Namespace) Connect(name, alias string, e End) (*Link, error) {
	l := &Link{space: n, name: name, a: e, pa: pipe.New(), joined: make(chan struct{})}
	l.pa.Alias = alias
	l.enter(State{})
	send, _ := e.Limits()
	l.up = pipe.NewQueue(pipe.Config{Lock: e.SendLock(), HWM: send, MaxBytes: e.MaxQueuedBytes(),
		Conflate: e.Conflates() && e.Sends(), Writer: e, From: l.pa, Drops: e.Drops()})
	if e.Sends() {
		l.pa.Out = l.up
	}
	if err := e.Attach(l.pa); err != nil {
		return nil, err
	}
	l.place()
	return l, nil
}

// Link is one connection between two sockets.
type Link struct {
	space  *Namespace
	name   string
	a, b   End // the connector, and the binder once joined
	pa, pb *pipe.Pipe
	down   *pipe.Queue   // from b to a, also if b only subscribes; nil if a does not receive
	up     *pipe.Queue   // from a to b, also if a only subscribes
	joined chan struct{} // closed when place has joined the ends, or given up

	mu       sync.Mutex // guards the rest, and is held while the ends are notified; given back by unlock
	over     bool
	finished bool // by a, before anybody was joined: what it wrote is still to be read
	freed    bool // a place at an end, since mu was taken: unlock has the namespace retry
	reported End  // the binder, if the link was refused and both ends have reported it

	state atomic.Pointer[State]

	refused atomic.Pointer[side] // the end that refuses the other, until a holder of mu has ended the link
}

// unlock gives mu back, and ends the link if one end refused the other
// meanwhile. Then it has links join that wait for the place of this one.
func (l *Link) unlock() {
	for {
		if s := l.refused.Swap(nil); s != nil && s.current() {
			l.finish(s.me)
		}
		a, b, freed := l.a, l.b, l.freed
		l.freed = false
		l.mu.Unlock()
		if freed {
			l.space.Retry(a)
			if b != nil {
				l.space.Retry(b)
			}
		}
		if l.refused.Load() == nil || !l.mu.TryLock() {
			return // or the next holder of mu ends the link
		}
	}
}

// Name is the name that was connected to.
func (l *Link) Name() string { return l.name }

// State describes a link.
type State struct {
	Since  time.Time
	Joined bool  // to the socket that is bound to the name
	Over   bool  // ended, or refused
	Err    error // why it was refused
}

// State describes the link at this moment. It waits for no lock.
func (l *Link) State() State { return *l.state.Load() }

func (l *Link) enter(s State) {
	s.Since = time.Now()
	l.state.Store(&s)
}

// Pipe is the connector's end.
func (l *Link) Pipe() *pipe.Pipe { return l.pa }

// join connects the far end, or returns the error of the end that refuses the
// other. The caller holds mu.
func (l *Link) join(b End) error {
	descA, descB := l.a.Describe(), b.Describe()
	if !l.a.Talks(descB.SocketType) || !b.Talks(descA.SocketType) {
		return errTypes
	}
	l.b, l.pb = b, pipe.New()
	l.makeQueues()
	b.Linked(l) // before Attach: a Close of b that Attach comes before ends the link
	if err := b.Attach(l.pb); err != nil {
		l.withdraw()
		return err
	}
	err := b.Connected(l.pb, descA)
	if err == nil && !l.finished {
		err = l.a.Connected(l.pa, descB)
	}
	if err != nil {
		if in := l.pb.In; in != nil {
			// Before Detach, so that b does not keep the pipe to read it.
			b.Reading(func() { in.CloseRead() })
		}
		b.Detach(l.pb)
		l.withdraw()
		return err
	}
	l.resizeLocked()
	l.enter(State{Joined: true})
	l.a.Met(l.name, descB)
	b.Met(l.name, descA)
	l.open()
	if l.finished {
		l.finish(l.a)
	}
	return nil
}

// makeQueues completes both pipes, except that the binder's pipe does not get
// the queue from the connector: that queue exists already, may have messages,
// and is for the next binder if one end refuses the other. Until the link opens,
// pb.In is a queue of b's own. It receives what b's pattern queues about the
// peer: notifications and subscriptions. withdraw undoes makeQueues.
func (l *Link) makeQueues() {
	a, b := l.a, l.b
	_, recvA := a.Limits()
	sendB, _ := b.Limits()
	if b.Receives() {
		l.pb.In = pipe.NewQueue(pipe.Config{Lock: new(sync.Mutex), To: l.pb})
	}
	if a.Receives() {
		// The connector's pipe is in use already.
		l.down = pipe.NewQueue(pipe.Config{Lock: b.SendLock(), HWM: sum(sendB, recvA),
			MaxBytes: b.MaxQueuedBytes(), Conflate: (a.Conflates() || b.Conflates()) && b.Sends(),
			Writer: b, From: l.pb, Drops: b.Drops()})
		if b.Sends() {
			l.pb.Out = l.down
		}
	}
	a.Update(func() {
		// A pipe that is retired already does not get the queue, because Close
		// of a may have dropped its unread messages already. finish drops them.
		if !l.pa.Retired {
			l.pa.In = l.down
		}
		l.pa.Sub = &subscriptions{to: b, pipe: l.pb}
		l.pa.To = &side{l, a, b, l.pa.Out, l.pb}
	})
	l.pb.To, l.pb.Side = &side{l, b, a, l.pb.Out, l.pa}, pipe.Accepted
	l.pb.Sub = &subscriptions{to: a, pipe: l.pa}
}

// withdraw undoes makeQueues after one end has refused the other.
func (l *Link) withdraw() {
	b := l.b
	b.Unlinked(l)
	l.a.Update(func() {
		l.pa.Sub, l.pa.To = nil, nil
		// If a has retired the pipe meanwhile, a looks for unread messages in
		// pa.In, and finds the end of the queue.
		if !l.pa.Retired {
			l.pa.In = nil
		}
	})
	if l.down != nil {
		l.a.Reading(func() { b.Drops().Add(pipe.DropConnLost, l.down.CloseRead()) })
	}
	l.b, l.pb, l.down = nil, nil, nil
	l.resizeLocked()
}

// greet puts an end's first message before all that it has queued.
func greet(e End, out *pipe.Queue) {
	m := e.Hello()
	if m == nil || out == nil {
		return
	}
	var b msg.Batch
	b.Add(msg.Seg{B: m.AppendEncoded(nil)})
	b.Msgs = 1
	out.Return(&b)
}

// resizeLocked gives the queues what the ends' limits are now. The caller holds
// mu.
func (l *Link) resizeLocked() {
	sendA, recvA := l.a.Limits()
	if l.b == nil {
		resize(l.up, sendA)
		return
	}
	sendB, recvB := l.b.Limits()
	resize(l.up, sum(sendA, recvB))
	resize(l.down, sum(sendB, recvA))
}

func resize(q *pipe.Queue, hwm int) {
	if q != nil {
		q.Lock()
		q.SetHWM(hwm)
		q.Unlock()
	}
}

// side is one end of a link, as the pattern there sees the other.
type side struct {
	l       *Link
	me, far End
	out     *pipe.Queue // from me to far; may be nil
	farPipe *pipe.Pipe  // far's end
}

// Unread is how many messages the other end has yet to read. The queue alone
// does not know: its reader acknowledges several at a time. No lock of either
// socket may be held.
func (s *side) Unread() (n int) {
	if s.out == nil {
		return 0
	}
	s.far.Reading(func() {
		if s.farPipe.In == s.out {
			n = s.out.Unread()
			return
		}
		// The link is not open yet, or far has refused it, and another socket
		// may read the queue by now.
		s.out.Lock()
		n = s.out.Unsent()
		s.out.Unlock()
	})
	return n
}

// Resize is for an end whose limits have changed.
func (s *side) Resize() {
	s.l.mu.Lock()
	defer s.l.unlock()
	if !s.l.over {
		s.l.resizeLocked()
	}
}

// Finish ends the link, behind what is queued.
func (s *side) Finish() {
	s.l.mu.Lock()
	defer s.l.unlock()
	if s.current() {
		s.l.finish(s.me)
	}
}

// current reports whether s is an end of the link as it is joined now, and not
// of an attempt that the other end refused. The caller holds mu.
func (s *side) current() bool {
	l := s.l
	return !l.over && l.b != nil && (l.pa.To == pipe.Connection(s) || l.pb.To == pipe.Connection(s))
}

// Refuse ends the link. A socket refuses one peer while it is joined to another,
// with the lock of that link held. So this waits for no lock of a link: if another
// goroutine holds it, that one ends the link.
func (s *side) Refuse(why error) {
	s.me.Refused(s.l.name, why)
	s.l.refused.Store(s)
	if s.l.mu.TryLock() {
		s.l.unlock()
	}
}

// open lets both ends read.
func (l *Link) open() {
	if l.pb.In != nil && l.b.Conflates() && l.a.Sends() {
		l.up.Lock()
		l.up.SetConflate()
		l.up.Unlock()
	}
	greet(l.a, l.pa.Out)
	greet(l.b, l.pb.Out)
	if l.pb.In != nil {
		l.b.Reading(l.openUp)
	} else {
		l.b.Drops().Add(pipe.DropUpstream, l.up.CloseRead())
	}
	if q := l.down; q != nil && l.pa.In == q {
		l.a.Reading(func() {
			q.Lock()
			q.SetReader(l.a, l.pa)
			q.Unlock()
		})
	}
}

// openUp gives the binder's pipe the queue from the connector. What b's pattern
// has queued about the peer moves to the head of that queue. The caller excludes
// readers of b, so b receives that first.
func (l *Link) openUp() {
	// b's send lock guards pb.In too. It is released before the messages move,
	// because that takes a's send lock.
	lock := l.b.SendLock()
	lock.Lock()
	own, retired := l.pb.In, l.pb.Retired
	l.pb.In = l.up
	lock.Unlock()
	var first msg.Batch
	for m := (msg.Msg{}); own.Next(&m); {
		first.Add(msg.Seg{B: m.AppendEncoded(nil), From: m.From})
		first.Msgs++
	}
	l.up.Return(&first)
	if retired {
		// b is closing. It may have dropped the unread messages of the pipe
		// before the pipe had this queue. It ends the link next.
		l.b.Drops().Add(pipe.DropUnread, l.up.CloseRead())
	}
	l.up.Lock()
	l.up.SetReader(l.b, l.pb)
	l.up.Unlock()
}

// sum is the limit of a queue with two limits, 0 being none.
func sum(a, b int) int {
	if a == 0 || b == 0 {
		return 0
	}
	return min(a, pipe.MaxHWM/2) + min(b, pipe.MaxHWM/2)
}

// Finish ends the link from one side, me. What me has written can still be
// read at the other end. An end that was never joined stays in its namespace
// until Wait.
func (l *Link) Finish(me End) {
	l.mu.Lock()
	defer l.unlock()
	switch {
	case l.over:
	case me != l.a && me != l.b: // it was joined to me, and refused
	case l.b == nil:
		l.finished, l.freed = true, true
	default:
		l.finish(me)
	}
}

// Over reports whether the link has ended.
func (l *Link) Over() bool {
	l.mu.Lock()
	defer l.unlock()
	return l.over
}

// finish is Finish for a caller that holds mu.
func (l *Link) finish(me End) {
	l.over, l.freed = true, true
	l.enter(State{Over: true})
	mine, far, peer := l.pa, l.pb, l.b
	if me == l.b {
		mine, far, peer = l.pb, l.pa, l.a
	}
	l.b.Unlinked(l)
	l.a.Parted(l.name, l.pa.Peer())
	l.b.Parted(l.name, l.pb.Peer())
	me.Disconnected(mine)
	me.Detach(mine)
	peer.Disconnected(far)
	peer.Detach(far)
	l.up.Lock()
	l.up.Close()
	l.up.Unlock()
	if l.down != nil {
		l.down.Lock()
		l.down.Close()
		l.down.Unlock()
		if l.pa.In != l.down {
			l.b.Drops().Add(pipe.DropConnLost, l.down.CloseRead())
		}
	}
}

// Wait is for a link that its connector finished before anybody had bound: it
// returns when somebody has, or gives up what is queued when ctx ends.
func (l *Link) Wait(ctx context.Context) {
	if l.idle() {
		l.Abandon()
		return
	}
	select {
	case <-l.joined:
	case <-ctx.Done():
		l.Abandon()
	}
}

// Pending is how many messages wait for somebody to join.
func (l *Link) Pending() int {
	l.mu.Lock()
	defer l.unlock()
	if l.over || l.b != nil || l.pa.Out == nil {
		return 0 // or it is the other end's to read
	}
	l.pa.Out.Lock()
	defer l.pa.Out.Unlock()
	return l.pa.Out.Len()
}

// idle reports whether nobody has joined the connector and it has left nothing
// to be read. Until somebody joins, which mu excludes, nobody reads the queue.
func (l *Link) idle() bool {
	l.mu.Lock()
	defer l.unlock()
	return l.b == nil && (l.pa.Out == nil || l.pa.Out.Ended())
}

// Abandon takes an end that was never joined out of the namespace. One that was
// it leaves alone.
func (l *Link) Abandon() {
	l.mu.Lock()
	defer l.unlock()
	if l.over || l.b != nil {
		return
	}
	l.space.drop(l)
	l.over, l.freed = true, true
	l.enter(State{Over: true})
	l.a.Detach(l.pa)
	if l.pa.Out != nil {
		l.a.Drops().Add(pipe.DropLinger, l.pa.Out.CloseRead())
	}
}

// subscriptions carries changes straight to the other socket.
type subscriptions struct {
	to   End
	pipe *pipe.Pipe
}

func (s *subscriptions) Subscribe(topic string, on bool) { s.to.Upstream(s.pipe, topic, on) }

func (s *subscriptions) Probe(done func(ok bool)) { done(true) }
