package diff

import (
	"fmt"
	"slices"
)

// secured are scenarios with a mechanism, in addition to those of
// TestScenariosMatchLibzmqOverCurve and TestScenariosMatchLibzmqOverPlain.
var secured = slices.Concat(overCurve, refused)

var overCurve = []entry{
	{"curve-pull-connects-as-server", "the roles of CURVE do not depend on which socket binds", wires, "", `
		p PUSH curve=client
		a PULL curve=server
		b PULL curve=server
		p bind x
		a connect x
		b connect x
		p send 1
		p send 2 | "" | *70000
		p send 3
		a recv 1 ; 3
		b recv 2 | "" | *70000
		a none`},
	{"curve-router-routes-to-dealers", "a routing ID is announced inside CURVE", wires, "", `
		r ROUTER curve=server router_mandatory=1
		d DEALER curve=client routing_id=me
		e DEALER curve=client
		r bind x
		d connect x
		e connect x
		d send one | ""
		r recv me | one | ""
		e send two
		r recv $e | two
		r send $e | to e
		r send me | to d
		r send unknown | x -> EHOSTUNREACH
		d recv to d
		e recv to e
		d close
		r none
		r send me | x -> EHOSTUNREACH`},
	{"curve-client-with-wrong-server-key-is-refused", "a client connects to no server with another key", wires, "", `
		r PULL curve=server
		w PUSH curve=wrong
		g PUSH curve=client
		r bind x
		w connect x refused
		w send secret
		g connect x
		g send ok
		r recv ok
		r none`},
	{"curve-client-and-null-server-are-refused", "sockets of different mechanisms exchange nothing", wires, "", `
		r PULL
		c PUSH curve=client
		g PUSH
		r bind x
		c connect x refused
		g connect x
		g send ok
		r recv ok
		r none`},
	{"curve-subscriptions", "subscriptions are effective inside CURVE, also after a reconnect", wires, "", `
		p XPUB curve=server
		s SUB curve=client
		s sub a
		s sub b
		p bind x
		s connect x
		p any "\x01a" ; "\x01b"
		s unsub a
		p recv "\x00a"
		p send a
		p send bc
		s recv bc
		s disconnect x
		p recv "\x00b"
		s connect x
		p recv "\x01b"
		p send b
		s recv b
		s none`},
}

// refused are scenarios in which servers accept and refuse clients, with the events
// of both.
var refused = slices.Concat([]entry{
	{"plain-known-client", "a ZAP handler accepts a user with the right password", wires, "", `
		zap known
		r PULL plain=server
		c PUSH plain=client
		r bind x
		c connect x
		r event ready
		c event ready
		c send 1
		r recv 1`},
	{"plain-wrong-password", "a ZAP handler refuses a wrong password; other clients are not affected", wires, "", `
		zap known
		r PULL plain=server
		w PUSH plain=wrong
		g PUSH plain=client
		r bind x
		w connect x refused
		r event auth 400
		w event auth 400
		r none
		w send secret -> EAGAIN
		! ok because a refused client connects again, and keeps its queue
		g connect x
		g send ok
		r recv ok
		r none`},
	{"plain-without-handler", "a PLAIN server without a ZAP handler refuses every client", wires, "", `
		r PULL plain=server
		c PUSH plain=client handshake_ivl=500
		r bind x
		c connect x refused
		r event failed
		! auth 300 because ZAP without a handler cannot decide, as with the status 300
		c event failed
		c send secret
		r none`},
	{"curve-known-client", "a ZAP handler accepts a known key", wires, "", `
		zap known
		r PULL curve=server
		c PUSH curve=client
		r bind x
		c connect x
		r event ready
		c event ready
		c send 1
		r recv 1`},
	{"curve-unknown-client", "a ZAP handler refuses an unknown key; other clients are not affected", wires, "", `
		zap known
		r PULL curve=server
		w PUSH curve=unknown
		g PUSH curve=client
		r bind x
		w connect x refused
		r event auth 400
		w event auth 400
		r none
		w send secret -> EAGAIN
		! ok because a refused client connects again, and keeps its queue
		g connect x
		g send ok
		r recv ok
		r none`},
	{"curve-wrong-server-key", "a client with another key of the server is refused, without a reason", wires, "", `
		zap known
		r PULL curve=server
		w PUSH curve=wrong
		r bind x
		w connect x refused
		r event protocol 0x11000001
		w event failed
		w send secret
		r none`},
	{"curve-without-handler", "a CURVE server without a ZAP handler accepts every client", wires, "", `
		r PULL curve=server
		c PUSH curve=unknown
		r bind x
		c connect x
		r event ready
		c event ready
		c send 1
		r recv 1`},
	{"plain-client-and-null-server-are-refused", "sockets of different mechanisms exchange nothing", wires, "", `
		r PULL
		c PUSH plain=client
		g PUSH
		r bind x
		c connect x refused
		g connect x
		g send ok
		r recv ok
		r none`},
	{"curve-client-and-plain-server-are-refused", "sockets of different mechanisms exchange nothing", wires, "", `
		zap known
		r PULL plain=server
		c PUSH curve=client
		g PUSH plain=client
		r bind x
		c connect x refused
		g connect x
		g send ok
		r recv ok
		r none`},
}, statuses())

// statuses returns a scenario for each mechanism and each status of a ZAP handler. libzmq
// reports a refusal before it removes the pipe of the client, so that a message is sent
// some time after the event.
func statuses() (list []entry) {
	for _, m := range []struct{ name, server, client string }{
		{"null", "zap_domain=diff", ""}, {"plain", "plain=server", "plain=client"}, {"curve", "curve=server", "curve=client"},
	} {
		list = append(list, entry{m.name + "-status-200", "the client is accepted", wires, "", fmt.Sprintf(`
			zap 200
			r ROUTER %s
			c DEALER %s
			r bind x
			c connect x
			r event ready
			c event ready
			c send 1
			r recv $c | 1
			r send $c | 2
			c recv 2`, m.server, m.client)})
		for _, status := range []string{"300", "400", "500"} {
			client, queued := "auth "+status, "-> EAGAIN\n! ok because a refused client connects again, and keeps its queue"
			if status == "300" {
				client, queued = "failed", ""
			}
			list = append(list, entry{m.name + "-status-" + status, "the client is refused, and receives the reason except with 300", wires, "", fmt.Sprintf(`
				zap %s
				r ROUTER %s
				c DEALER %s handshake_ivl=500
				r bind x
				c connect x refused
				r event auth %s
				c event %s
				r none
				c send secret %s
				r none`, status, m.server, m.client, status, client, queued)})
		}
	}
	return list
}
