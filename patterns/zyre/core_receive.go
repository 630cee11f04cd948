package zyre

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
)

// origin is what the connection shows about the sender of a command.
type origin struct {
	uuid       UUID            // claimed
	generation uint64          // of the connection; later ones are greater
	addr       netip.Addr      // zero if it is not known
	key        curve.PublicKey // proved with CURVE, or zero
}

// recoverInterval is how long a peer must have been present so that it is connected to at
// once when messages were lost. Otherwise only its next announcement or HELLO does that.
const recoverInterval = time.Second

// receive handles a command of another node.
func (c *core) receive(from origin, cmd *command, now time.Time) {
	switch p := c.peers[from.uuid]; {
	case from.uuid == c.self.uuid:
		c.stats.Drops.Own++
	case cmd.version == protocolVersionCurve && c.self.key.IsZero():
		c.stats.Drops.Malformed++
	case p != nil && from.generation < p.generation:
		c.stats.Drops.Stale++
	case cmd.id == cmdHello:
		c.hello(p, from, cmd, now)
	case p == nil || p.state == connecting:
		// A node ignores what precedes HELLO (36/ZRE, The HELLO Command).
		c.stats.Drops.BeforeHello++
	case cmd.sequence != p.received+1:
		c.lost(p, now)
	default:
		p.received, p.generation = cmd.sequence, from.generation
		p.state, p.lastCommand, p.lastSign, p.pinged = alive, now, now, false
		c.dispatch(p, cmd)
	}
}

// lost removes a peer whose sequence has a gap (36/ZRE, ZRE Commands), and connects to it
// again: its HELLO follows ours, so that both sides begin anew.
func (c *core) lost(p *peer, now time.Time) {
	c.stats.Lost++
	c.remove(p, ExitLost)
	if now.Sub(p.since) >= recoverInterval {
		c.create(p.UUID, p.Endpoint, p.PublicKey, now).generation = p.generation
	}
}

// hello handles the first command of a connection.
func (c *core) hello(p *peer, from origin, cmd *command, now time.Time) {
	cmd.endpoint = localEndpoint(cmd.endpoint, from.addr)
	if !c.validHello(from, cmd) {
		c.stats.Drops.Malformed++
		return
	}
	if p != nil && p.state != connecting {
		c.remove(p, ExitReplaced) // the peer has restarted, or missed messages of ours
		p = nil
	}
	if p != nil && (p.Endpoint != cmd.endpoint || p.PublicKey != from.key) {
		// The announcement was wrong, or forged: HELLO is the better source.
		c.remove(p, ExitReplaced)
		p = nil
	}
	if p == nil {
		if !c.admit(from, cmd) {
			return
		}
		p = c.create(from.uuid, cmd.endpoint, from.key, now)
	}
	c.enter(p, from, cmd, now)
}

// validHello reports whether the fields of a HELLO are valid and match its connection. With
// CURVE the header with the key is required (43/ZRE, to prevent a downgrade), and the
// connection must prove that key.
func (c *core) validHello(from origin, cmd *command) bool {
	if cmd.sequence != 1 || cmd.endpoint == "" || cmd.endpoint == c.self.endpoint {
		return false
	}
	if strings.ContainsAny(cmd.endpoint, " \t\r\n") || !slices.Contains(c.o.Schemes, schemeOf(cmd.endpoint)) {
		return false
	}
	if !c.self.key.IsZero() && (from.key.IsZero() || cmd.headers[keyHeader] != from.key.String()) {
		return false
	}
	return !slices.ContainsFunc(cmd.groups, func(g string) bool { return !validGroup(g) })
}

// admit reports whether the sender of a HELLO may become a new peer. It takes the place of
// a peer with the same endpoint, which has restarted with another UUID, unless its
// connection comes from another address than it claims.
func (c *core) admit(from origin, cmd *command) bool {
	if other := c.byPlace[cmd.endpoint]; other != nil {
		host := hostOf(cmd.endpoint)
		if host.IsValid() && from.addr.IsValid() && host != from.addr {
			c.stats.Drops.Conflicting++
			return false
		}
		c.remove(other, ExitReplaced)
	}
	if len(c.peers) >= c.o.MaxPeers {
		c.stats.Drops.OverLimit++
		return false
	}
	return true
}

// enter makes a connecting peer an alive one.
func (c *core) enter(p *peer, from origin, cmd *command, now time.Time) {
	c.pending--
	p.state = alive
	p.received, p.generation = cmd.sequence, from.generation
	p.since, p.lastCommand, p.lastSign = now, now, now
	p.Name, p.Headers, p.status = cmd.name, cmd.headers, cmd.status
	c.emit(Enter{p.Peer})
	for _, g := range cmd.groups {
		if !p.groups[g] {
			c.joinGroup(p, g)
			c.emit(Join{p.Peer, g})
		}
	}
}

// dispatch handles a command in sequence.
func (c *core) dispatch(p *peer, cmd *command) {
	switch cmd.id {
	case cmdWhisper:
		c.emit(Whisper{p.Peer, zmq.NewMessage(cmd.content...)})
	case cmdShout:
		if !c.groups[cmd.group] {
			c.stats.Drops.NotMember++ // sent before the peer has read our LEAVE
			return
		}
		c.emit(Shout{p.Peer, cmd.group, zmq.NewMessage(cmd.content...)})
	case cmdJoin, cmdLeave:
		c.membership(p, cmd)
	case cmdPing:
		c.send(p, &command{id: cmdPingOK})
	case cmdGoodbye:
		c.remove(p, ExitLeft)
	}
}

// membership handles JOIN and LEAVE. The status is the number of changes, by which a node
// may verify its information (36/ZRE, The HELLO Command); a wrong one is counted.
func (c *core) membership(p *peer, cmd *command) {
	if p.status++; p.status != cmd.status {
		c.stats.StatusErrors++
		p.status = cmd.status
	}
	joins := cmd.id == cmdJoin
	switch {
	case !validGroup(cmd.group):
		c.stats.Drops.Malformed++
	case p.groups[cmd.group] == joins:
	case !joins:
		c.leaveGroup(p, cmd.group)
		c.emit(Leave{p.Peer, cmd.group})
	case len(p.groups) >= c.o.MaxPeerGroups:
		c.stats.Drops.OverLimit++
	default:
		c.joinGroup(p, cmd.group)
		c.emit(Join{p.Peer, cmd.group})
	}
}
