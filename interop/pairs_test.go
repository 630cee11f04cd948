package interop

import "slices"

// pair is a valid combination of two socket types, with the function that
// exchanges messages between them.
type pair struct {
	a, b string
	talk func(a, b socket, m message) // sends m in each direction that the types support
}

// pairs lists all valid pairs.
// https://rfc.zeromq.org/spec/37/#the-socket-type-property
var pairs = []pair{
	{"PAIR", "PAIR", bothWays},
	{"PUB", "SUB", oneWay},
	{"PUB", "XSUB", oneWay},
	{"XPUB", "SUB", oneWay},
	{"XPUB", "XSUB", withXSubMessage},
	{"REQ", "REP", bothWays},
	{"REQ", "ROUTER", reqRouter},
	{"DEALER", "REP", dealerRep},
	{"DEALER", "DEALER", bothWays},
	{"DEALER", "ROUTER", dealerRouter},
	{"ROUTER", "ROUTER", routerRouter},
	{"PUSH", "PULL", oneWay},
}

func oneWay(a, b socket, m message) {
	a.send(m)
	b.expect(m)
}

func bothWays(a, b socket, m message) {
	oneWay(a, b, m)
	oneWay(b, a, m.reply())
}

// withXSubMessage also sends a message from the XSUB to the XPUB. It begins with
// the frame "up", because a message that begins with byte 0 or 1 is a
// subscription.
func withXSubMessage(pub, sub socket, m message) {
	oneWay(pub, sub, m)
	oneWay(sub, pub, m.reply().withEnvelope("up"))
}

func reqRouter(req, router socket, m message) {
	id := idOf(req)
	req.send(m)
	router.expect(m.withEnvelope(id, ""))
	router.send(m.reply().withEnvelope(id, ""))
	req.expect(m.reply())
}

func dealerRep(dealer, rep socket, m message) {
	dealer.send(m.withEnvelope(""))
	rep.expect(m)
	rep.send(m.reply())
	dealer.expect(m.reply().withEnvelope(""))
}

func dealerRouter(dealer, router socket, m message) {
	id := idOf(dealer)
	dealer.send(m)
	router.expect(m.withEnvelope(id))
	router.send(m.reply().withEnvelope(id))
	dealer.expect(m.reply())
}

// routerRouter sends from our socket first. When our socket has the peer, the
// peer may not have completed its handshake, and libzmq would drop a message
// for an unknown routing ID.
func routerRouter(us, them socket, m message) {
	us.send(m.withEnvelope(theirsID))
	them.expect(m.withEnvelope(oursID))
	them.send(m.reply().withEnvelope(oursID))
	us.expect(m.reply().withEnvelope(theirsID))
}

// idOf returns the routing ID that a socket announces.
func idOf(e socket) string {
	if _, ok := e.(*ours); ok {
		return oursID
	}
	return theirsID
}

// reply returns a message with frames of the same sizes and other contents.
func (m message) reply() message {
	r := slices.Clone(m)
	for i := range r {
		r[i].seed++
	}
	return r
}

// roles assigns the two types of a pair to our socket and to the peer.
type roles struct {
	ours, theirs string
	pair
}

func (r roles) String() string { return r.ours + "-" + r.theirs }

// allRoles returns every pair, with our socket in either role.
func allRoles() []roles {
	var all []roles
	for _, p := range pairs {
		all = append(all, roles{p.a, p.b, p})
		if p.a != p.b {
			all = append(all, roles{p.b, p.a, p})
		}
	}
	return all
}

func (r roles) talk(o *ours, th socket, m message) {
	o.t.Helper()
	if r.ours == r.a {
		r.pair.talk(o, th, m)
	} else {
		r.pair.talk(th, o, m)
	}
}

func publishes(typ string) bool  { return typ == "PUB" || typ == "XPUB" }
func subscribes(typ string) bool { return typ == "SUB" || typ == "XSUB" }

// prepare subscribes the SUB and XSUB sockets to all topics.
func (r roles) prepare(sockets ...socket) {
	for _, e := range sockets {
		if subscribes(e.typ()) {
			e.subscribe("")
		}
	}
}

// join connects the two sockets and returns the endpoint.
func join(o *ours, th socket, oursBinds bool, endpoint string) string {
	o.t.Helper()
	if oursBinds {
		endpoint = o.bind(endpoint)
		th.connect(endpoint)
	} else {
		endpoint = th.bind(endpoint)
		o.connect(endpoint)
	}
	return endpoint
}

// settle waits until the two sockets can exchange messages: each has the other
// as a peer, and the publisher has the subscription. An XPUB receives the
// subscription as a message. kept is the socket that existed before the
// exchange was interrupted, or nil; if it is an XPUB it first receives the
// unsubscription of its previous peer.
func (r roles) settle(o *ours, th socket, kept socket) {
	o.t.Helper()
	o.connected()
	if th, ok := th.(*theirs); ok {
		th.connected()
	}
	switch {
	case publishes(r.ours):
		o.waitSubscribers(1, "")
		if r.ours == "XPUB" {
			if kept == o {
				o.expect(text("\x00"))
			}
			o.expect(text("\x01"))
		}
	case subscribes(r.ours):
		o.subscribed()
		// libzmq's PUB does not report subscriptions.
		if _, libzmq := th.(*theirs); !libzmq || r.theirs == "XPUB" && (kept != th || th.(*theirs).bound) {
			// A connecting libzmq XPUB keeps the subscriptions of an endpoint
			// across reconnects, and does not report this one again.
			th.expect(text("\x01"))
		}
	}
}
