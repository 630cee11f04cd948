package diff

// Options are drawn from those that both sides can set and whose effect the
// rules determine. What is a known difference is left out:
//
//   - multipart messages where frames are conflated ("conflating and messages of
//     several frames")
//   - ROUTER_NOTIFY over inproc ("a ROUTER is not told over inproc")
//   - PROBE_ROUTER over inproc ("a DEALER that binds late over inproc probes")
//   - who leaves while a last value is due ("a last value for who has left")
//   - who unsubscribes from what it has not subscribed to ("an XSUB that takes
//     everything back")

// conflating is a pipeline that keeps the newest of each sender.
func (g *generator) conflating(push, pull string) {
	g.pure, g.whole = true, true
	from := g.several("S", push, 3, "conflate", 1)
	to := g.several("R", pull, 3, "conflate", 1)
	g.mesh(from, to)
	for range 4 + g.IntN(12) {
		if g.one(3) {
			g.drain(to[g.IntN(len(to))])
		} else {
			g.send(from[g.IntN(len(from))])
		}
	}
	g.drainAll(to)
}

// pubSubOptions are options that both publishers and subscribers have.
func (g *generator) pubSubOptions() (options []any) {
	if g.one(5) {
		options = append(options, "invert_matching", 1)
	}
	return options
}

// pubOptions are options of a publisher.
func (g *generator) pubOptions(typ string) (options []any) {
	if typ == "XPUB" && g.one(3) {
		options = append(options, g.pick("xpub_verbose", "xpub_verboser"), 1)
	}
	if !g.limited && g.transport == "inproc" && g.one(4) {
		g.pure = true // over a wire it may come before or after one subscribes
		options = append(options, "xpub_welcome_msg", g.pick(topics...)+"W")
	}
	if g.one(4) {
		options = append(options, "xpub_nodrop", 1)
	}
	return options
}

// reqOptions are options of a client. A ROUTER that answers in its script does
// not know ids of requests. A relaxed one has several requests under way, which
// leaves open whose turn it is where there are others, and over a wire which
// replies have come when it asks again and drops them.
func (g *generator) reqOptions(typ string, router, alone bool) (options []any) {
	if typ != "REQ" {
		return nil
	}
	if alone && g.transport == "inproc" && g.one(2) {
		g.pure = true
		options = append(options, "req_relaxed", 1)
	}
	if !router && g.one(4) {
		options = append(options, "req_correlate", 1)
	}
	return options
}

// routerOptions are those of all ROUTERs of a scenario.
func (g *generator) routerOptions() (options []any) {
	if g.one(3) {
		options = append(options, "router_mandatory", 1)
	}
	if g.one(3) {
		options = append(options, "router_handover", 1)
	}
	options = append(options, g.probe()...)
	if !g.drafts {
		return options
	}
	if g.one(4) {
		options = append(options, "hello_msg", "hello")
	}
	if g.one(4) {
		options = append(options, "disconnect_msg", "bye")
	}
	if g.transport != "inproc" && g.one(3) {
		g.pure = true
		options = append(options, "router_notify", 1+g.IntN(3))
	}
	return options
}

func (g *generator) dealerOptions() (options []any) {
	options = append(options, g.probe()...)
	if g.drafts && g.one(5) {
		options = append(options, "hello_msg", "hello")
	}
	return options
}

func (g *generator) probe() []any {
	if g.transport == "inproc" || !g.one(5) {
		return nil
	}
	g.pure = true
	return []any{"probe_router", 1}
}

// manual is an XPUB whose application says what its peers get. They are XSUBs,
// which show everything that comes.
func (g *generator) manual() {
	option := g.pick("xpub_manual", "xpub_manual", "xpub_manual_last_value")
	p := g.socket("P", "XPUB", option, 1)
	subs := g.several("S", "XSUB", 3)
	g.mesh([]string{p}, subs)
	for range 6 + g.IntN(14) {
		s := subs[g.IntN(len(subs))]
		switch g.IntN(8) {
		case 0, 1, 2:
			g.subscribe(s)
			g.do(Step{Do: doRecv, Socket: p, Count: 1})
			for range g.IntN(3) {
				g.do(Step{Do: doAssign, Socket: p, Topic: g.pick(topics...)})
			}
		case 3:
			for topic, n := range g.p.subs[s] {
				if n == 1 && len(g.p.subs[s]) == 1 {
					g.do(Step{Do: doUnsubscribe, Socket: s, Topic: topic})
					g.do(Step{Do: doRecv, Socket: p, Count: 1})
					g.do(Step{Do: doUnassign, Socket: p, Topic: g.pick(topics...)})
				}
			}
		case 4:
			g.drain(s)
		default:
			g.send(p, g.pick(topics...)+g.pick("", "1", "bc"))
		}
	}
	for _, s := range subs {
		g.drain(s)
	}
	if s := subs[0]; option == "xpub_manual" && !g.lastingPeer(s) {
		g.do(Step{Do: doClose, Socket: s})
		delete(g.open, s)
		g.do(Step{Do: doDrain, Socket: p, Order: anyOrder})
		g.send(p, g.pick(topics...))
		for _, s := range subs[1:] {
			g.drain(s)
		}
	}
}

// streams is a STREAM and the bytes that it talks to.
func (g *generator) streams() {
	g.transport = g.pick("tcp", "ipc")
	g.p.transport, g.pure, g.whole = g.transport, true, true
	s := g.socket("S", "STREAM", "stream_notify", g.IntN(2))
	notify := g.p.socket(s).Options["stream_notify"] == 1
	tell := func(id string) {
		if notify {
			g.do(Step{Do: doRecv, Socket: s, Count: 1, Keep: []string{id}})
		}
	}
	var far []string
	open := func() {
		t := g.socket("T", byteStream)
		far = append(far, t)
		at := g.place()
		if g.one(2) {
			g.do(Step{Do: doBind, Socket: s, At: at})
			g.do(Step{Do: doConnect, Socket: t, At: at})
		} else {
			g.do(Step{Do: doBind, Socket: t, At: at})
			g.do(Step{Do: doConnect, Socket: s, At: at})
		}
		tell(t)
		g.up(t, s)
	}
	for range 4 + g.IntN(12) {
		if len(far) == 0 {
			open()
		}
		i := g.IntN(len(far))
		t := far[i]
		switch g.IntN(7) {
		case 0:
			if len(far) < 4 {
				open()
			}
		case 1:
			g.do(Step{Do: doSend, Socket: s, Frames: []string{"$" + t, ""}, Ousts: t})
			g.do(Step{Do: doEOF, Socket: t})
			far = append(far[:i:i], far[i+1:]...)
		case 2:
			if !g.lastingPeer(t) {
				g.do(Step{Do: doClose, Socket: t})
				delete(g.open, t)
				tell(t)
				far = append(far[:i:i], far[i+1:]...)
			}
		case 3, 4:
			g.up(t, s)
		default:
			body := g.message(t)[0]
			g.do(Step{Do: doSend, Socket: s, Frames: []string{"$" + t, body}})
			g.do(Step{Do: doRecv, Socket: t, Count: len(body)})
		}
	}
	g.do(Step{Do: doDrain, Socket: s})
}

// up is bytes to a STREAM, which makes one message of them.
func (g *generator) up(t, s string) {
	g.do(Step{Do: doSend, Socket: t, Frames: g.message(t)[:1]})
	g.do(Step{Do: doRecv, Socket: s, Count: 1, Keep: []string{t}})
}
