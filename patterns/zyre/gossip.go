package zyre

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/patterns/zgossip"
)

// GossipOptions configure a GossipDiscovery.
type GossipOptions struct {
	// Gossip has the options of the gossip network.
	Gossip zgossip.Options

	// Bind are endpoints at which other nodes can connect to the gossip network, Connect
	// those of other nodes. At least one of all nodes binds. Default none.
	Bind, Connect []string

	// ConnectWith has options for endpoints of Connect, such as their security. Default
	// none.
	ConnectWith map[string]zmq.EndpointOptions

	// Host is the host at which the node accepts its peers. Default "*".
	Host string

	// RepeatInterval is how long after it was found a node is reported again, so that
	// the node connects to a peer again that it has lost. The time doubles with each
	// repetition, up to MaxRepeatInterval. Defaults 5 s and 1 min.
	RepeatInterval, MaxRepeatInterval time.Duration
}

// GossipDiscovery finds nodes through a gossip network, whose tuples are the UUIDs and the
// endpoints of the nodes. It is compatible with that of Zyre. Tuples do not expire, so
// nodes that have left are tried again now and then.
type GossipDiscovery struct {
	o       GossipOptions
	g       *zgossip.Node
	invalid atomic.Uint64

	// Of Recv:
	known    map[string]*repeat // by key
	queue    []Announcement     // due repetitions
	repeatAt time.Time
}

// repeat says when a node is reported again.
type repeat struct {
	at       time.Time
	interval time.Duration
}

// NewGossipDiscovery makes a node of the gossip network. The options may be nil. The errors
// are those of zgossip.
func NewGossipDiscovery(o *GossipOptions) (*GossipDiscovery, error) {
	var c GossipOptions
	if o != nil {
		c = *o
	}
	if c.Host == "" {
		c.Host = "*"
	}
	if c.RepeatInterval == 0 {
		c.RepeatInterval = 5 * time.Second
	}
	if c.MaxRepeatInterval == 0 {
		c.MaxRepeatInterval = max(time.Minute, c.RepeatInterval)
	}
	if c.RepeatInterval < 0 || c.MaxRepeatInterval < c.RepeatInterval {
		return nil, invalid("RepeatInterval %s is negative or above MaxRepeatInterval %s", c.RepeatInterval, c.MaxRepeatInterval)
	}
	g, err := zgossip.New(&c.Gossip)
	if err != nil {
		return nil, err
	}
	d := &GossipDiscovery{o: c, g: g, known: make(map[string]*repeat)}
	if err := d.start(); err != nil {
		g.Close()
		return nil, err
	}
	return d, nil
}

func (d *GossipDiscovery) start() error {
	for _, e := range d.o.Bind {
		if _, err := d.g.Bind(e); err != nil {
			return err
		}
	}
	for _, e := range d.o.Connect {
		if err := d.g.ConnectWith(e, d.o.ConnectWith[e]); err != nil {
			return err
		}
	}
	return nil
}

// Gossip returns the node of the gossip network, for further endpoints and its counters.
// Its Recv must not be called.
func (d *GossipDiscovery) Gossip() *zgossip.Node { return d.g }

// Host returns GossipOptions.Host.
func (d *GossipDiscovery) Host() string { return d.o.Host }

// Announce publishes the UUID and the endpoint; with CURVE "|" and the public key in Z85
// follow the endpoint, as in Zyre.
func (d *GossipDiscovery) Announce(self Announcement) error {
	value := self.Endpoint
	if !self.PublicKey.IsZero() {
		value += "|" + self.PublicKey.String()
	}
	return d.g.Publish(self.UUID.String(), value)
}

// Recv waits for a tuple of another node, new or repeated.
func (d *GossipDiscovery) Recv(ctx context.Context) (Announcement, error) {
	for {
		if len(d.queue) > 0 {
			a := d.queue[0]
			d.queue = d.queue[1:]
			return a, nil
		}
		now := time.Now()
		if d.repeatAt.IsZero() {
			d.repeatAt = now.Add(d.o.RepeatInterval)
		}
		if !now.Before(d.repeatAt) {
			d.repeatAt = now.Add(d.o.RepeatInterval)
			d.repeat(now)
			continue
		}
		tuple, err := d.wait(ctx, d.repeatAt)
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			continue
		}
		if err != nil {
			return Announcement{}, err
		}
		a, ok := parseTuple(tuple)
		if !ok {
			d.invalid.Add(1)
			continue
		}
		d.known[tuple.Key] = &repeat{at: now.Add(d.o.RepeatInterval), interval: d.o.RepeatInterval}
		return a, nil
	}
}

func (d *GossipDiscovery) wait(ctx context.Context, until time.Time) (zgossip.Tuple, error) {
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	return d.g.Recv(ctx)
}

// repeat queues the nodes that are due. Those whose tuple was removed are forgotten.
func (d *GossipDiscovery) repeat(now time.Time) {
	for key, r := range d.known {
		value, ok := d.g.Get(key)
		if !ok {
			delete(d.known, key)
			continue
		}
		if now.Before(r.at) {
			continue
		}
		r.interval = min(2*r.interval, d.o.MaxRepeatInterval)
		r.at = now.Add(r.interval)
		if a, ok := parseTuple(zgossip.Tuple{Key: key, Value: value}); ok {
			d.queue = append(d.queue, a)
		}
	}
}

// parseTuple reads a tuple of a node.
func parseTuple(t zgossip.Tuple) (a Announcement, ok bool) {
	endpoint, key, hasKey := strings.Cut(t.Value, "|")
	u, err := ParseUUID(t.Key)
	if err != nil || schemeOf(endpoint) == endpoint || endpoint == "" {
		return Announcement{}, false
	}
	a = Announcement{UUID: u, Endpoint: endpoint}
	if hasKey {
		if a.PublicKey, err = curve.ParsePublicKey(key); err != nil {
			return Announcement{}, false
		}
	}
	return a, true
}

// Withdraws returns false: the gossip network does not remove tuples.
func (d *GossipDiscovery) Withdraws() bool { return false }

// Invalid returns the number of tuples that do not announce a node.
func (d *GossipDiscovery) Invalid() uint64 { return d.invalid.Load() }

// Close leaves the gossip network.
func (d *GossipDiscovery) Close() error { return d.g.Close() }

// ownAddress returns the first address of this machine that other machines can use, or
// that of the loopback interface if there is none.
func ownAddress() netip.Addr {
	addrs, _ := net.InterfaceAddrs()
	for _, a := range addrs {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.IsGlobalUnicast() {
			addr, _ := netip.AddrFromSlice(ip.IP)
			return addr.Unmap()
		}
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}
