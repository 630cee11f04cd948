package diff

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// generator makes a scenario of a seed. It knows no more of what sockets do
// than what is needed to leave out what the rules leave open:
//
//   - From whom of several peers a socket receives next is compared only where
//     there is one peer; otherwise each peer's messages must keep their order.
//   - To whom of several peers a socket sends next is compared until a peer
//     comes or goes after the first message. From then on what all receivers
//     have got is compared together.
//   - Who leaves has read everything, and whom it leaves looks for more
//     afterwards, for that is how libzmq's sockets come to know.
//   - High-water marks are compared over inproc alone: what a wire holds is
//     nobody's promise.
type generator struct {
	*rand.Rand
	s         *Scenario
	p         *plan
	open      map[string]bool
	transport string
	sent      int  // messages, for their names
	places    int  // endpoints, for theirs
	churned   bool // a peer came or went after the first message
	limited   bool // there are high-water marks
	pure      bool // it matters that there is one transport
	whole     bool // messages have one frame
	drafts    bool // libzmq has its draft interface

	publishers int
	apart      []link // that may be made again
	keepBound  bool   // unbinding a wire is a known difference
}

// generate makes the scenario of a seed, for a libzmq with drafts or without.
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

// one reports true once in n times.
func (g *generator) one(n int) bool { return g.IntN(n) == 0 }

// socket adds a socket. Options are names and values in turn.
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

// place is a new endpoint, now and then of another transport.
func (g *generator) place() string {
	g.places++
	w := fmt.Sprint("x", g.places)
	if g.one(15) && !g.limited && !g.pure {
		w += "@" + g.pick(allTransports...)
	}
	return w
}

// join connects two sockets, whoever binds, in either order. It returns where.
func (g *generator) join(a, b string) string {
	if g.one(2) {
		a, b = b, a
	}
	at := g.place()
	steps := []Step{{Do: doBind, Socket: a, At: at}, {Do: doConnect, Socket: b, At: at}}
	if g.one(3) {
		slices.Reverse(steps)
	}
	for _, st := range steps {
		g.do(st)
	}
	return at
}

// mesh has every a meet every b, and reports nothing: the plan knows.
func (g *generator) mesh(as, bs []string) {
	hub := g.one(2)
	if !hub {
		for _, a := range as {
			for _, b := range bs {
				g.join(a, b)
			}
		}
		return
	}
	if g.one(2) {
		as, bs = bs, as
	}
	for _, a := range as {
		at := g.place()
		g.do(Step{Do: doBind, Socket: a, At: at})
		for _, b := range bs {
			g.do(Step{Do: doConnect, Socket: b, At: at})
		}
	}
}

// message is a new one from a socket, of one to four frames that begin as
// given and end with its name.
func (g *generator) message(from string, head ...string) []string {
	for !g.whole && g.one(3) && len(head) < 3 {
		head = append(head, g.pick("", "x", "more", "\x00", "\x01", "ÿþ", frame("*300")))
	}
	if !g.whole && g.one(200) {
		head = append(head, frame("*70000"))
	}
	g.sent++
	return append(head, fmt.Sprintf("%s.%d", from, g.sent))
}

func (g *generator) send(from string, head ...string) {
	g.do(Step{Do: doSend, Socket: from, Frames: g.message(from, head...)})
}

// drain reads a socket to the end.
func (g *generator) drain(who string) {
	order := perSource
	if g.p.links(who) <= 1 && !g.churned {
		order = ""
	}
	g.do(Step{Do: doDrain, Socket: who, Order: order})
}

// drainAll reads sockets that share their senders to the end.
func (g *generator) drainAll(who []string) {
	if g.churned && len(who) > 1 {
		g.do(Step{Do: doPool, Of: slices.Clone(who), Order: together})
		return
	}
	for _, w := range who {
		g.drain(w)
	}
}

// close closes one of several, after all have been read and before those it
// leaves are.
func (g *generator) close(who string, readers []string) {
	g.drainAll(readers)
	g.do(Step{Do: doClose, Socket: who})
	delete(g.open, who)
	g.churned = true
	left := slices.DeleteFunc(slices.Clone(readers), func(r string) bool { return r == who })
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

// pipeline is PUSH or DEALER to PULL or DEALER.
func (g *generator) pipeline() {
	push, pull := "PUSH", "PULL"
	if g.one(3) {
		push, pull = "DEALER", "DEALER"
	}
	if g.transport == "inproc" && g.one(4) {
		g.conflating(push, pull)
		return
	}
	g.pipes(push, pull)
}

// pipes is senders that take their receivers in turn.
func (g *generator) pipes(push, pull string) {
	from, to := g.several("S", push, 3), g.several("R", pull, 3)
	g.mesh(from, to)
	for range 4 + g.IntN(12) {
		switch g.IntN(9) {
		case 0:
			g.drainAll(to)
		case 8:
			g.partPipes(from, to)
		case 1:
			if len(to) < 4 {
				g.drainAll(to)
				g.churned = true
				r := g.socket("R", pull)
				to = append(to, r)
				for _, s := range from {
					g.join(s, r)
				}
			}
		case 2:
			// A PULL that others are connected to over a wire leaves a queue
			// behind that nobody reads.
			if i := g.IntN(len(to)); len(to) > 1 && !g.lastingPeer(to[i]) {
				g.close(to[i], to)
				to = slices.Delete(to, i, i+1)
			}
		case 3:
			if i := g.IntN(len(from)); len(from) > 1 {
				g.drainAll(to)
				g.do(Step{Do: doClose, Socket: from[i]})
				delete(g.open, from[i])
				g.churned = true
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
	if push == "DEALER" && !g.churned {
		for range g.IntN(5) {
			g.send(to[g.IntN(len(to))])
		}
		g.churned = true // their turns have not been kept apart
		g.drainAll(from)
	}
}

// lastingPeer reports whether somebody is connected to a socket over a wire,
// and would connect again.
func (g *generator) lastingPeer(name string) bool {
	return slices.ContainsFunc(g.p.conns, func(c *planConn) bool { return c.peer == name && g.p.over(c.at) != "inproc" })
}

// overWires reports whether a socket has any link but inproc ones.
func (g *generator) overWires(name string) bool {
	return slices.ContainsFunc(g.p.conns, func(c *planConn) bool {
		return (c.socket == name || c.peer == name) && g.p.over(c.at) != "inproc"
	})
}

// limits is one sender that fills its receivers' queues over inproc.
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
				// Not to the brim, which is a known difference ("before the
				// bind a full connector").
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
		if g.one(4) && len(to) > 0 {
			to, order = g.partFull(from, to), onlyCount
			g.do(Step{Do: doFill, Socket: from, Count: 60})
		}
		for range g.IntN(3) {
			if len(to) == 0 {
				break
			}
			// A queue that was just filled holds one message at least.
			g.do(Step{Do: doRecv, Socket: to[g.IntN(len(to))], Count: 1, Order: order})
		}
	}
	if order == "" {
		g.drain(all[0])
	} else {
		g.do(Step{Do: doPool, Of: all, Order: onlyCount})
	}
}

// pairs is PAIRs, of which two talk and others wait for their turn.
func (g *generator) pairs() { g.couples("PAIR") }

func (g *generator) couples(typ string) {
	var options []any
	if g.transport == "inproc" && g.one(2) {
		g.limited = true
		options = []any{"sndhwm", 1 + g.IntN(4), "rcvhwm", 1 + g.IntN(4)}
	}
	a, b := g.socket("A", typ, options...), g.socket("B", typ, options...)
	at := "x"
	g.do(Step{Do: doBind, Socket: a, At: at})
	for range 1 + g.IntN(3) {
		g.do(Step{Do: doConnect, Socket: b, At: at})
		for range 2 + g.IntN(10) {
			who := g.pick(a, b)
			switch g.IntN(4) {
			case 0:
				g.drain(who)
			case 1:
				if len(options) > 0 {
					g.do(Step{Do: doFill, Socket: who, Count: 20})
				}
			default:
				g.send(who)
			}
		}
		if g.one(2) {
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
		if b == "" || g.one(2) {
			b = g.socket("B", typ, options...)
		}
	}
}
