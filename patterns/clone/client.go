package clone

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zmqstat"
)

var (
	// ErrInvalidKey is returned by [Client.Set] and [Client.Delete] for a key that is
	// empty, too long, one of the commands of RFC 12, or not in the subtree of the client.
	ErrInvalidKey = errors.New("clone: invalid key")
	// ErrInvalidValue is returned by [Client.Set] for a value that is empty, which would
	// delete the key, or too long.
	ErrInvalidValue = errors.New("clone: invalid value")
)

// ClientOptions configure a [Client]. The zero value of each field is its default.
type ClientOptions struct {
	// Socket has options for all sockets, such as security and logging. Only options that
	// DEALER, SUB and PUB have may be set. Default none, except that RecvHWM of the SUB is
	// 100000.
	Socket *zmq.Options

	// Subtree is the part of the hashmap that the client has: a slash, one or more path
	// segments, and a slash at the end. Default all.
	Subtree string

	// ServerTimeout is how long a server may be silent before the client turns to the next
	// one, or connects to the same one again. Default 5 s.
	ServerTimeout time.Duration

	// RetryInterval is the time after which an update that the server has not published is
	// sent again. Default 1 s.
	RetryInterval time.Duration

	// MaxKeys, MaxKeySize and MaxValueSize bound the copy of the hashmap. Values above them
	// are dropped and counted. Defaults 10000000, 255 bytes and 1 MiB.
	MaxKeys, MaxKeySize, MaxValueSize int

	// Sockets is a registry to which the sockets are added. Default none.
	Sockets *zmqstat.Registry
}

func (o *ClientOptions) withDefaults() (ClientOptions, error) {
	var c ClientOptions
	if o != nil {
		c = *o
	}
	if min(c.MaxKeys, c.MaxKeySize, c.MaxValueSize) < 0 || min(c.ServerTimeout, c.RetryInterval) < 0 || !validSubtree(c.Subtree) {
		return c, fmt.Errorf("clone: negative limit or invalid subtree: %w", ErrInvalidOption)
	}
	setDefault(&c.ServerTimeout, 5*time.Second)
	setDefault(&c.RetryInterval, time.Second)
	setDefault(&c.MaxKeys, 10_000_000)
	setDefault(&c.MaxKeySize, 255)
	setDefault(&c.MaxValueSize, 1<<20)
	return c, nil
}

// ClientStats are the counters of a [Client].
type ClientStats struct {
	Synced    bool   // whether the client has the values of a server and receives its updates
	Server    int    // index of the server
	Keys      int    // of the copy
	Number    uint64 // sequence number of the last update
	Snapshots uint64 // snapshots received
	Updates   uint64 // updates applied
	Gaps      uint64 // times that updates were missed, so that a snapshot was requested
	Failovers uint64 // times that a server was silent for ServerTimeout
	Resent    uint64 // updates sent again
	Malformed uint64 // messages dropped because they are not commands of RFC 12
	TooLarge  uint64 // values dropped because of the limits
}

// Client has a copy of a hashmap. All methods may be called concurrently.
type Client struct {
	o       ClientOptions
	servers []Endpoints
	pub     *zmq.Pub

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	done   chan struct{} // closed when the goroutine has ended
	ready  chan struct{} // closed when the first snapshot is complete

	mu       sync.Mutex
	replica  replica
	server   int
	active   bool // the replica is synced with the server
	watchers map[*watcher]struct{}
	pending  map[uuid]*pendingSet
	stats    ClientStats
}

// pendingSet is an update that the server has not published.
type pendingSet struct {
	u         update
	sent      time.Time
	confirmed chan struct{}
}

// NewClient returns a client that connects to the first of the servers, and when that fails
// to the next one. Updates are sent to all of them. The error matches [ErrInvalidOption],
// [zmq.ErrInvalidEndpoint] or [zmq.ErrUnsupportedTransport].
func NewClient(servers []Endpoints, o *ClientOptions) (*Client, error) {
	opts, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if len(servers) == 0 {
		return nil, fmt.Errorf("clone: no server: %w", ErrInvalidOption)
	}
	c := &Client{
		o: opts, servers: slices.Clone(servers), done: make(chan struct{}), ready: make(chan struct{}),
		watchers: make(map[*watcher]struct{}), pending: make(map[uuid]*pendingSet),
	}
	c.replica = replica{
		subtree: opts.Subtree, maxKeys: opts.MaxKeys, maxKeySize: opts.MaxKeySize, maxValueSize: opts.MaxValueSize,
		changed: c.changed, confirmed: c.confirm,
	}
	if c.pub, err = zmq.NewPub(opts.Socket); err != nil {
		return nil, err
	}
	for _, s := range servers {
		if s.Collector != "" {
			err = errors.Join(err, c.pub.Connect(s.Collector))
		}
	}
	first, err1 := c.open(servers[0])
	if err = errors.Join(err, err1); err != nil {
		return nil, errors.Join(err, c.pub.Close())
	}
	if opts.Sockets != nil {
		opts.Sockets.Add("", c.pub.Socket)
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	go c.run(first)
	return c, nil
}

// Get returns the value of a key. The caller must not change it.
func (c *Client) Get(key string) (value []byte, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	value, ok = c.replica.values[key]
	return value, ok
}

// Keys returns the keys that begin with a prefix, sorted.
func (c *Client) Keys(prefix string) []string {
	c.mu.Lock()
	var keys []string
	for key := range c.replica.values {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	c.mu.Unlock()
	slices.Sort(keys)
	return keys
}

// Set changes the value of a key, and waits until the server has published the change and
// the copy of this client has it. With a time to live, which is rounded up to seconds, the
// server deletes the key after that time; 0 is none. The change is sent again until it is
// published, so that it may be applied more than once. If ctx ends first, the error is that
// of ctx, and the change may have been or may be applied. Other errors match
// [ErrInvalidKey], [ErrInvalidValue] or [ErrClosed].
func (c *Client) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if len(value) == 0 || len(value) > c.o.MaxValueSize || ttl < 0 || ttl > maxTTL {
		return ErrInvalidValue
	}
	return c.send(ctx, update{key: key, value: slices.Clone(value), props: encodeTTL(ttl)})
}

// Delete deletes a key, as Set changes it. It is no error if there is no such key.
func (c *Client) Delete(ctx context.Context, key string) error {
	return c.send(ctx, update{key: key})
}

// send sends a KVSET and waits for its KVPUB.
func (c *Client) send(ctx context.Context, u update) error {
	if k := u.key; k == "" || len(k) > c.o.MaxKeySize || k == keyBeat || k == keyEnd || k == keyRequest ||
		!strings.HasPrefix(k, c.o.Subtree) {
		return ErrInvalidKey
	}
	rand.Read(u.id[:])
	p := &pendingSet{u: u, confirmed: make(chan struct{})}
	c.mu.Lock()
	c.pending[u.id] = p
	if c.active {
		c.transmit(p, time.Now())
	}
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.pending, u.id)
		c.mu.Unlock()
	}()
	select {
	case <-p.confirmed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.ctx.Done():
		return ErrClosed
	}
}

// transmit sends an update to all servers.
func (c *Client) transmit(p *pendingSet, now time.Time) {
	if !p.sent.IsZero() {
		c.stats.Resent++
	}
	p.sent = now
	c.pub.SendMessage(ended, p.u.encode()) // a PUB does not wait; the update is sent again if it is lost
}

// confirm is called when an update of the server is in the copy.
func (c *Client) confirm(id uuid) {
	if p := c.pending[id]; p != nil {
		delete(c.pending, id)
		close(p.confirmed)
	}
}

// WaitSynced waits until the first snapshot is complete. The error is that of ctx or
// [ErrClosed].
func (c *Client) WaitSynced(ctx context.Context) error {
	select {
	case <-c.ready:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.ctx.Done():
		return ErrClosed
	}
}

// Change is a change of a key.
type Change struct {
	Key     string
	Value   []byte // must not be changed; nil if the key is deleted
	Deleted bool
}

// Watch returns an iterator over the values of the keys that begin with a prefix, and then
// over their changes. If the loop is slower than the changes of a key, it gets only the
// last one. After a failover the differences to the new server are changes. The last pair
// has the error of ctx or [ErrClosed].
func (c *Client) Watch(ctx context.Context, prefix string) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		w := &watcher{prefix: prefix, changes: make(map[string]Change), ready: make(chan struct{}, 1)}
		c.mu.Lock()
		c.watchers[w] = struct{}{}
		for key, value := range c.replica.values {
			w.add(key, value)
		}
		c.mu.Unlock()
		defer func() {
			c.mu.Lock()
			delete(c.watchers, w)
			c.mu.Unlock()
		}()
		for {
			c.mu.Lock()
			change, ok := w.take()
			c.mu.Unlock()
			switch {
			case ctx.Err() != nil:
				yield(Change{}, ctx.Err())
				return
			case c.ctx.Err() != nil:
				yield(Change{}, ErrClosed)
				return
			case ok:
				if !yield(change, nil) {
					return
				}
				continue
			}
			select {
			case <-w.ready:
			case <-ctx.Done():
			case <-c.ctx.Done():
			}
		}
	}
}

// watcher has the changes that a loop has not seen: the last one of each key. Client.mu
// guards it.
type watcher struct {
	prefix  string
	order   []string
	changes map[string]Change
	ready   chan struct{}
}

func (w *watcher) add(key string, value []byte) {
	if !strings.HasPrefix(key, w.prefix) {
		return
	}
	if _, ok := w.changes[key]; !ok {
		w.order = append(w.order, key)
	}
	w.changes[key] = Change{key, value, value == nil}
	select {
	case w.ready <- struct{}{}:
	default:
	}
}

func (w *watcher) take() (Change, bool) {
	if len(w.order) == 0 {
		return Change{}, false
	}
	key := w.order[0]
	w.order = w.order[1:]
	change := w.changes[key]
	delete(w.changes, key)
	return change, true
}

// changed passes a change to the watchers.
func (c *Client) changed(key string, value []byte) {
	for w := range c.watchers {
		w.add(key, value)
	}
}

// Stats returns the counters.
func (c *Client) Stats() ClientStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	st, r := c.stats, &c.replica
	st.Synced, st.Server, st.Keys, st.Number = c.active, c.server, len(r.values), r.number
	st.Snapshots, st.Updates, st.Gaps = r.stats.snapshots, r.stats.updates, r.stats.gaps
	st.Malformed, st.TooLarge = r.stats.malformed, r.stats.tooLarge
	return st
}

// Close ends all calls with [ErrClosed], and closes the sockets. Later calls return nil.
func (c *Client) Close() error {
	c.cancel()
	<-c.done
	return c.pub.Close()
}
