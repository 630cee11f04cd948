package zyre

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"github.com/zerobroker/zmq"
)

// Ephemeral ports of the mailbox (36/ZRE, Interconnection Model).
const (
	firstPort = 0xC000
	lastPort  = 0xFFFF
	// bindAttempts is how many random ports are tried.
	bindAttempts = 100
)

// tickInterval is the time between two checks of all peers.
const tickInterval = time.Second

// bind binds the inbox and returns the endpoint to advertise.
func bind(inbox *zmq.Router, o *Options) (string, error) {
	endpoint, err := bindInbox(inbox, o)
	if err != nil || o.Advertise != "" {
		return o.Advertise, err
	}
	switch host := hostOf(endpoint); {
	case host.IsUnspecified():
		return withHost(endpoint, ownAddress()), nil
	case host.Zone() != "":
		return withHost(endpoint, host.WithZone("")), nil // it is meaningless elsewhere
	}
	return endpoint, nil
}

func bindInbox(inbox *zmq.Router, o *Options) (endpoint string, err error) {
	if o.Bind != "" {
		return inbox.Bind(o.Bind)
	}
	host := o.Discovery.Host()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	for range bindAttempts {
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		endpoint, err = inbox.Bind(fmt.Sprintf("tcp://%s:%d", host, port))
		if !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	return endpoint, err
}

// receive reads the commands of all peers, until the node is closed. It does not read while
// too many events are unread.
func (n *Node) receive() {
	for n.waitRoom() {
		m, err := n.inbox.Recv(n.ctx)
		if err != nil {
			return
		}
		n.handle(m)
	}
}

// waitRoom waits until there is room for events. It reports false if the node is closed.
func (n *Node) waitRoom() bool {
	for {
		n.mu.Lock()
		room, changed := len(n.events) < n.o.QueueSize, n.changed
		if room && n.paused {
			n.core.resetTimeouts(time.Now())
		}
		n.paused = !room
		n.mu.Unlock()
		if room {
			return true
		}
		select {
		case <-changed:
		case <-n.ctx.Done():
			return false
		}
	}
}

// handle passes a message of the inbox to the state machine. What is malformed is discarded
// silently (36/ZRE, Protocol Signature and Versioning).
func (n *Node) handle(m zmq.Message) {
	uuid, ok := fromRoutingID(m.RoutingID())
	cmd, err := decode(m.Frames(), n.o.codecLimits())
	n.mu.Lock()
	defer n.mu.Unlock()
	n.core.stats.Received++
	switch {
	case n.closed:
	case !ok:
		n.core.stats.Drops.Identity++
	case err != nil:
		n.core.stats.Drops.Malformed++
	default:
		info := m.From()
		n.core.receive(origin{uuid, info.Generation(), addrOf(info.RemoteAddr()), info.PublicKey()}, cmd, time.Now())
		n.flush()
	}
}

// addrOf returns the IP address of a connection. It is zero for other networks.
func addrOf(a net.Addr) netip.Addr {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// discover reads the announcements of other nodes, until the node is closed.
func (n *Node) discover() {
	for {
		a, err := n.discovery.Recv(n.ctx)
		if err != nil {
			return
		}
		n.mu.Lock()
		if !n.closed {
			n.core.announce(a, time.Now())
			n.flush()
		}
		n.mu.Unlock()
	}
}

// tick lets the time pass for the state machine, until the node is closed.
func (n *Node) tick() {
	t := time.NewTicker(max(time.Millisecond, min(tickInterval, n.o.EvasiveTimeout/2, n.o.SilentTimeout, n.o.ExpiredTimeout/4)))
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-n.ctx.Done():
			return
		}
		n.mu.Lock()
		// While the node does not read what its peers send, it must not conclude that
		// they are silent.
		if !n.closed && !n.paused {
			n.core.tick(time.Now())
			n.flush()
		}
		n.mu.Unlock()
	}
}

// flush carries out the outputs of the state machine. The caller holds n.mu; nothing here
// waits.
func (n *Node) flush() {
	for out := n.core.take(); len(out) > 0; out = n.core.take() {
		for _, o := range out {
			switch o := o.(type) {
			case open:
				n.open(o)
			case deliver:
				n.deliver(o)
			case disconnect:
				n.disconnect(o)
			case Event:
				n.events = append(n.events, o)
				n.notify()
			}
		}
	}
}

// notify wakes the calls of Recv, and receive.
func (n *Node) notify() {
	close(n.changed)
	n.changed = make(chan struct{})
}

// open connects a DEALER to a peer. If that is impossible, as for an endpoint that is
// malformed, the peer stays without a socket until it expires: trying again with each
// announcement would be in vain.
func (n *Node) open(o open) {
	if n.dealers == nil {
		return
	}
	d, err := zmq.NewDealer(n.o.peerOptions(o.key))
	if err != nil {
		return
	}
	if err := d.Connect(o.endpoint); err != nil {
		n.core.stats.Drops.Unusable++
		n.closing.Go(func() { d.Close() })
		return
	}
	n.dealers[o.uuid] = d
}

// deliver queues a command for a peer.
func (n *Node) deliver(o deliver) {
	d := n.dealers[o.uuid]
	if d == nil {
		return
	}
	if err := d.TrySend(o.frames...); err != nil {
		n.core.queueFull(o.uuid)
		return
	}
	n.core.stats.Sent++
}

// disconnect closes the DEALER of a peer and drops its queue.
func (n *Node) disconnect(o disconnect) {
	d := n.dealers[o.uuid]
	if d == nil {
		return
	}
	delete(n.dealers, o.uuid)
	n.closing.Go(func() {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		d.Shutdown(ended)
	})
}
