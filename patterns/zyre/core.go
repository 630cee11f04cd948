package zyre

import (
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/zerobroker/zmq/curve"
)

// core is the protocol as a state machine: commands, announcements and the time go in,
// outputs come out. It has no sockets, goroutines or clock.
type core struct {
	o    *Options // with defaults
	self announced

	headers map[string]string // of this node, with its key
	groups  map[string]bool   // of this node
	status  byte              // of its groups

	peers   map[UUID]*peer
	byPlace map[string]*peer          // by endpoint: a node connects to an endpoint once
	members map[string]map[UUID]*peer // peers by group
	pending int                       // peers in the state connecting

	out   []output
	stats Stats
}

// announced is what a node announces.
type announced struct {
	uuid     UUID
	endpoint string
	key      curve.PublicKey
}

// peerState is the state of a peer.
type peerState uint8

const (
	connecting peerState = iota // connected to, HELLO sent, its HELLO not yet received
	alive                       // has entered
	evasive                     // nothing was received for EvasiveTimeout; a PING was sent
	silent                      // there was no answer to it for SilentTimeout
)

// peer is another node.
type peer struct {
	Peer
	state  peerState
	groups map[string]bool
	status byte // of its groups

	sent       uint16 // sequence number of the last command to the peer
	received   uint16 // and from it
	generation uint64 // of its connection

	since       time.Time // when it became connecting or entered
	lastCommand time.Time
	lastSign    time.Time // of life: the last command or beacon
	changed     time.Time // last change to evasive
	pinged      bool      // a PING was sent after the last command
}

// output is something that the caller of core does: open, deliver, disconnect or an Event.
type output any

// open connects to a peer.
type open struct {
	uuid     UUID
	endpoint string
	key      curve.PublicKey
}

// deliver sends frames to a peer, without waiting. If its queue is full, the caller calls
// queueFull.
type deliver struct {
	uuid   UUID
	frames [][]byte
}

// disconnect ends the connection to a peer, and drops its queue.
type disconnect struct{ uuid UUID }

func newCore(o *Options, self announced) *core {
	c := &core{
		o:       o,
		self:    self,
		headers: maps.Clone(o.Headers),
		groups:  make(map[string]bool),
		peers:   make(map[UUID]*peer),
		byPlace: make(map[string]*peer),
		members: make(map[string]map[UUID]*peer),
	}
	if !self.key.IsZero() {
		if c.headers == nil {
			c.headers = make(map[string]string)
		}
		c.headers[keyHeader] = self.key.String()
	}
	return c
}

// keyHeader is the header with the public key in Z85, as in Zyre.
const keyHeader = "X-PUBLICKEY"

// emit adds an output.
func (c *core) emit(o output) { c.out = append(c.out, o) }

// take returns the outputs since the last call.
func (c *core) take() []output {
	out := c.out
	c.out = nil
	return out
}

// announce handles what a Discovery reports (36/ZRE, Node Discovery and Presence). It is
// never evidence that the node exists: that is only its HELLO.
func (c *core) announce(a Announcement, now time.Time) {
	p := c.peers[a.UUID]
	switch {
	case a.UUID == c.self.uuid:
		c.stats.Drops.Own++
	case a.Endpoint == "":
		c.removeByBeacon(p, a.Source)
	case p != nil && p.Endpoint == a.Endpoint:
		if a.Live {
			p.lastSign = now
		}
	case p != nil, c.byPlace[a.Endpoint] != nil, a.Endpoint == c.self.endpoint:
		c.stats.Drops.Conflicting++
	case !c.self.key.IsZero() && a.PublicKey.IsZero(), !validString(a.Endpoint):
		c.stats.Drops.Unusable++
	case c.pending >= c.o.MaxPending || len(c.peers) >= c.o.MaxPeers:
		c.stats.Drops.OverLimit++
	default:
		c.create(a.UUID, a.Endpoint, a.PublicKey, now)
	}
}

// removeByBeacon removes a peer whose beacon says that it leaves, if the beacon comes from the
// address of the peer.
func (c *core) removeByBeacon(p *peer, source netip.Addr) {
	if p == nil {
		return
	}
	if host := hostOf(p.Endpoint); source.IsValid() && host.IsValid() && host != source {
		c.stats.Drops.Conflicting++
		return
	}
	c.remove(p, ExitLeft)
}

// create connects to a new peer and sends HELLO.
func (c *core) create(uuid UUID, endpoint string, key curve.PublicKey, now time.Time) *peer {
	p := &peer{
		Peer:  Peer{UUID: uuid, Endpoint: endpoint, PublicKey: key},
		since: now, lastCommand: now, lastSign: now,
	}
	c.peers[uuid] = p
	c.byPlace[endpoint] = p
	c.pending++
	c.emit(open{uuid, endpoint, key})
	c.send(p, &command{
		id:       cmdHello,
		endpoint: c.self.endpoint,
		groups:   slices.Sorted(maps.Keys(c.groups)),
		status:   c.status,
		name:     c.o.Name,
		headers:  c.headers,
	})
	return p
}

// send sends a command with the next sequence number.
func (c *core) send(p *peer, cmd *command) {
	p.sent++
	cmd.sequence = p.sent
	c.emit(deliver{p.UUID, cmd.encode()})
}

// remove ends a peer. The application is notified if the peer had entered.
func (c *core) remove(p *peer, reason ExitReason) {
	delete(c.peers, p.UUID)
	delete(c.byPlace, p.Endpoint)
	c.emit(disconnect{p.UUID})
	if p.state == connecting {
		c.pending--
		return
	}
	for g := range p.groups {
		c.leaveGroup(p, g)
	}
	c.emit(Exit{p.Peer, reason})
}

// queueFull handles a peer whose queue of messages is full: it is not responding (36/ZRE,
// Interconnection Model).
func (c *core) queueFull(uuid UUID) {
	if p := c.peers[uuid]; p != nil {
		c.stats.QueueFull++
		c.remove(p, ExitQueueFull)
	}
}

// joinGroup and leaveGroup change the index of members.
func (c *core) joinGroup(p *peer, group string) {
	if p.groups == nil {
		p.groups = make(map[string]bool)
	}
	p.groups[group] = true
	m := c.members[group]
	if m == nil {
		m = make(map[UUID]*peer)
		c.members[group] = m
	}
	m[p.UUID] = p
}

func (c *core) leaveGroup(p *peer, group string) {
	delete(p.groups, group)
	delete(c.members[group], p.UUID)
	if len(c.members[group]) == 0 {
		delete(c.members, group)
	}
}

// join joins a group, or leaves it, and says so to all peers (36/ZRE, The JOIN Command). It
// reports whether that is a change.
func (c *core) join(group string, member bool) bool {
	if c.groups[group] == member {
		return false
	}
	id := cmdLeave
	delete(c.groups, group)
	if member {
		id = cmdJoin
		c.groups[group] = true
	}
	c.status++
	for _, p := range c.peers {
		c.send(p, &command{id: id, group: group, status: c.status})
	}
	return true
}

// whisper sends a message to one peer, and reports whether it has entered.
func (c *core) whisper(to UUID, content [][]byte) bool {
	p := c.peers[to]
	if p == nil || p.state == connecting {
		return false
	}
	c.send(p, &command{id: cmdWhisper, content: content})
	return true
}

// shout sends a message to the peers of a group, and returns their number.
func (c *core) shout(group string, content [][]byte) int {
	for _, p := range c.members[group] {
		c.send(p, &command{id: cmdShout, group: group, content: content})
	}
	return len(c.members[group])
}

// sendGoodbye says GOODBYE to all peers.
func (c *core) sendGoodbye() {
	for _, p := range c.peers {
		c.send(p, &command{id: cmdGoodbye})
	}
}
