package zgossip

import (
	"bytes"
	"time"

	"github.com/zerobroker/zmq"
)

// serve receives from the nodes that connected to this one, until the router is closed.
func (n *Node) serve() {
	for m, err := range n.router.Messages(n.ctx) {
		if err != nil {
			return
		}
		n.fromClient(m)
	}
}

// fromClient handles a message of a client: the state machine of the server. A client is
// known from its HELLO until it disconnects or sends a command out of order.
func (n *Node) fromClient(m zmq.Message) {
	n.mu.Lock()
	defer n.mu.Unlock()
	id := m.RoutingID()
	if m.IsDisconnect() {
		delete(n.clients, id)
		return
	}
	c, err := decode(m.Frame(0))
	if err != nil || m.NumFrames() != 1 {
		n.stats.Malformed++
		return
	}
	p := n.clients[id]
	switch {
	case c.id == cmdPing:
		n.router.TrySendTo(id, command{id: cmdPong}.encode())
	case c.id == cmdHello && p == nil:
		p = &peer{id: n.newID(), client: id}
		n.clients[id] = p
		n.flush(p)
	case c.id == cmdPublish && p != nil:
		n.accept(c, p.id)
	default:
		n.stats.Rejected++
		delete(n.clients, id)
		n.router.TrySendTo(id, command{id: cmdInvalid}.encode())
	}
}

// follow receives from a node that this one connected to, until the dealer is closed.
func (n *Node) follow(p *peer) {
	for m, err := range p.dealer.Messages(n.ctx) {
		if err != nil {
			return
		}
		n.fromRemote(p, m)
	}
}

// fromRemote handles a message of a remote node: the state machine of the client.
func (n *Node) fromRemote(p *peer, m zmq.Message) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if m.NumFrames() == 1 && bytes.Equal(m.Frame(0), n.hiccup) {
		// The connection was lost. The next one begins with HELLO, by itself, and all
		// tuples follow, because those in flight may be lost.
		n.restart(p)
		n.flush(p)
		return
	}
	c, err := decode(m.Frame(0))
	switch {
	case err != nil || m.NumFrames() != 1:
		n.stats.Malformed++
	case c.id == cmdPublish:
		n.accept(c, p.id)
	case c.id == cmdInvalid:
		n.stats.Invalid++
		p.greet = true
	case c.id == cmdPong:
	default:
		n.stats.Malformed++
	}
}

// accept stores a tuple of another node and sends it on to all but that node.
func (n *Node) accept(c command, from peerID) {
	switch n.table.store(c.key, c.value, from, time.Now()) {
	case duplicate:
		n.stats.Duplicates++
		return
	case refused:
		n.stats.Refused++
		return
	case conflicting:
		n.stats.Conflicts++
		n.renew[c.key] = true // at a tick
		return
	case stored:
		n.flushAll()
	}
	n.stats.Stored++
	n.notify()
}

// newID returns an ID for a peer.
func (n *Node) newID() peerID {
	n.lastID++
	return n.lastID
}

// restart makes flush send a peer all tuples, also those that came from it: it may have
// lost them.
func (n *Node) restart(p *peer) { p.id, p.position = n.newID(), 0 }

// notify wakes the calls of Recv.
func (n *Node) notify() {
	close(n.changed)
	n.changed = make(chan struct{})
}

func (n *Node) flushAll() {
	for _, p := range n.clients {
		n.flush(p)
	}
	for _, p := range n.remotes {
		n.flush(p)
	}
}

// flush sends a peer all tuples that have changed since its position, until its queue is
// full. The next tick continues.
func (n *Node) flush(p *peer) {
	for {
		t, next, ok := n.table.after(p.position, p.id)
		if ok && !n.send(p, command{cmdPublish, t.Key, t.Value}) {
			return
		}
		p.position = next
		if !ok {
			return
		}
		n.stats.Sent++
	}
}

// send queues a command for a peer, and reports whether there was room.
func (n *Node) send(p *peer, c command) bool {
	if p.dealer != nil {
		return p.dealer.TrySend(c.encode()) == nil
	}
	return n.router.TrySendTo(p.client, c.encode()) == nil
}

// tick sends what is due at regular intervals, until the node is closed.
func (n *Node) tick() {
	t := time.NewTicker(tickInterval)
	defer t.Stop()
	pingAt := time.Now()
	for {
		select {
		case <-n.ctx.Done():
			return
		case <-t.C:
		}
		now := time.Now()
		ping := !now.Before(pingAt)
		if ping {
			pingAt = now.Add(n.o.PingInterval)
		}
		n.onTick(now, ping)
	}
}

func (n *Node) onTick(now time.Time, ping bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.remotes {
		switch {
		case p.greet && !now.Before(p.helloAt):
			// Several INVALIDs result in one HELLO: a second one would be out of order.
			if n.send(p, command{id: cmdHello}) {
				p.greet, p.helloAt = false, now.Add(helloInterval)
				n.restart(p)
			}
		case !now.Before(p.resyncAt):
			p.resyncAt = now.Add(n.o.ResyncInterval)
			n.probe(p)
		case ping:
			n.send(p, command{id: cmdPing})
		}
	}
	for key := range n.renew {
		if n.table.renew(key, now) {
			delete(n.renew, key)
		}
	}
	n.flushAll()
}

// probe sends a remote node a command that it answers with INVALID if it has forgotten
// this node; the answer to PING does not show that. A tuple that is known has no other
// effect. Without a tuple it is HELLO, after which the remote node forgets this one and
// receives another HELLO.
func (n *Node) probe(p *peer) {
	if t, ok := n.table.first(); ok {
		n.send(p, command{cmdPublish, t.Key, t.Value})
		return
	}
	n.send(p, command{id: cmdHello})
}
