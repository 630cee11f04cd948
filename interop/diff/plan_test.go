package diff

import (
	"fmt"
	"slices"
	"strings"
)

// stepPlan is the state for which an executor must wait after a step. It
// follows from the bound and connected endpoints; it does not depend on
// messages.
type stepPlan struct {
	Handshakes map[string]int `json:"handshakes,omitempty"` // number of new handshakes over tcp or ipc, by socket
	Settle     bool           `json:"settle,omitempty"`     // the step changes connections or subscriptions
	Wait       bool           `json:"wait,omitempty"`       // close: the socket ends without any action of its peers

	peers    map[string]int // number of peers of each open socket after the step
	refusers []string       // sockets that refuse a peer
	subs     []string       // subscribers that send subscriptions
	pubs     []pubWait      // subscriptions that publishers must have received
}

// pubWait is a publisher that must have n peers with a subscription to a topic.
type pubWait struct {
	publisher, topic string
	n                int
}

// plan is a scenario over one transport, with real endpoints.
type plan struct {
	*Scenario
	transport string

	bound map[string]string // endpoint word to socket
	conns []*planConn
	subs  map[string]map[string]int // number of subscriptions by subscriber and topic
}

// planConn is a connected endpoint of a socket.
type planConn struct {
	socket, at string
	peer       string // bound socket at the other end; empty without one
	dead       bool   // inproc: the peer has disconnected, which is final
}

// newPlan returns a copy of the scenario with endpoints from resolve and a plan
// for each step.
func newPlan(s *Scenario, transport string, resolve func(word string) string) *plan {
	c := *s
	c.Steps = slices.Clone(s.Steps)
	p := &plan{Scenario: &c, transport: transport, bound: map[string]string{}, subs: map[string]map[string]int{}}
	for _, so := range c.Sockets {
		p.subs[so.Name] = map[string]int{}
	}
	open := map[string]bool{}
	for _, so := range c.Sockets {
		open[so.Name] = true
	}
	for i := range c.Steps {
		st := &c.Steps[i]
		st.Plan = p.step(st, open)
		if st.At != "" {
			st.At = resolve(st.At)
		}
	}
	return p
}

func (p *plan) step(st *Step, open map[string]bool) *stepPlan {
	sp := &stepPlan{}
	failed := st.Want != nil && st.Want.Err != ""
	if st.Differs != nil && st.Differs.Ours.Err != "" {
		failed = true
	}
	do, topic := p.kind(st)
	sp.Settle = !slices.Contains([]string{doSend, doFill, doRecv, doDrain, doPool, doTopics}, do) || st.Disconnects != ""
	switch {
	case failed:
	case st.Do == doBind:
		p.bound[st.At] = st.Socket
		p.join(sp)
	case st.Do == doConnect && st.Refused:
		sp.refusers = []string{p.bound[st.At]}
	case st.Do == doConnect && p.connected(st.Socket, st.At):
	case st.Do == doConnect:
		p.removePeer(st.Disconnects)
		p.conns = append(p.conns, &planConn{socket: st.Socket, at: st.At})
		p.join(sp)
	case do == doSend:
		p.removePeer(st.Disconnects)
	case st.Do == doHangUp:
		// Sockets that have connected to it reconnect.
		p.conns = slices.DeleteFunc(p.conns, func(c *planConn) bool { return c.socket == st.Socket })
		p.unlink(func(c *planConn) bool { return c.peer == st.Socket })
		p.join(sp)
	case st.Do == doUnbind:
		delete(p.bound, st.At)
		if p.over(st.At) != "inproc" {
			p.unlink(func(c *planConn) bool { return c.at == st.At })
		}
	case st.Do == doDisconnect:
		p.conns = slices.DeleteFunc(p.conns, func(c *planConn) bool { return c.socket == st.Socket && c.at == st.At })
	case st.Do == doClose:
		sp.Wait = p.closesWithoutPeers(st.Socket)
		delete(open, st.Socket)
		p.conns = slices.DeleteFunc(p.conns, func(c *planConn) bool { return c.socket == st.Socket })
		p.unlink(func(c *planConn) bool { return c.peer == st.Socket })
		for at, name := range p.bound {
			if name == st.Socket {
				delete(p.bound, at)
			}
		}
	case do == doSubscribe, do == doJoin && p.subs[st.Socket][topic] == 0:
		p.subs[st.Socket][topic]++
		p.subscribe(sp, st.Socket, topic)
	case do == doUnsubscribe, do == doLeave:
		sp.subs = append(sp.subs, st.Socket)
		if n := p.subs[st.Socket][topic]; n > 1 {
			p.subs[st.Socket][topic]--
		} else {
			delete(p.subs[st.Socket], topic)
		}
	}
	sp.peers = map[string]int{}
	for name := range open {
		if p.socket(name).Type != byteStream {
			sp.peers[name] = p.links(name)
		}
	}
	return sp
}

// kind returns the kind and the topic of a step. A subscription message that an
// XSUB sends counts as a subscribe or unsubscribe step.
func (p *plan) kind(st *Step) (do, topic string) {
	if st.Do != doSend || p.socket(st.Socket).Type != "XSUB" || len(st.Frames) != 1 {
		return st.Do, st.Topic
	}
	switch f := st.Frames[0]; {
	case strings.HasPrefix(f, "\x01"):
		return doSubscribe, f[1:]
	case strings.HasPrefix(f, "\x00"):
		return doUnsubscribe, f[1:]
	}
	return doSend, ""
}

// over returns the transport of an endpoint.
func (p *plan) over(at string) string { return transportOf(at, p.transport) }

// transportOf returns the transport that an endpoint word names, as in
// "x@inproc", or def.
func transportOf(word, def string) string {
	if _, t, ok := strings.Cut(word, "@"); ok {
		return t
	}
	return def
}

// join links connected endpoints to the sockets that are bound there.
func (p *plan) join(sp *stepPlan) {
	for _, c := range p.conns {
		b := p.bound[c.at]
		if c.peer != "" || c.dead || b == "" || !slices.Contains(types[p.socket(c.socket).Type], p.socket(b).Type) {
			continue
		}
		c.peer = b
		if p.over(c.at) != "inproc" {
			if sp.Handshakes == nil {
				sp.Handshakes = map[string]int{}
			}
			for _, name := range []string{c.socket, b} {
				if p.socket(name).Type != byteStream {
					sp.Handshakes[name]++
				}
			}
		}
		for _, sub := range []string{c.socket, b} {
			for topic := range p.subs[sub] {
				p.subscribe(sp, sub, topic)
			}
		}
	}
}

// connected reports whether a connect has no effect: libzmq's DEALER, SUB, PUB
// and REQ do not connect twice to the same tcp or ipc endpoint.
func (p *plan) connected(name, at string) bool {
	return slices.Contains([]string{"DEALER", "SUB", "PUB", "REQ"}, p.socket(name).Type) && p.over(at) != "inproc" &&
		slices.ContainsFunc(p.conns, func(c *planConn) bool { return c.socket == name && c.at == at })
}

// unlink removes the peers of matching connections. Over inproc this is final.
func (p *plan) unlink(which func(*planConn) bool) {
	for _, c := range p.conns {
		if c.peer != "" && which(c) {
			c.peer = ""
			c.dead = p.over(c.at) == "inproc"
		}
	}
}

func (p *plan) links(name string) (n int) {
	for _, c := range p.conns {
		if c.peer != "" && c.socket == name {
			n++
		}
		if c.peer != "" && c.peer == name {
			n++
		}
	}
	return n
}

// closesWithoutPeers reports whether a closed socket ends without any action of
// its peers. Over inproc libzmq waits until the peers have read, and until a
// connected endpoint is bound.
func (p *plan) closesWithoutPeers(name string) bool {
	return !slices.ContainsFunc(p.conns, func(c *planConn) bool {
		return p.over(c.at) == "inproc" && (c.socket == name || c.peer == name)
	})
}

// removePeer ends the connections of a socket that does not reconnect.
func (p *plan) removePeer(name string) {
	p.conns = slices.DeleteFunc(p.conns, func(c *planConn) bool { return name != "" && (c.socket == name || c.peer == name) })
}

// subscribe adds a wait for each publisher that receives a subscription.
func (p *plan) subscribe(sp *stepPlan, sub, topic string) {
	if !slices.Contains(sp.subs, sub) {
		sp.subs = append(sp.subs, sub)
	}
	for _, c := range p.conns {
		switch {
		case c.peer == "":
		case c.socket == sub && p.automatic(c.peer):
			sp.pubs = append(sp.pubs, pubWait{c.peer, topic, p.subscribers(c.peer, topic)})
		case c.peer == sub && p.automatic(c.socket):
			sp.pubs = append(sp.pubs, pubWait{c.socket, topic, p.subscribers(c.socket, topic)})
		}
	}
}

// automatic reports whether a publisher applies subscriptions by itself,
// without ZMQ_XPUB_MANUAL.
func (p *plan) automatic(pub string) bool {
	o := p.socket(pub).Options
	return o["xpub_manual"] == nil && o["xpub_manual_last_value"] == nil
}

// subscribers returns the number of connections of a publisher to sockets with
// a subscription that matches the topic.
func (p *plan) subscribers(pub, topic string) (n int) {
	for _, c := range p.conns {
		far := ""
		switch {
		case c.peer == "":
			continue
		case c.socket == pub:
			far = c.peer
		case c.peer == pub:
			far = c.socket
		}
		for prefix := range p.subs[far] {
			if topic == prefix || p.socket(pub).Type != "RADIO" && strings.HasPrefix(topic, prefix) {
				n++
				break
			}
		}
	}
	return n
}

// endpoints assigns real endpoints to words. Each endpoint is used once, on an
// address in 127/8 of this process alone, so that a reconnecting socket cannot
// reach a socket of another scenario.
type endpoints struct {
	host string
	dir  string
	next int
}

func (p *endpoints) resolve(transport string) func(word string) string {
	known := map[string]string{}
	return func(word string) string {
		if at, ok := known[word]; ok {
			return at
		}
		if strings.Contains(word, "://") {
			return word
		}
		p.next++
		at := ""
		switch transportOf(word, transport) {
		case "tcp":
			at = fmt.Sprintf("tcp://%s:%d", p.host, 10_000+p.next%20_000)
		case "ipc":
			at = fmt.Sprintf("ipc://%s/%d", p.dir, p.next)
		case "inproc":
			at = fmt.Sprintf("inproc://%d", p.next)
		}
		known[word] = at
		return at
	}
}
