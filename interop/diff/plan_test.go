package diff

import (
	"fmt"
	"slices"
	"strings"
)

// stepPlan is what an executor must wait for after a step. It follows from who
// is bound and connected where; what sockets do with messages is not in it.
type stepPlan struct {
	Shakes map[string]int `json:"shakes,omitempty"` // handshakes over tcp or ipc, by socket
	Settle bool           `json:"settle,omitempty"` // the step changes more than queues
	Wait   bool           `json:"wait,omitempty"`   // close: it ends without anybody else doing anything

	peers map[string]int // connected to each open socket afterwards
	turns []string       // sockets that turn somebody away
	subs  []string       // subscribers that have told theirs something
	pubs  []pubWait      // what publishers must have heard of
}

// pubWait is that n peers of a publisher want a topic.
type pubWait struct {
	publisher, topic string
	n                int
}

// plan is a scenario over one transport with endpoints made real.
type plan struct {
	*Scenario
	transport string

	bound map[string]string // endpoint to socket
	conns []*planConn
	subs  map[string]map[string]int // topics of each subscriber, counted
}

// planConn is one call of connect that has not been taken back.
type planConn struct {
	socket, at string
	peer       string // who is at the far end; empty for nobody
	dead       bool   // inproc: there was one, and nobody will come back
}

// newPlan makes a copy of the scenario whose endpoints are those that real
// says and whose steps have their plans.
func newPlan(s *Scenario, transport string, real func(word string) string) *plan {
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
			st.At = real(st.At)
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
	sp.Settle = !slices.Contains([]string{doSend, doFill, doRecv, doDrain, doPool, doTopics}, do) || st.Ousts != ""
	switch {
	case failed:
	case st.Do == doBind:
		p.bound[st.At] = st.Socket
		p.join(sp)
	case st.Do == doConnect && st.Refused:
		sp.turns = []string{p.bound[st.At]}
	case st.Do == doConnect && p.connected(st.Socket, st.At):
	case st.Do == doConnect:
		p.oust(st.Ousts)
		p.conns = append(p.conns, &planConn{socket: st.Socket, at: st.At})
		p.join(sp)
	case do == doSend:
		p.oust(st.Ousts)
	case st.Do == doHangUp:
		// Who has connected to it does so again.
		p.conns = slices.DeleteFunc(p.conns, func(c *planConn) bool { return c.socket == st.Socket })
		p.cut(func(c *planConn) bool { return c.peer == st.Socket })
		p.join(sp)
	case st.Do == doUnbind:
		delete(p.bound, st.At)
		if p.over(st.At) != "inproc" {
			p.cut(func(c *planConn) bool { return c.at == st.At })
		}
	case st.Do == doDisconnect:
		p.conns = slices.DeleteFunc(p.conns, func(c *planConn) bool { return c.socket == st.Socket && c.at == st.At })
	case st.Do == doClose:
		sp.Wait = p.closesAlone(st.Socket)
		delete(open, st.Socket)
		p.conns = slices.DeleteFunc(p.conns, func(c *planConn) bool { return c.socket == st.Socket })
		p.cut(func(c *planConn) bool { return c.peer == st.Socket })
		for at, who := range p.bound {
			if who == st.Socket {
				delete(p.bound, at)
			}
		}
	case do == doSubscribe, do == doJoin && p.subs[st.Socket][topic] == 0:
		p.subs[st.Socket][topic]++
		p.told(sp, st.Socket, topic)
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

// kind is what a step does, and for a subscription, which may be a message of
// XSUB, to what.
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

// over is the transport of an endpoint: the scenario's, unless the word says.
func (p *plan) over(at string) string { return transportOf(at, p.transport) }

// transportOf lets a word name its transport, as "x@inproc", for scenarios
// that mix them.
func transportOf(word, def string) string {
	if _, t, ok := strings.Cut(word, "@"); ok {
		return t
	}
	return def
}

// join links everybody who is connected where somebody is bound.
func (p *plan) join(sp *stepPlan) {
	for _, c := range p.conns {
		b := p.bound[c.at]
		if c.peer != "" || c.dead || b == "" || !slices.Contains(types[p.socket(c.socket).Type], p.socket(b).Type) {
			continue
		}
		c.peer = b
		if p.over(c.at) != "inproc" {
			if sp.Shakes == nil {
				sp.Shakes = map[string]int{}
			}
			for _, name := range []string{c.socket, b} {
				if p.socket(name).Type != byteStream {
					sp.Shakes[name]++
				}
			}
		}
		for _, sub := range []string{c.socket, b} {
			for topic := range p.subs[sub] {
				p.told(sp, sub, topic)
			}
		}
	}
}

// connected reports whether connect does nothing: libzmq's sockets of four types
// do not connect twice to one endpoint of a wire.
func (p *plan) connected(name, at string) bool {
	return slices.Contains([]string{"DEALER", "SUB", "PUB", "REQ"}, p.socket(name).Type) && p.over(at) != "inproc" &&
		slices.ContainsFunc(p.conns, func(c *planConn) bool { return c.socket == name && c.at == at })
}

// cut unlinks. Only inproc is for ever.
func (p *plan) cut(which func(*planConn) bool) {
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

// closesAlone reports whether a socket can end while its peers do nothing:
// over inproc libzmq waits for them to read, and for a binder.
func (p *plan) closesAlone(name string) bool {
	return !slices.ContainsFunc(p.conns, func(c *planConn) bool {
		return p.over(c.at) == "inproc" && (c.socket == name || c.peer == name)
	})
}

// oust ends the links of a socket that does not connect again.
func (p *plan) oust(name string) {
	p.conns = slices.DeleteFunc(p.conns, func(c *planConn) bool { return name != "" && (c.socket == name || c.peer == name) })
}

// told has all publishers of a subscriber hear of a topic.
func (p *plan) told(sp *stepPlan, sub, topic string) {
	if !slices.Contains(sp.subs, sub) {
		sp.subs = append(sp.subs, sub)
	}
	for _, c := range p.conns {
		switch {
		case c.peer == "":
		case c.socket == sub && p.takesAll(c.peer):
			sp.pubs = append(sp.pubs, pubWait{c.peer, topic, p.wanting(c.peer, topic)})
		case c.peer == sub && p.takesAll(c.socket):
			sp.pubs = append(sp.pubs, pubWait{c.socket, topic, p.wanting(c.socket, topic)})
		}
	}
}

// takesAll reports whether subscriptions count at a publisher at once.
func (p *plan) takesAll(pub string) bool {
	o := p.socket(pub).Options
	return o["xpub_manual"] == nil && o["xpub_manual_last_value"] == nil
}

// wanting is how many links of a publisher lead to who wants a topic.
func (p *plan) wanting(pub, topic string) (n int) {
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

// places makes endpoints real. Each is used once, at an address of 127/8 that
// no other process of the suite has, so that a socket which reconnects meets
// nobody from another scenario.
type places struct {
	host string
	dir  string
	next int
}

func (p *places) real(transport string) func(word string) string {
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
