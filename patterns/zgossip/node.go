package zgossip

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
)

// Stats has the counters of a Node since it was made.
type Stats struct {
	Tuples  int // tuples of the table
	Bytes   int // of their keys and values
	Clients int // nodes that connected to this one and said HELLO
	Remotes int // endpoints that this node connects to

	Stored     uint64 // tuples of other nodes that were new or had a new value
	Duplicates uint64 // tuples of other nodes that were known
	Sent       uint64 // tuples sent to other nodes
	Delivered  uint64 // tuples that Recv has returned

	Conflicts uint64 // tuples of this node that another one has changed; the node sends its own again
	Refused   uint64 // dropped: tuples of other nodes above a limit
	Malformed uint64 // dropped: messages that are not of the protocol
	Rejected  uint64 // commands out of order, which were answered with INVALID
	Invalid   uint64 // INVALID received: a node had forgotten this one
}

// Node is a member of a gossip network. All methods may be called concurrently.
type Node struct {
	o      Options
	router *zmq.Router
	hiccup []byte // what a dealer receives when its connection is lost; random, so that no peer can send it
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	table    table
	clients  map[string]*peer // by routing ID
	remotes  map[string]*peer // by endpoint
	lastID   peerID           // that was assigned
	renew    map[string]bool  // keys of this node that another one has changed
	position uint64           // of the application in the table
	changed  chan struct{}    // closed and replaced when the table changes
	stats    Stats
}

// peer is a node that this one sends tuples to.
type peer struct {
	id       peerID
	client   string      // routing ID of a client, which is reached by the router
	dealer   *zmq.Dealer // of a remote
	position uint64      // in the table

	// Of a remote:
	resyncAt time.Time // when to verify that it knows this node
	greet    bool      // INVALID was received: send HELLO and all tuples
	helloAt  time.Time // when that is allowed again
}

// tickInterval is how often tuples are sent again that met a full queue, or that changed
// too fast.
const tickInterval = 100 * time.Millisecond

// helloInterval bounds how often a remote node that has forgotten this one is sent all
// tuples again.
const helloInterval = time.Second

// New returns a Node without connections. The options may be nil. The error matches
// ErrInvalidOption.
func New(o *Options) (*Node, error) {
	c, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	router, err := zmq.NewRouter(c.routerOptions())
	if err != nil {
		return nil, err
	}
	n := &Node{
		o:       c,
		router:  router,
		hiccup:  []byte(rand.Text()),
		table:   table{maxTuples: c.MaxTuples, maxBytes: c.MaxBytes, maxValue: c.MaxValueSize, tuples: make(map[string]*tuple)},
		clients: make(map[string]*peer),
		remotes: make(map[string]*peer),
		renew:   make(map[string]bool),
		changed: make(chan struct{}),
	}
	if c.Sockets != nil {
		c.Sockets.Add("zgossip/server", router.Socket)
	}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	n.wg.Go(n.serve)
	n.wg.Go(n.tick)
	return n, nil
}

// Bind accepts connections of other nodes at an endpoint, as zmq.Socket.Bind does. It
// returns the endpoint that they can connect to. [BIND]
func (n *Node) Bind(endpoint string) (string, error) { return n.router.Bind(endpoint) }

// Unbind stops accepting connections at an endpoint.
func (n *Node) Unbind(endpoint string) error { return n.router.Unbind(endpoint) }

// Connect exchanges tuples with the node at an endpoint, now and whenever the connection
// is made again. The error matches ErrConnected, ErrClosed or those of
// zmq.Connector.Connect. [CONNECT]
func (n *Node) Connect(endpoint string) error {
	return n.ConnectWith(endpoint, zmq.EndpointOptions{})
}

// ConnectWith is Connect with options for the endpoint, such as its security.
func (n *Node) ConnectWith(endpoint string, o zmq.EndpointOptions) error {
	dealer, err := zmq.NewDealer(n.o.dealerOptions(n.hiccup))
	if err != nil {
		return err
	}
	if err := n.connect(endpoint, dealer, o); err != nil {
		dealer.Close()
		return err
	}
	return nil
}

func (n *Node) connect(endpoint string, dealer *zmq.Dealer, o zmq.EndpointOptions) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.closed:
		return fmt.Errorf("zgossip: connect %s: %w", endpoint, ErrClosed)
	case n.remotes[endpoint] != nil:
		return fmt.Errorf("zgossip: connect %s: %w", endpoint, ErrConnected)
	}
	if err := dealer.ConnectWith(endpoint, o); err != nil {
		return err
	}
	p := &peer{id: n.newID(), dealer: dealer, resyncAt: time.Now().Add(n.o.ResyncInterval)}
	n.remotes[endpoint] = p
	if n.o.Sockets != nil {
		n.o.Sockets.Add("zgossip/"+endpoint, dealer.Socket)
	}
	n.flush(p)
	n.wg.Go(func() { n.follow(p) })
	return nil
}

// Disconnect ends the connection to an endpoint. The tuples that came from there stay.
// The error matches zmq.ErrEndpointNotFound.
func (n *Node) Disconnect(endpoint string) error {
	n.mu.Lock()
	p := n.remotes[endpoint]
	delete(n.remotes, endpoint)
	n.mu.Unlock()
	if p == nil {
		return fmt.Errorf("zgossip: disconnect %s: %w", endpoint, zmq.ErrEndpointNotFound)
	}
	return ignoreUnsent(p.dealer.Close())
}

// Publish sets the value of a key and sends it to all other nodes. The key should be
// unique in the network. If another node publishes another value for it, this node keeps
// its own and sends it again. The error matches ErrInvalidTuple, ErrLimit or ErrClosed.
// [PUBLISH]
func (n *Node) Publish(key, value string) error {
	if key == "" || len(key) > maxKey || !valid(key) || !valid(value) {
		return fmt.Errorf("zgossip: publish %.40q: %w", key, ErrInvalidTuple)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return fmt.Errorf("zgossip: publish %q: %w", key, ErrClosed)
	}
	switch n.table.store(key, value, own, time.Now()) {
	case refused:
		return fmt.Errorf("zgossip: publish %q: %w", key, ErrLimit)
	case stored:
		n.flushAll()
	}
	n.notify()
	return nil
}

// Remove forgets a tuple. Other nodes keep it, and may send it again, because the protocol
// does not remove tuples. It reports whether there was one. [UNPUBLISH]
func (n *Node) Remove(key string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.table.remove(key)
}

// Get returns the value of a key.
func (n *Node) Get(key string) (value string, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	t := n.table.tuples[key]
	if t == nil {
		return "", false
	}
	return t.value, true
}

// Snapshot returns all tuples, also those of this node, in the order of their last change.
func (n *Node) Snapshot() []Tuple {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := make([]Tuple, 0, len(n.table.tuples))
	for _, c := range n.table.log {
		if n.table.current(c) {
			all = append(all, Tuple{c.key, n.table.tuples[c.key].value})
		}
	}
	return all
}

// Recv returns the next tuple of another node that is new or has a new value. A value that
// is replaced before Recv is called is skipped, so the node keeps no queue. Recv waits until
// there is one, and returns the error of ctx if that ends first, or one that matches
// ErrClosed. Of several concurrent calls, each tuple is returned by one. [DELIVER]
func (n *Node) Recv(ctx context.Context) (Tuple, error) {
	for {
		t, changed, ok := n.next()
		if ok {
			return t, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Tuple{}, ctx.Err()
		case <-n.ctx.Done():
			return Tuple{}, fmt.Errorf("zgossip: receive: %w", ErrClosed)
		}
	}
}

// next takes the next tuple for the application, or returns a channel that is closed when
// there may be one.
func (n *Node) next() (t Tuple, changed <-chan struct{}, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	t, n.position, ok = n.table.after(n.position, own)
	if ok {
		n.stats.Delivered++
	}
	return t, n.changed, ok
}

// Tuples returns an iterator over the tuples as Recv returns them. Its last pair has the
// error that ends it.
func (n *Node) Tuples(ctx context.Context) iter.Seq2[Tuple, error] {
	return func(yield func(Tuple, error) bool) {
		for {
			t, err := n.Recv(ctx)
			if !yield(t, err) || err != nil {
				return
			}
		}
	}
}

// Stats returns the counters.
func (n *Node) Stats() Stats {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.stats
	s.Tuples, s.Bytes = len(n.table.tuples), n.table.bytes
	s.Clients, s.Remotes = len(n.clients), len(n.remotes)
	return s
}

// Close closes all sockets and waits until all goroutines have ended. Tuples that are
// queued are still written, for at most Socket.Linger, by default one second.
func (n *Node) Close() error {
	n.mu.Lock()
	n.closed = true
	remotes := n.remotes
	n.remotes = nil
	n.mu.Unlock()
	n.cancel()
	errs := make(chan error, len(remotes)+1)
	for _, p := range remotes {
		go func() { errs <- ignoreUnsent(p.dealer.Close()) }()
	}
	errs <- ignoreUnsent(n.router.Close())
	var err error
	for range len(remotes) + 1 {
		err = errors.Join(err, <-errs)
	}
	n.wg.Wait()
	return err
}

// ignoreUnsent drops the error of a Close that could not write everything: a tuple may not
// reach a node that is away, and that is not a failure of Close.
func ignoreUnsent(err error) error {
	if _, ok := errors.AsType[*zmq.UnsentError](err); ok {
		return nil
	}
	return err
}
