package diff

import (
	"slices"
	"strings"
)

// topics are the topics of random scenarios.
var topics = []string{"", "a", "ab", "abc", "b", "ba", "\x00", "ÿ\x01"}

// pubsub generates publishers and subscribers of all four types.
func (g *generator) pubsub() {
	var pubs, subs []string
	g.hasHWM = g.transport == "inproc" && g.oneIn(4)
	var options []any
	if g.hasHWM {
		options = []any{"sndhwm", 1 + g.IntN(4), "rcvhwm", 1 + g.IntN(4)}
	}
	both := g.pubSubOptions()
	options = append(options, both...)
	for range 1 + g.IntN(2) {
		typ := g.pick("PUB", "XPUB")
		pubs = append(pubs, g.socket("P", typ, append(g.pubOptions(typ), options...)...))
	}
	g.publishers = len(pubs)
	for range 1 + g.IntN(3) {
		typ := g.pick("SUB", "SUB", "XSUB")
		if len(pubs) > 1 {
			// With several publishers an unsubscription may take effect late.
			// A SUB filters messages itself; an XSUB does not.
			typ = "SUB"
		}
		s := g.socket("S", typ, g.subOptions(options)...)
		subs = append(subs, s)
		for range g.IntN(3) {
			g.subscribe(s)
		}
	}
	g.connectAll(pubs, subs)
	for range 5 + g.IntN(20) {
		s := subs[g.IntN(len(subs))]
		switch g.IntN(11) {
		case 10:
			g.disconnectOrReconnect(func() {
				for _, s := range subs {
					g.drain(s)
				}
				g.notices(pubs)
			})
		case 0, 1:
			g.subscribe(s)
		case 2:
			// Ready waits for one publisher only.
			if g.p.links(s) <= 1 || !g.overWires(s) {
				g.do(Step{Do: doUnsubscribe, Socket: s, Topic: g.pick(topics...)})
			}
		case 3:
			g.drain(s)
		case 4:
			g.notices(pubs)
		case 5:
			toPub := slices.ContainsFunc(pubs, func(p string) bool { return g.p.socket(p).Type == "PUB" })
			if g.p.socket(s).Type == "XSUB" && !g.hasHWM && !toPub {
				// Not to a PUB (pub-drops-message-of-bound-xsub), and
				// no frames that are subscriptions
				// (xsub-every-frame-may-subscribe-inproc).
				g.do(Step{Do: doSend, Socket: s, Frames: []string{g.pick("up", "", "a"), "stream"}})
			}
		case 6:
			if g.oneIn(2) {
				subs = g.replaceSubscriber(pubs, subs, options)
			}
		default:
			for range 1 + g.IntN(4) {
				g.send(pubs[g.IntN(len(pubs))], g.pick(topics...)+g.pick("", "", "1", "bc"))
			}
		}
	}
	for _, s := range subs {
		g.drain(s)
	}
	g.notices(pubs)
}

// subOptions removes sndhwm from the options of a subscriber, because libzmq
// drops subscriptions beyond it (sub-more-topics-than-sndhwm).
func (g *generator) subOptions(options []any) []any {
	if g.hasHWM {
		return options[2:]
	}
	return options
}

// subscribe subscribes to a random topic. With several publishers it avoids
// topics that overlap with another one: the test cannot detect when every
// publisher has received such a subscription.
func (g *generator) subscribe(s string) {
	topic := g.pick(topics...)
	for t := range g.p.subs[s] {
		if g.publishers > 1 && t != topic && (strings.HasPrefix(t, topic) || strings.HasPrefix(topic, t)) {
			return
		}
	}
	g.do(Step{Do: doSubscribe, Socket: s, Topic: topic})
}

// notices reads the subscriptions that XPUBs receive. Topics of one peer may
// arrive in any order.
func (g *generator) notices(pubs []string) {
	for _, p := range pubs {
		if g.p.socket(p).Type == "XPUB" {
			g.do(Step{Do: doDrain, Socket: p, Order: anyOrder})
		}
	}
}

// replaceSubscriber closes a subscriber and connects a new one to the
// publishers.
func (g *generator) replaceSubscriber(pubs, subs []string, options []any) []string {
	i := g.IntN(len(subs))
	old := subs[i]
	if g.hasReconnectingPeer(old) {
		return subs // publishers would reconnect to an endpoint without a socket
	}
	g.notices(pubs)
	g.do(Step{Do: doClose, Socket: old})
	delete(g.open, old)
	g.notices(pubs)
	s := g.socket("S", "SUB", g.subOptions(options)...)
	g.subscribe(s)
	for _, p := range pubs {
		g.join(p, s)
	}
	g.notices(pubs)
	g.peersChanged = true
	return append(slices.Delete(slices.Clone(subs), i, i+1), s)
}

// requests generates REQs and DEALERs that send requests to REPs, or to a
// ROUTER.
func (g *generator) requests() {
	var clients, servers []string
	router := g.oneIn(3)
	if router {
		servers = []string{g.socket("R", "ROUTER")}
	} else {
		servers = g.several("R", "REP", 2)
	}
	count := 1 + g.IntN(3)
	newClient := func() {
		typ := g.pick("REQ", "REQ", "DEALER")
		c := g.socket("C", typ, append(g.reqOptions(typ, router, count == 1), "routing_id", "")...)
		id := c
		g.p.socket(c).Options["routing_id"] = id
		clients = append(clients, c)
	}
	for range count {
		newClient()
	}
	g.connectAll(servers, clients)
	for range 3 + g.IntN(6) {
		i := g.IntN(len(clients))
		c := clients[i]
		g.request(c, servers, router)
		if g.oneIn(4) && len(servers) == 1 && g.p.socket(c).Options["req_relaxed"] == nil {
			g.disconnectRequests(clients, servers[0])
		}
		if g.oneIn(4) && len(clients) > 1 && !g.hasReconnectingPeer(c) {
			g.do(Step{Do: doClose, Socket: c})
			delete(g.open, c)
			for _, s := range servers {
				g.poll(s)
			}
			clients = slices.Delete(clients, i, i+1)
			newClient()
			for _, s := range servers {
				g.join(s, clients[len(clients)-1])
			}
		}
	}
}

// poll receives at a socket without messages, so that libzmq processes the end
// of connections.
func (g *generator) poll(s string) { g.do(Step{Do: doDrain, Socket: s}) }

// request generates a request and reply, and calls in the wrong state.
func (g *generator) request(c string, servers []string, router bool) {
	dealer := g.p.socket(c).Type == "DEALER"
	if g.oneIn(4) {
		g.do(Step{Do: doDrain, Socket: c})
	}
	var head []string
	if dealer {
		head = g.envelope()
	}
	g.send(c, head...)
	if g.oneIn(4) && !dealer {
		g.send(c)
	}
	if g.oneIn(4) {
		g.do(Step{Do: doDrain, Socket: c})
	}
	for _, s := range servers {
		if g.oneIn(4) && !router {
			g.send(s)
		}
		g.do(Step{Do: doDrain, Socket: s})
		if router {
			g.routerReply(s, c, c, "")
			continue
		}
		g.send(s)
		if g.oneIn(4) {
			g.send(s)
		}
	}
	g.do(Step{Do: doDrain, Socket: c})
	if g.oneIn(4) {
		g.do(Step{Do: doDrain, Socket: c})
	}
}

// envelope returns the envelope of a DEALER's request: hops and the delimiter,
// and sometimes an envelope without a delimiter.
func (g *generator) envelope() (head []string) {
	if g.oneIn(6) {
		return []string{"no envelope"}
	}
	for range g.IntN(3) {
		head = append(head, "hop")
	}
	return append(head, "")
}

// routers generates ROUTERs, and DEALERs with routing IDs.
func (g *generator) routers() {
	options := g.routerOptions()
	routers := []string{g.socket("R", "ROUTER", append(options, "routing_id", "RA")...)}
	if g.oneIn(3) {
		routers = append(routers, g.socket("R", "ROUTER", append(options, "routing_id", "RB")...))
		g.join(routers[0], routers[1])
	}
	var dealers []string
	newDealer := func() {
		d := g.socket("D", "DEALER", append(g.dealerOptions(), "routing_id", "")...)
		g.p.socket(d).Options["routing_id"] = d
		dealers = append(dealers, d)
	}
	for range 1 + g.IntN(3) {
		newDealer()
	}
	g.connectAll(routers, dealers)
	for range 4 + g.IntN(16) {
		r := routers[g.IntN(len(routers))]
		i := g.IntN(len(dealers))
		switch g.IntN(9) {
		case 8:
			if len(routers) > 1 {
				break // the distribution of the DEALERs would be unspecified
			}
			g.disconnectOrReconnect(func() {
				for _, s := range g.s.Sockets { // includes replaced DEALERs
					if g.open[s.Name] {
						g.drain(s.Name)
					}
				}
			})
		case 0:
			g.drain(r)
		case 1:
			g.drain(dealers[i])
		case 2, 3:
			g.routerReply(r, dealers[i], dealers[i])
			if g.p.socket(r).Options["router_mandatory"] != nil && g.oneIn(4) {
				g.send(r, "unknown")
			}
		case 4:
			if len(routers) == 2 {
				g.routerReply(routers[0], routers[1], "RB")
				g.routerReply(routers[1], routers[0], "RA")
			}
		case 5:
			if g.hasReconnectingPeer(dealers[i]) || !g.oneIn(2) {
				break
			}
			for _, r := range routers {
				g.drain(r)
			}
			g.do(Step{Do: doClose, Socket: dealers[i]})
			delete(g.open, dealers[i])
			g.peersChanged = true
			for _, r := range routers {
				g.drain(r)
			}
			// The next one has the same routing ID.
			id := g.p.socket(dealers[i]).Options["routing_id"]
			dealers = slices.Delete(dealers, i, i+1)
			newDealer()
			d := dealers[len(dealers)-1]
			g.p.socket(d).Options["routing_id"] = id
			for _, r := range routers {
				g.join(r, d)
			}
			dealers = slices.DeleteFunc(dealers, func(x string) bool { return x == d })
			if len(dealers) == 0 {
				newDealer()
				for _, r := range routers {
					g.join(r, dealers[0])
				}
			}
		default:
			g.send(dealers[i])
		}
	}
	for _, s := range append(slices.Clone(routers), dealers...) {
		g.drain(s)
	}
}
