package diff

import "strings"

// namedDisconnects are scenarios for disconnect and unbind of the types that
// address peers by routing ID or number, of RADIO and DISH, and of the types
// with one peer.
var namedDisconnects = append([]entry{
	{"router-unbind", "zmq_unbind with ZMQ_ROUTER_MANDATORY", wires, "", `
		r ROUTER router_mandatory=1
		d DEALER routing_id=d
		e DEALER routing_id=e
		r bind x
		r bind y
		d connect x
		e connect y
		r send d | 1
		r send e | 1
		d recv 1
		e recv 1
		r unbind x
		r none
		r send d | 2 -> EHOSTUNREACH
		r send e | 2
		e recv 2
		d none
		r bind x
		r send d | 3
		d recv 3`},
	{"router-disconnect", "zmq_disconnect with ZMQ_ROUTER_MANDATORY", "", "", `
		r ROUTER router_mandatory=1
		d DEALER routing_id=d
		e DEALER routing_id=e
		d bind x
		e bind y
		r connect x
		r connect y
		r none
		r send d | 1
		r send e | 1
		d recv 1
		e recv 1
		r disconnect x
		r send d | 2 -> EHOSTUNREACH
		r send e | 2
		e recv 2
		d none
		d send no -> EAGAIN
		r send d | 2 -> EHOSTUNREACH
		r connect x
		r none
		r send d | 3
		d recv 3
		d send 4
		r recv d | 4`},
	{"dealer-disconnect-from-router", "zmq_disconnect with ZMQ_ROUTER_MANDATORY", "", "", `
		r ROUTER router_mandatory=1
		d DEALER routing_id=d
		r bind x
		d connect x
		d send 1
		d disconnect x
		d send no -> EAGAIN
		r recv d | 1
		r none
		r send d | 2 -> EHOSTUNREACH
		d connect x
		r none
		r send d | 3
		d recv 3
		d none`},
	{"router-disconnect-full-dealer", "zmq_disconnect with ZMQ_ROUTER_MANDATORY over inproc", inproc, "", `
		r ROUTER router_mandatory=1 sndhwm=1
		d DEALER routing_id=d rcvhwm=1
		d bind x
		r connect x
		r none
		r send d | 1
		r send d | 2
		r send d | 3 -> EAGAIN
		r disconnect x
		r send d | 3 -> EAGAIN
		! -> EHOSTUNREACH because a disconnect takes effect immediately; libzmq keeps the pipe until the peer has processed its end
		d recv 1
		r send d | 3 -> EHOSTUNREACH
		d recv 2
		d none
		r send d | 3 -> EHOSTUNREACH
		r connect x
		r none
		r send d | 4
		d recv 4
		d none`},
	{"router-disconnect-with-unread-messages", "zmq_disconnect at a ROUTER over inproc", inproc, "", `
		r ROUTER
		d DEALER routing_id=d
		d bind x
		r connect x
		d send 1
		d send 2
		r recv d | 1
		r disconnect x
		r none
		! d | 2 because received messages stay readable after a disconnect
		d none
		r connect x
		d send 3
		r recv d | 3
		r none`},
	{"server-unbind", "zmq_unbind at a SERVER", wires, "", `
		s SERVER
		c CLIENT
		s bind x
		c connect x
		c send 1
		s recv $c | 1
		s send $c | r1
		c recv r1
		s unbind x
		s none
		s send $c | r2 -> EHOSTUNREACH
		c none
		s bind x
		c none
		c send 3
		s recv $d | 3
		s send $d | r3
		s send $c | r3 -> EHOSTUNREACH
		c recv r3
		c none`},
	{"server-disconnect", "zmq_disconnect at a SERVER or CLIENT", "", "", `
		s SERVER
		c CLIENT
		c bind x
		s connect x
		c send 1
		s recv $c | 1
		s disconnect x
		c none
		s send $c | r2 -> EHOSTUNREACH
		c send no -> EAGAIN
		s send $c | r2 -> EHOSTUNREACH
		s connect x
		c send 3
		s recv $d | 3
		s send $d | r3
		c recv r3`},
	{"client-disconnect", "zmq_disconnect at a SERVER or CLIENT", "", "", `
		s SERVER
		c CLIENT
		s bind x
		c connect x
		c send 1
		c send 2
		c disconnect x
		s recv $c | 1
		s recv $c | 2
		s none
		s send $c | r -> EHOSTUNREACH
		c connect x
		c send 3
		s recv $d | 3
		s send $d | r3
		s send $c | r -> EHOSTUNREACH
		c recv r3
		c none`},
	{"server-disconnect-full-client", "zmq_disconnect at a SERVER over inproc", inproc, "", `
		s SERVER sndhwm=1
		c CLIENT rcvhwm=1
		c bind x
		s connect x
		c send 1
		s recv $c | 1
		s send $c | 1
		s send $c | 2
		s send $c | 3 -> EAGAIN
		s disconnect x
		s send $c | 3 -> EAGAIN
		! -> EHOSTUNREACH because a disconnect takes effect immediately; libzmq keeps the pipe until the peer has processed its end
		c recv 1
		s send $c | 3 -> EAGAIN
		! -> EHOSTUNREACH because the disconnect has taken effect
		c recv 2
		c none
		s send $c | 3 -> EHOSTUNREACH
		c none`},
	{"peer-disconnect", "zmq_disconnect at a PEER", "", "", `
		a PEER
		b PEER
		b bind x
		a connect x
		a disconnect x
		a none
		b none`},

	{"radio-unbind", "zmq_unbind at a RADIO", wires, "", `
		r RADIO
		d DISH
		e DISH
		d join g
		e join g
		r bind x
		r bind y
		d connect x
		e connect y
		r send g | 1
		d recv g | 1
		e recv g | 1
		r unbind x
		r send g | 2
		e recv g | 2
		d none
		d join h
		r send h | 3
		r bind x
		r send g | 4
		r send h | 4
		d recv g | 4 ; h | 4
		e recv g | 4
		d none
		e none`},
	{"radio-disconnect", "zmq_disconnect at a RADIO", "", "", `
		r RADIO
		d DISH
		e DISH
		d join g
		e join g
		d bind x
		e bind y
		r connect x
		r connect y
		r send g | 1
		d recv g | 1
		e recv g | 1
		r disconnect x
		r send g | 2
		e recv g | 2
		d none
		d join h
		r send h | 3
		d none
		r connect x
		r send h | 4
		d recv h | 4
		d none`},
	{"dish-disconnect", "zmq_disconnect at a DISH", "", "", `
		r RADIO
		d DISH
		d join g
		r bind x
		d connect x
		r send g | 1
		d recv g | 1
		d disconnect x
		r send g | 3
		d none
		d join h
		d leave g
		r send h | 4
		d none
		d connect x
		r send g | 5
		r send h | 5
		d recv h | 5
		d none`},
	{"dish-unbind", "zmq_unbind at a DISH", wires, "", `
		r RADIO
		d DISH
		d join g
		d bind x
		r connect x
		r send g | 1
		d recv g | 1
		d unbind x
		d none
		d join h
		d bind x
		r send g | 2
		r send h | 2
		d recv g | 2 ; h | 2
		d none`},
	{"radio-disconnect-full-dish-that-joins-later", "zmq_disconnect at a RADIO over inproc", inproc, "", `
		r RADIO sndhwm=1
		d DISH rcvhwm=1
		d join g
		d bind x
		r connect x
		r send g | 1
		r send g | 2
		r send g | 3
		r disconnect x
		r send g | 4
		d join h
		d recv g | 1
		r send h | 5
		d recv g | 2
		r send g | 6
		r send h | 6
		d none
		r connect x
		r send h | 7
		d recv h | 7
		d none`},
}, pairDisconnects("PAIR", "CHANNEL")...)

// pairDisconnects returns pairEntries for socket types with one peer.
func pairDisconnects(types ...string) (list []entry) {
	for _, t := range types {
		for _, e := range pairEntries {
			e.name, e.text = strings.ToLower(strings.ReplaceAll(e.name, "PAIR", t)), strings.ReplaceAll(e.text, "PAIR", t)
			list = append(list, e)
		}
	}
	return list
}

var pairEntries = []entry{
	{"PAIR-unbind-admits-next-peer", "zmq_unbind at a PAIR", wires, "", `
		a PAIR
		b PAIR
		c PAIR
		a bind x
		b connect x
		b send 1
		a recv 1
		a unbind x
		a none
		a send no -> EAGAIN
		a bind y
		c connect y
		a send 2
		c send 3
		c recv 2
		a recv 3
		b none`},
	{"PAIR-disconnect-admits-next-peer", "zmq_disconnect at a PAIR", "", "", `
		a PAIR
		b PAIR
		c PAIR
		b bind x
		c bind y
		a connect x
		a send 1
		b recv 1
		a disconnect x
		b none
		a none
		a send no -> EAGAIN
		b send no -> EAGAIN
		a connect y
		a send 2
		c recv 2
		c send 3
		a recv 3
		b none`},
	{"PAIR-disconnect-full-peer-admits-next-after-drain", "zmq_disconnect at a PAIR over inproc", inproc, "", `
		a PAIR sndhwm=1
		b PAIR rcvhwm=1
		c PAIR
		b bind x
		a connect x
		a fill 9 -> 2
		a disconnect x
		a send no -> EAGAIN
		b recv 1
		a send no -> EAGAIN
		b recv 2
		b none
		a none
		a send no -> EAGAIN
		c connect x
		c send 3
		b recv 3
		b send 4
		c recv 4
		a none`},
}
