package diff

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// generator generates a scenario from a seed. It models socket types only as
// far as necessary to avoid unspecified results:
//
//   - The receive order of messages from several peers is unspecified. The test
//     compares the order of the messages of each peer.
//   - The distribution of messages over several receivers is compared until a
//     peer connects or disconnects after the first message. After that the test
//     compares the total of all receivers.
//   - Before a socket disconnects or closes, the sockets read all messages. After
//     it, the peers receive once, so that libzmq processes the end of the
//     connection.
//   - High-water marks are compared only over inproc, because the capacity of tcp
//     and ipc connections is unspecified.
type generator struct {
	*rand.Rand
	s             *Scenario
	p             *plan
	open          map[string]bool
	transport     string
	sent          int  // number of messages, for their names
	endpointCount int  // number of endpoints, for their names
	peersChanged  bool // a peer connected or disconnected after the first message
	hasHWM        bool // sockets have high-water marks
	oneTransport  bool // all endpoints must use the same transport
	singleFrame   bool // messages must have one frame
	drafts        bool // libzmq has the draft API

	publishers   int
	disconnected []link // disconnected connections that may be restored
	noUnbind     bool   // tcp and ipc endpoints must stay bound
}

// generate returns the scenario of a seed, for a libzmq with or without drafts.
func generate(seed uint64, drafts bool) (s *Scenario, transport string) {
	g := &generator{
		Rand:   rand.New(rand.NewPCG(seed, 0x5eed)),
		s:      &Scenario{Name: fmt.Sprint("seed ", seed)},
		open:   map[string]bool{},
		drafts: drafts,
	}
	g.transport = g.pick("inproc", "inproc", "inproc", "inproc", "inproc", "inproc", "tcp", "ipc")
	g.p = &plan{Scenario: g.s, transport: g.transport, bound: map[string]string{}, subs: map[string]map[string]int{}}
	families := []func(){g.pipeline, g.limits, g.pubsub, g.pubsub, g.requests, g.pairs, g.routers, g.manual, g.streams}
	if drafts {
		families = append(families, g.scatter, g.channels, g.clients, g.radio, g.radio)
	}
	families[g.IntN(len(families))]()
	return g.s, g.transport
}

func (g *generator) pick(list ...string) string { return list[g.IntN(len(list))] }

// oneIn returns true with a probability of 1/n.
func (g *generator) oneIn(n int) bool { return g.IntN(n) == 0 }

// socket adds a socket. options alternates names and values.
func (g *generator) socket(prefix, typ string, options ...any) string {
	name := fmt.Sprint(prefix, len(g.s.Sockets)+1)
	so := Socket{Name: name, Type: typ, Options: map[string]any{}}
	for i := 0; i < len(options); i += 2 {
		so.Options[options[i].(string)] = options[i+1]
	}
	g.s.Sockets = append(g.s.Sockets, so)
	g.p.subs[name] = map[string]int{}
	g.open[name] = true
	return name
}

func (g *generator) do(st Step) {
	g.p.step(&st, g.open)
	g.s.Steps = append(g.s.Steps, st)
}

// newEndpoint returns a new endpoint word, sometimes of another transport.
func (g *generator) newEndpoint() string {
	g.endpointCount++
	w := fmt.Sprint("x", g.endpointCount)
	if g.oneIn(15) && !g.hasHWM && !g.oneTransport {
		w += "@" + g.pick(allTransports...)
	}
	return w
}

// join connects two sockets and returns the endpoint. Either may bind, before
// or after the other connects.
func (g *generator) join(a, b string) string {
	if g.oneIn(2) {
		a, b = b, a
	}
	at := g.newEndpoint()
	steps := []Step{{Do: doBind, Socket: a, At: at}, {Do: doConnect, Socket: b, At: at}}
	if g.oneIn(3) {
		slices.Reverse(steps)
	}
	for _, st := range steps {
		g.do(st)
	}
	return at
}

// connectAll connects each socket of as to each socket of bs.
func (g *generator) connectAll(as, bs []string) {
	hub := g.oneIn(2)
	if !hub {
		for _, a := range as {
			for _, b := range bs {
				g.join(a, b)
			}
		}
		return
	}
	if g.oneIn(2) {
		as, bs = bs, as
	}
	for _, a := range as {
		at := g.newEndpoint()
		g.do(Step{Do: doBind, Socket: a, At: at})
		for _, b := range bs {
			g.do(Step{Do: doConnect, Socket: b, At: at})
		}
	}
}

// message returns a new message of one to four frames. It begins with head and
// ends with a frame that names the sender and the message.
func (g *generator) message(from string, head ...string) []string {
	for !g.singleFrame && g.oneIn(3) && len(head) < 3 {
		head = append(head, g.pick("", "x", "more", "\x00", "\x01", "ÿþ", frame("*300")))
	}
	if !g.singleFrame && g.oneIn(200) {
		head = append(head, frame("*70000"))
	}
	g.sent++
	return append(head, fmt.Sprintf("%s.%d", from, g.sent))
}

func (g *generator) send(from string, head ...string) {
	g.do(Step{Do: doSend, Socket: from, Frames: g.message(from, head...)})
}

// drain adds a step that reads all messages of a socket.
func (g *generator) drain(name string) {
	order := perSource
	if g.p.links(name) <= 1 && !g.peersChanged {
		order = ""
	}
	g.do(Step{Do: doDrain, Socket: name, Order: order})
}

// drainAll reads all messages of sockets that share their senders.
func (g *generator) drainAll(names []string) {
	if g.peersChanged && len(names) > 1 {
		g.do(Step{Do: doPool, Of: slices.Clone(names), Order: together})
		return
	}
	for _, w := range names {
		g.drain(w)
	}
}

// close closes one of several readers. All readers are drained before it, and
// the remaining ones again after it.
func (g *generator) close(name string, readers []string) {
	g.drainAll(readers)
	g.do(Step{Do: doClose, Socket: name})
	delete(g.open, name)
	g.peersChanged = true
	left := slices.DeleteFunc(slices.Clone(readers), func(r string) bool { return r == name })
	if len(left) > 0 {
		g.drainAll(left)
	}
}

func (g *generator) several(prefix, typ string, most int, options ...any) (names []string) {
	for range 1 + g.IntN(most) {
		names = append(names, g.socket(prefix, typ, options...))
	}
	return names
}

// pipeline generates PUSH to PULL or DEALER to DEALER.
func (g *generator) pipeline() {
	push, pull := "PUSH", "PULL"
	if g.oneIn(3) {
		push, pull = "DEALER", "DEALER"
	}
	if g.transport == "inproc" && g.oneIn(4) {
		g.conflating(push, pull)
		return
	}
	g.balanced(push, pull)
}

// balanced generates senders that distribute messages over their receivers.
func (g *generator) balanced(push, pull string) {
	from, to := g.several("S", push, 3), g.several("R", pull, 3)
	g.connectAll(from, to)
	for range 4 + g.IntN(12) {
		switch g.IntN(9) {
		case 0:
			g.drainAll(to)
		case 8:
			g.disconnectBalanced(from, to)
		case 1:
			if len(to) < 4 {
				g.drainAll(to)
				g.peersChanged = true
				r := g.socket("R", pull)
				to = append(to, r)
				for _, s := range from {
					g.join(s, r)
				}
			}
		case 2:
			// If senders are connected to a PULL over tcp or ipc, they keep a
			// queue for it after it has closed.
			if i := g.IntN(len(to)); len(to) > 1 && !g.hasReconnectingPeer(to[i]) {
				g.close(to[i], to)
				to = slices.Delete(to, i, i+1)
			}
		case 3:
			if i := g.IntN(len(from)); len(from) > 1 {
				g.drainAll(to)
				g.do(Step{Do: doClose, Socket: from[i]})
				delete(g.open, from[i])
				g.peersChanged = true
				g.drainAll(to)
				from = slices.Delete(from, i, i+1)
			}
		default:
			for range 1 + g.IntN(4) {
				g.send(from[g.IntN(len(from))])
			}
		}
	}
	g.drainAll(to)
	if push == "DEALER" && !g.peersChanged {
		for range g.IntN(5) {
			g.send(to[g.IntN(len(to))])
		}
		g.peersChanged = true // the distribution over from is unspecified
		g.drainAll(from)
	}
}

// hasReconnectingPeer reports whether a peer has connected to a socket over tcp
// or ipc, and would reconnect.
func (g *generator) hasReconnectingPeer(name string) bool {
	return slices.ContainsFunc(g.p.conns, func(c *planConn) bool { return c.peer == name && g.p.over(c.at) != "inproc" })
}

// overWires reports whether a socket has a tcp or ipc connection.
func (g *generator) overWires(name string) bool {
	return slices.ContainsFunc(g.p.conns, func(c *planConn) bool {
		return (c.socket == name || c.peer == name) && g.p.over(c.at) != "inproc"
	})
}

// limits generates a sender that fills the queues of its receivers over inproc.
func (g *generator) limits() {
	g.transport, g.p.transport = "inproc", "inproc"
	pairs := [][2]string{{"PUSH", "PULL"}, {"DEALER", "DEALER"}, {"DEALER", "ROUTER"}}
	if g.drafts {
		pairs = append(pairs, [2]string{"SCATTER", "GATHER"}, [2]string{"CLIENT", "SERVER"})
	}
	pair := pairs[g.IntN(len(pairs))]
	from := g.socket("S", pair[0], "sndhwm", g.IntN(5))
	if pair[0] == "DEALER" {
		g.s.Sockets[0].Options["routing_id"] = "S"
	}
	var to []string
	for range 1 + g.IntN(3) {
		r := g.socket("R", pair[1], "rcvhwm", g.IntN(5))
		at := fmt.Sprint("x", len(to))
		bind := Step{Do: doBind, Socket: r, At: at}
		connect := Step{Do: doConnect, Socket: from, At: at}
		switch g.IntN(3) {
		case 0:
			bind.Socket, connect.Socket = from, r
			g.do(bind)
			g.do(connect)
		case 1:
			g.do(connect)
			if n, _ := g.p.socket(from).Options["sndhwm"].(int); n > 1 {
				// The queue must not become full before the bind
				// (inproc-connect-before-bind-full-queue).
				g.do(Step{Do: doFill, Socket: from, Count: 1 + g.IntN(n-1)})
			}
			g.do(bind)
		default:
			g.do(bind)
			g.do(connect)
		}
		to = append(to, r)
	}
	order, all := onlyCount, to
	if len(to) == 1 {
		order = ""
	}
	for range 2 + g.IntN(8) {
		g.do(Step{Do: doFill, Socket: from, Count: 60})
		if g.oneIn(4) && len(to) > 0 {
			to, order = g.disconnectFull(from, to), onlyCount
			g.do(Step{Do: doFill, Socket: from, Count: 60})
		}
		for range g.IntN(3) {
			if len(to) == 0 {
				break
			}
			// A queue that was just filled has at least one message.
			g.do(Step{Do: doRecv, Socket: to[g.IntN(len(to))], Count: 1, Order: order})
		}
	}
	if order == "" {
		g.drain(all[0])
	} else {
		g.do(Step{Do: doPool, Of: all, Order: onlyCount})
	}
}

// pairs generates PAIRs that exchange messages one after the other.
func (g *generator) pairs() { g.pairsOf("PAIR") }

// pairsOf generates a socket with one peer at a time, of type PAIR or CHANNEL.
func (g *generator) pairsOf(typ string) {
	var options []any
	if g.transport == "inproc" && g.oneIn(2) {
		g.hasHWM = true
		options = []any{"sndhwm", 1 + g.IntN(4), "rcvhwm", 1 + g.IntN(4)}
	}
	a, b := g.socket("A", typ, options...), g.socket("B", typ, options...)
	at := "x"
	g.do(Step{Do: doBind, Socket: a, At: at})
	for range 1 + g.IntN(3) {
		g.do(Step{Do: doConnect, Socket: b, At: at})
		for range 2 + g.IntN(10) {
			name := g.pick(a, b)
			switch g.IntN(4) {
			case 0:
				g.drain(name)
			case 1:
				if len(options) > 0 {
					g.do(Step{Do: doFill, Socket: name, Count: 20})
				}
			default:
				g.send(name)
			}
		}
		if g.oneIn(2) {
			g.drain(a)
		}
		g.drain(b)
		switch g.IntN(3) {
		case 0:
			g.do(Step{Do: doDisconnect, Socket: b, At: at})
		case 1:
			g.drain(a)
			g.do(Step{Do: doUnbind, Socket: a, At: at})
			g.drain(a)
			g.drain(b)
			g.do(Step{Do: doDisconnect, Socket: b, At: at})
			g.drain(a)
			g.do(Step{Do: doBind, Socket: a, At: at})
		default:
			g.do(Step{Do: doClose, Socket: b})
			delete(g.open, b)
			b = ""
		}
		g.drain(a)
		g.send(a)
		if b == "" || g.oneIn(2) {
			b = g.socket("B", typ, options...)
		}
	}
}
