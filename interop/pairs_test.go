package interop

import "slices"

// pair is two socket types that may talk to each other, and how they do.
type pair struct {
	a, b string
	talk func(a, b end, m message) // one exchange, m in every direction there is
}

// pairs is every pair that is legal.
// https://rfc.zeromq.org/spec/37/#the-socket-type-property
var pairs = []pair{
	{"PAIR", "PAIR", bothWays},
	{"PUB", "SUB", oneWay},
	{"PUB", "XSUB", oneWay},
	{"XPUB", "SUB", oneWay},
	{"XPUB", "XSUB", withUpstream},
	{"REQ", "REP", bothWays},
	{"REQ", "ROUTER", reqRouter},
	{"DEALER", "REP", dealerRep},
	{"DEALER", "DEALER", bothWays},
	{"DEALER", "ROUTER", dealerRouter},
	{"ROUTER", "ROUTER", routerRouter},
	{"PUSH", "PULL", oneWay},
}

func oneWay(a, b end, m message) {
	a.send(m)
	b.expect(m)
}

func bothWays(a, b end, m message) {
	oneWay(a, b, m)
	oneWay(b, a, m.answer())
}

// withUpstream adds what only XSUB can send and only XPUB can receive. One
// byte goes before it, for what begins with 0 or 1 is a subscription.
func withUpstream(pub, sub end, m message) {
	oneWay(pub, sub, m)
	oneWay(sub, pub, m.answer().under("up"))
}

func reqRouter(req, router end, m message) {
	id := idOf(req)
	req.send(m)
	router.expect(m.under(id, ""))
	router.send(m.answer().under(id, ""))
	req.expect(m.answer())
}

func dealerRep(dealer, rep end, m message) {
	dealer.send(m.under(""))
	rep.expect(m)
	rep.send(m.answer())
	dealer.expect(m.answer().under(""))
}

func dealerRouter(dealer, router end, m message) {
	id := idOf(dealer)
	dealer.send(m)
	router.expect(m.under(id))
	router.send(m.answer().under(id))
	dealer.expect(m.answer())
}

// routerRouter is begun by us: that we see the peer does not mean that it sees
// us already, and it would drop what it cannot route.
func routerRouter(us, them end, m message) {
	us.send(m.under(theirsID))
	them.expect(m.under(oursID))
	them.send(m.answer().under(oursID))
	us.expect(m.answer().under(theirsID))
}

// idOf is the routing id that an end announces.
func idOf(e end) string {
	if _, ok := e.(*ours); ok {
		return oursID
	}
	return theirsID
}

// answer is a message of the same shape and other content.
func (m message) answer() message {
	r := slices.Clone(m)
	for i := range r {
		r[i].seed++
	}
	return r
}

// roles is a pair with us as one of the two.
type roles struct {
	ours, theirs string
	pair
}

func (r roles) String() string { return r.ours + "-" + r.theirs }

// allRoles is every pair with us in both places.
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

func (r roles) talk(o *ours, th end, m message) {
	o.t.Helper()
	if r.ours == r.a {
		r.pair.talk(o, th, m)
	} else {
		r.pair.talk(th, o, m)
	}
}

func publishes(typ string) bool  { return typ == "PUB" || typ == "XPUB" }
func subscribes(typ string) bool { return typ == "SUB" || typ == "XSUB" }

// prepare subscribes whoever has to.
func (r roles) prepare(ends ...end) {
	for _, e := range ends {
		if subscribes(e.typ()) {
			e.subscribe("")
		}
	}
}

// join connects the two and returns the endpoint.
func join(o *ours, th end, oursBinds bool, endpoint string) string {
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

// settle waits until the two can talk: each knows the other, and the
// publisher has its subscription. An XPUB tells of that to its application,
// and if it was there before also that the last peer has gone.
func (r roles) settle(o *ours, th end, kept end) {
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
		// A Python PUB keeps it to itself.
		if _, libzmq := th.(*theirs); !libzmq || r.theirs == "XPUB" && (kept != th || th.(*theirs).bound) {
			// To a connecting XPUB of libzmq the new peer is the old one.
			th.expect(text("\x01"))
		}
	}
}
