package diff

// Random scenarios use the options that both implementations have and whose
// effect is specified. They avoid known differences:
//
//   - ZMQ_CONFLATE with multipart messages (conflate-multipart-inproc)
//   - ZMQ_ROUTER_NOTIFY over inproc (router-notify-inproc)
//   - ZMQ_PROBE_ROUTER over inproc (probe-router-connect-before-bind-inproc)
//   - a peer that closes before its last value is published
//     (last-value-for-closed-peer-libzmq-4.3.4)
//   - an unsubscription without a subscription (xsub-verbose-unsubscribe)

// conflating generates a pipeline with ZMQ_CONFLATE.
func (g *generator) conflating(push, pull string) {
	g.oneTransport, g.singleFrame = true, true
	from := g.several("S", push, 3, "conflate", 1)
	to := g.several("R", pull, 3, "conflate", 1)
	g.connectAll(from, to)
	for range 4 + g.IntN(12) {
		if g.oneIn(3) {
			g.drain(to[g.IntN(len(to))])
		} else {
			g.send(from[g.IntN(len(from))])
		}
	}
	g.drainAll(to)
}

// pubSubOptions returns options for publishers and subscribers.
func (g *generator) pubSubOptions() (options []any) {
	if g.oneIn(5) {
		options = append(options, "invert_matching", 1)
	}
	return options
}

// pubOptions returns options for a publisher.
func (g *generator) pubOptions(typ string) (options []any) {
	if typ == "XPUB" && g.oneIn(3) {
		options = append(options, g.pick("xpub_verbose", "xpub_verboser"), 1)
	}
	if !g.hasHWM && g.transport == "inproc" && g.oneIn(4) {
		g.oneTransport = true // over tcp and ipc it may arrive before or after the subscription
		options = append(options, "xpub_welcome_msg", g.pick(topics...)+"W")
	}
	if g.oneIn(4) {
		options = append(options, "xpub_nodrop", 1)
	}
	return options
}

// reqOptions returns options for a client. ZMQ_REQ_CORRELATE needs a REP,
// because the ROUTER steps of the generator do not return request IDs. A
// relaxed REQ has several pending requests. With other clients the receive
// order would be unspecified; over tcp and ipc it would be unspecified which
// replies have arrived when the next request drops them.
func (g *generator) reqOptions(typ string, router, onlyClient bool) (options []any) {
	if typ != "REQ" {
		return nil
	}
	if onlyClient && g.transport == "inproc" && g.oneIn(2) {
		g.oneTransport = true
		options = append(options, "req_relaxed", 1)
	}
	if !router && g.oneIn(4) {
		options = append(options, "req_correlate", 1)
	}
	return options
}

// routerOptions returns options for all ROUTERs of a scenario.
func (g *generator) routerOptions() (options []any) {
	if g.oneIn(3) {
		options = append(options, "router_mandatory", 1)
	}
	if g.oneIn(3) {
		options = append(options, "router_handover", 1)
	}
	options = append(options, g.probe()...)
	if !g.drafts {
		return options
	}
	if g.oneIn(4) {
		options = append(options, "hello_msg", "hello")
	}
	if g.oneIn(4) {
		options = append(options, "disconnect_msg", "bye")
	}
	if g.transport != "inproc" && g.oneIn(3) {
		g.oneTransport = true
		options = append(options, "router_notify", 1+g.IntN(3))
	}
	return options
}

func (g *generator) dealerOptions() (options []any) {
	options = append(options, g.probe()...)
	if g.drafts && g.oneIn(5) {
		options = append(options, "hello_msg", "hello")
	}
	return options
}

func (g *generator) probe() []any {
	if g.transport == "inproc" || !g.oneIn(5) {
		return nil
	}
	g.oneTransport = true
	return []any{"probe_router", 1}
}

// manual generates an XPUB with ZMQ_XPUB_MANUAL. Its peers are XSUBs, which do
// not filter received messages.
func (g *generator) manual() {
	option := g.pick("xpub_manual", "xpub_manual", "xpub_manual_last_value")
	p := g.socket("P", "XPUB", option, 1)
	subs := g.several("S", "XSUB", 3)
	g.connectAll([]string{p}, subs)
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
	if s := subs[0]; option == "xpub_manual" && !g.hasReconnectingPeer(s) {
		g.do(Step{Do: doClose, Socket: s})
		delete(g.open, s)
		g.do(Step{Do: doDrain, Socket: p, Order: anyOrder})
		g.send(p, g.pick(topics...))
		for _, s := range subs[1:] {
			g.drain(s)
		}
	}
}

// streams generates a STREAM and its plain connections.
func (g *generator) streams() {
	g.transport = g.pick("tcp", "ipc")
	g.p.transport, g.oneTransport, g.singleFrame = g.transport, true, true
	s := g.socket("S", "STREAM", "stream_notify", g.IntN(2))
	notify := g.p.socket(s).Options["stream_notify"] == 1
	expectNotification := func(id string) {
		if notify {
			g.do(Step{Do: doRecv, Socket: s, Count: 1, Keep: []string{id}})
		}
	}
	var far []string
	open := func() {
		t := g.socket("T", byteStream)
		far = append(far, t)
		at := g.newEndpoint()
		if g.oneIn(2) {
			g.do(Step{Do: doBind, Socket: s, At: at})
			g.do(Step{Do: doConnect, Socket: t, At: at})
		} else {
			g.do(Step{Do: doBind, Socket: t, At: at})
			g.do(Step{Do: doConnect, Socket: s, At: at})
		}
		expectNotification(t)
		g.sendToStream(t, s)
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
			g.do(Step{Do: doSend, Socket: s, Frames: []string{"$" + t, ""}, Disconnects: t})
			g.do(Step{Do: doEOF, Socket: t})
			far = append(far[:i:i], far[i+1:]...)
		case 2:
			if !g.hasReconnectingPeer(t) {
				g.do(Step{Do: doClose, Socket: t})
				delete(g.open, t)
				expectNotification(t)
				far = append(far[:i:i], far[i+1:]...)
			}
		case 3, 4:
			g.sendToStream(t, s)
		default:
			body := g.message(t)[0]
			g.do(Step{Do: doSend, Socket: s, Frames: []string{"$" + t, body}})
			g.do(Step{Do: doRecv, Socket: t, Count: len(body)})
		}
	}
	g.do(Step{Do: doDrain, Socket: s})
}

// sendToStream sends bytes to a STREAM, which receives them as one message.
func (g *generator) sendToStream(t, s string) {
	g.do(Step{Do: doSend, Socket: t, Frames: g.message(t)[:1]})
	g.do(Step{Do: doRecv, Socket: s, Count: 1, Keep: []string{t}})
}
