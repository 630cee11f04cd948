package zyre

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
)

// Node is a node of a ZRE network. All methods may be called concurrently.
type Node struct {
	o         *Options
	discovery Discovery
	inbox     *zmq.Router
	ctx       context.Context // ends when the node is closed
	cancel    context.CancelFunc
	loops     sync.WaitGroup // inbox, discovery and time
	closing   sync.WaitGroup // sockets of removed peers
	closeOnce sync.Once
	closeErr  error

	mu      sync.Mutex
	closed  bool
	core    *core
	dealers map[UUID]*zmq.Dealer
	events  []Event
	paused  bool          // receive does not read, because too many events are unread
	changed chan struct{} // closed and replaced when events changes
}

// New starts a node. The options may be nil. The errors are those of the Discovery, of
// zmq.Socket.Bind, or match ErrInvalidOption. If New fails, it closes Options.Discovery.
func New(o *Options) (*Node, error) {
	c, err := o.withDefaults()
	if err != nil {
		if o != nil && o.Discovery != nil {
			o.Discovery.Close()
		}
		return nil, err
	}
	if c.Discovery == nil {
		if c.Discovery, err = NewBeaconDiscovery(nil); err != nil {
			return nil, err
		}
	}
	n, err := start(c)
	if err != nil {
		c.Discovery.Close()
		return nil, err
	}
	return n, nil
}

func start(o *Options) (*Node, error) {
	inbox, err := zmq.NewRouter(o.inboxOptions())
	if err != nil {
		return nil, err
	}
	endpoint, err := bind(inbox, o)
	if err != nil {
		inbox.Close()
		return nil, err
	}
	if o.Schemes == nil {
		o.Schemes = []string{schemeOf(endpoint)}
	}
	self := announced{uuid: o.UUID, endpoint: endpoint}
	if !o.Key.IsZero() {
		self.key = o.Key.Public()
	}
	n := &Node{
		o:         o,
		discovery: o.Discovery,
		inbox:     inbox,
		core:      newCore(o, self),
		dealers:   make(map[UUID]*zmq.Dealer),
		changed:   make(chan struct{}),
	}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	if err := n.discovery.Announce(Announcement{UUID: self.uuid, Endpoint: endpoint, PublicKey: self.key}); err != nil {
		inbox.Close()
		return nil, err
	}
	if o.Sockets != nil {
		o.Sockets.Add("zyre/"+o.Name, inbox.Socket)
	}
	n.loops.Go(n.receive)
	n.loops.Go(n.discover)
	n.loops.Go(n.tick)
	return n, nil
}

// UUID returns the UUID of the node.
func (n *Node) UUID() UUID { return n.o.UUID }

// Name returns the name of the node.
func (n *Node) Name() string { return n.o.Name }

// Endpoint returns the endpoint that peers connect to.
func (n *Node) Endpoint() string { return n.core.self.endpoint }

// Join joins groups. The error matches ErrInvalidGroup or ErrClosed; groups before an
// invalid one are joined.
func (n *Node) Join(groups ...string) error { return n.membership("join", groups, true) }

// Leave leaves groups, as Join joins them. A group that is not joined is no error.
func (n *Node) Leave(groups ...string) error { return n.membership("leave", groups, false) }

func (n *Node) membership(op string, groups []string, member bool) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, g := range groups {
		if n.closed {
			return fmt.Errorf("zyre: %s: %w", op, ErrClosed)
		}
		if !validGroup(g) {
			return fmt.Errorf("zyre: %s %.40q: %w", op, g, ErrInvalidGroup)
		}
		n.core.join(g, member)
		n.flush()
	}
	return nil
}

// Connect connects to a node that is known from elsewhere, as if the Discovery had reported
// it, and within the same limits. It does not wait. The error matches ErrInvalidOption if
// the UUID or the endpoint is not valid, or, with Options.Key, if the PublicKey is missing;
// or ErrClosed.
func (n *Node) Connect(a Announcement) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.closed:
		return fmt.Errorf("zyre: connect: %w", ErrClosed)
	case a.UUID.IsZero() || !validString(a.Endpoint) || !slices.Contains(n.o.Schemes, schemeOf(a.Endpoint)):
		return invalid("connect to %s at %.60q", a.UUID, a.Endpoint)
	case a.PublicKey.IsZero() != n.o.Key.IsZero():
		return invalid("connect to %s: CURVE needs the keys of both nodes", a.UUID)
	}
	n.core.announce(a, time.Now())
	n.flush()
	return nil
}

// Whisper sends a message of the frames to one peer. It copies the frames and does not
// wait: if the queue of the peer is full, the peer is removed, and an Exit follows. The error
// matches ErrNoPeer if no such peer has entered, or ErrClosed.
func (n *Node) Whisper(to UUID, frames ...[]byte) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return fmt.Errorf("zyre: whisper: %w", ErrClosed)
	}
	if !n.core.whisper(to, frames) {
		return fmt.Errorf("zyre: whisper to %s: %w", to, ErrNoPeer)
	}
	n.flush()
	return nil
}

// Shout sends a message of the frames to all peers that have joined a group, which this
// node need not have joined, and returns their number. It copies the frames and does not
// wait, as Whisper. The error matches ErrInvalidGroup or ErrClosed.
func (n *Node) Shout(group string, frames ...[]byte) (peers int, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return 0, fmt.Errorf("zyre: shout: %w", ErrClosed)
	}
	if !validGroup(group) {
		return 0, fmt.Errorf("zyre: shout to %.40q: %w", group, ErrInvalidGroup)
	}
	peers = n.core.shout(group, frames)
	n.flush()
	return peers, nil
}

// Peers returns the peers that have entered, in the order of their UUIDs.
func (n *Node) Peers() []Peer {
	n.mu.Lock()
	defer n.mu.Unlock()
	return sorted(n.core.peers)
}

// Members returns the peers that have joined a group, in the order of their UUIDs.
func (n *Node) Members(group string) []Peer {
	n.mu.Lock()
	defer n.mu.Unlock()
	return sorted(n.core.members[group])
}

// Groups returns the groups that the node has joined, sorted.
func (n *Node) Groups() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Sorted(maps.Keys(n.core.groups))
}

// PeerGroups returns the groups that any peer has joined, sorted.
func (n *Node) PeerGroups() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Sorted(maps.Keys(n.core.members))
}

func sorted(peers map[UUID]*peer) []Peer {
	all := make([]Peer, 0, len(peers))
	for _, p := range peers {
		if p.state != connecting {
			all = append(all, p.Peer)
		}
	}
	slices.SortFunc(all, func(a, b Peer) int { return slices.Compare(a.UUID[:], b.UUID[:]) })
	return all
}

// Recv returns the next event. It waits until there is one, and returns the error of ctx if
// that ends first, or one that matches ErrClosed. Of several concurrent calls, each event is
// returned by one. A program has to read the events: with Options.QueueSize unread events
// the node stops reading from its peers.
func (n *Node) Recv(ctx context.Context) (Event, error) {
	for {
		e, changed := n.next()
		if e != nil {
			return e, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-n.ctx.Done():
			return nil, fmt.Errorf("zyre: receive: %w", ErrClosed)
		}
	}
}

// next takes the next event, or returns a channel that is closed when there may be one.
func (n *Node) next() (Event, <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.events) == 0 {
		return nil, n.changed
	}
	e := n.events[0]
	n.events[0] = nil
	n.events = n.events[1:]
	if len(n.events) == n.o.QueueSize-1 {
		n.notify() // receive waits for room
	}
	return e, nil
}

// Events returns an iterator over the events as Recv returns them. Its last pair has the
// error that ends it.
func (n *Node) Events(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			e, err := n.Recv(ctx)
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// Stats returns the counters.
func (n *Node) Stats() Stats {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.core.stats
	s.Pending = n.core.pending
	s.Peers = len(n.core.peers) - s.Pending
	s.Groups = len(n.core.members)
	s.Unread = len(n.events)
	return s
}

// Close leaves the network, sends what is queued for peers for at most Socket.Linger, and
// waits until all goroutines have ended. Unread events are dropped. The error is that of
// Discovery.Close.
func (n *Node) Close() error {
	n.closeOnce.Do(func() {
		n.mu.Lock()
		n.closed = true
		if !n.discovery.Withdraws() {
			n.core.sendGoodbye()
			n.flush()
		}
		dealers := n.dealers
		n.dealers = nil
		n.mu.Unlock()
		n.cancel()
		n.closeErr = n.discovery.Close()
		for _, d := range dealers {
			n.closing.Go(func() { d.Close() })
		}
		n.closing.Wait()
		n.inbox.Close()
		n.loops.Wait()
	})
	return n.closeErr
}
