package diff

// asking is the options of section 3.2, those of REQ.
var asking = []entry{
	{"a relaxed REQ may ask again", "3.2 REQ_RELAXED", "", "", `
		q REQ req_relaxed=1 routing_id=q
		r ROUTER
		r bind x
		q connect x
		q send 1
		q send 2
		q send 3
		r recv q | "" | 1 ; q | "" | 2 ; q | "" | 3
		r send q | "" | three
		q recv three
		q none -> EFSM`},
	{"a relaxed REQ takes an old reply for the new one", "3.2 REQ_RELAXED: without CORRELATE", "", "", `
		q REQ req_relaxed=1 routing_id=q
		r ROUTER
		r bind x
		q connect x
		q send 1
		r recv q | "" | 1
		q send 2
		r recv q | "" | 2
		r send q | "" | one
		r send q | "" | two
		q recv one
		q send 3
		r recv q | "" | 3`},
	{"a relaxed REQ drops what had come", "3.2 REQ_RELAXED, Starting a request drains", inside, "", `
		q REQ req_relaxed=1 routing_id=q
		r ROUTER
		r bind x
		q connect x
		q send 1
		r recv q | "" | 1
		r send q | "" | one
		q send 2
		r recv q | "" | 2
		r send q | "" | two
		q recv two
		q none -> EFSM`},
	{"a relaxed REQ must still ask before it receives", "3.2 Strict", inside, "", `
		q REQ req_relaxed=1
		r REP
		r bind x
		q connect x
		q none -> EFSM
		q send 1
		r recv 1
		r send one
		q recv one
		q none -> EFSM`},
	{"a relaxed REQ goes round its REPs", "3.2 REQ_RELAXED", "", "", `
		q REQ req_relaxed=1
		a REP
		b REP
		a bind x
		b bind y
		q connect x
		q connect y
		q send 1
		q send 2
		q send 3
		a recv 1
		a send one
		b recv 2
		b send two
		a recv 3
		a send three
		q take 1`},
	{"a relaxed and correlating REQ knows its reply", "3.2 REQ_RELAXED, REQ_CORRELATE", "", "", `
		q REQ req_relaxed=1 req_correlate=1 routing_id=q
		r ROUTER
		r bind x
		q connect x
		q send 1
		r recv q | $one | "" | 1
		q send 2
		r recv q | $two | "" | 2
		r send q | $one | "" | old
		r send q | $two | "" | new
		q recv new
		q none -> EFSM`},
	{"a relaxed and correlating REQ with REPs", "3.2 REQ_RELAXED, REQ_CORRELATE", "", "", `
		q REQ req_relaxed=1 req_correlate=1
		a REP
		b REP
		a bind x
		b bind y
		q connect x
		q connect y
		q send 1
		a recv 1
		q send 2
		b recv 2
		a send old
		b send new
		q recv new`},
	{"a correlating REQ sends an id", "3.2 REQ prepends a delimiter and a request id", "", "", `
		q REQ req_correlate=1 routing_id=q
		r ROUTER
		r bind x
		q connect x
		q send 1 | more
		r recv q | $one | "" | 1 | more
		r send q | $one | "" | one | more
		q recv one | more
		q send 2
		r recv q | $two | "" | 2
		r send q | $one | "" | false
		r send q | $two | "" | true
		q recv true
		q none -> EFSM`},
	{"a correlating REQ wants the id back", "3.2 REQ_CORRELATE: malformed frames are skipped", inside, "", `
		q REQ req_correlate=1 routing_id=q
		r ROUTER
		r bind x
		q connect x
		q send 1
		r recv q | $one | "" | 1
		r send q | "" | no id
		r send q | $one | no delimiter
		r send q | abcd | "" | false id
		r send q | abcde | "" | long id
		r send q | $one | "" | good
		q recv good`},
	{"a correlating REQ is strict", "3.2 Strict", "", "", `
		q REQ req_correlate=1
		r REP
		r bind x
		q connect x
		q send 1
		q send 2 -> EFSM
		r recv 1
		r send one
		q recv one
		q none -> EFSM`},
	{"a REP brings an id back", "3.2 REP stores the envelope", "", "", `
		q REQ req_correlate=1
		r REP
		r bind x
		q connect x
		q send 1
		r recv 1
		r send one
		q recv one
		q send 2
		r recv 2
		r send two | too
		q recv two | too`},
	{"a relaxed REQ asks on when its REP has gone", "3.2 REQ_RELAXED", wires, "", `
		q REQ req_relaxed=1
		a REP
		b REP
		a bind x
		q connect x
		q send 1
		a recv 1
		a close
		b bind x
		q send 2
		b recv 2
		b send two
		q recv two`},
	{"a relaxed REQ without a peer", "3.2 No peers", inside, "", `
		q REQ req_relaxed=1
		r REP
		r bind x
		q send 1 -> EAGAIN
		q connect x
		q send 2
		r recv 2
		r send two
		q recv two`},
	{"a relaxed REQ at its high-water mark", "3.2 REQ_RELAXED, 3.1 HWM", inside, "", `
		q REQ req_relaxed=1 sndhwm=1
		r ROUTER rcvhwm=2
		r bind x
		q connect x
		q fill 10 -> 3
		r take 2
		q fill 10 -> 2`},
	{"a REQ probes", "3.3 PROBE_ROUTER", "", "", `
		q REQ probe_router=1 routing_id=q
		r ROUTER
		r bind x
		q connect x
		r recv q | ""
		q send 1
		r recv q | "" | 1
		r send q | "" | one
		q recv one`},
}

// naming is the options of section 3.3, those of ROUTER.
var naming = []entry{
	{"a mandatory ROUTER and an unknown id", "3.3 MANDATORY: EHOSTUNREACH", "", "", `
		r ROUTER router_mandatory=1
		d DEALER routing_id=d
		r bind x
		d connect x
		r send nobody | 1 -> EHOSTUNREACH
		r send nobody | 1 | 2 -> EHOSTUNREACH
		r send d | 2 | 3
		d recv 2 | 3
		d none`},
	{"a mandatory ROUTER and an id that has left", "3.3 MANDATORY: EHOSTUNREACH", "", "", `
		r ROUTER router_mandatory=1
		d DEALER routing_id=d
		e DEALER routing_id=e
		r bind x
		d connect x
		e connect x
		r send d | 1
		d recv 1
		d close
		r none
		r send d | 2 -> EHOSTUNREACH
		r send e | 3
		e recv 3`},
	{"a mandatory ROUTER and a full peer", "3.3 MANDATORY: EAGAIN", inside, "", `
		r ROUTER router_mandatory=1 sndhwm=1
		d DEALER routing_id=d rcvhwm=1
		e DEALER routing_id=e rcvhwm=1
		r bind x
		d connect x
		e connect x
		r send d | 1
		r send d | 2
		r send d | 3 -> EAGAIN
		r send e | 4
		d recv 1
		r send d | 5
		r send d | 6 -> EAGAIN
		d recv 2 ; 5
		e recv 4
		d none`},
	{"a mandatory ROUTER and its REQ", "3.3 MANDATORY", "", "", `
		r ROUTER router_mandatory=1
		q REQ routing_id=q
		r bind x
		q connect x
		r send p | "" | 1 -> EHOSTUNREACH
		q send ask
		r recv q | "" | ask
		r send q | "" | answer
		q recv answer`},
	{"handover over inproc", "3.3 HANDOVER=1", inside, "", `
		r ROUTER router_handover=1
		d DEALER routing_id=same
		e DEALER routing_id=same
		r bind x
		d connect x
		d send 1
		r recv same | 1
		e connect x ousts d
		e send 2
		r recv same | 2
		r send same | two
		e recv two
		d none`},
	{"handover leaves what had come readable", "3.3 HANDOVER=1: after pending inbound is read", inside, "", `
		r ROUTER router_handover=1
		d DEALER routing_id=same
		e DEALER routing_id=same
		r bind x
		d connect x
		d send 1
		d send 2
		e connect x ousts d
		e send 3
		r all same | 3
		! same | 1 ; same | 2 ; same | 3 because what a peer has sent before another took its id over is not lost`},
	{"handover over a wire", "3.3 HANDOVER=1", wires, "", `
		r ROUTER router_handover=1
		d DEALER routing_id=same reconnect_ivl=-1
		e DEALER routing_id=same
		r bind x
		d connect x
		d send 1
		r recv same | 1
		e connect x ousts d
		e send 2
		r recv same | 2
		r send same | two
		e recv two
		d none`},
	{"handover when the first has left", "3.3 HANDOVER=1", "", "", `
		r ROUTER router_handover=1
		d DEALER routing_id=same
		e DEALER routing_id=same
		r bind x
		d connect x
		d send 1
		r recv same | 1
		d close
		e connect x
		r send same | hello
		e recv hello
		e send 2
		r recv same | 2`},
	{"handover leaves others alone", "3.3 HANDOVER=1", inside, "", `
		r ROUTER router_handover=1
		d DEALER routing_id=d
		e DEALER routing_id=e
		f DEALER routing_id=d
		r bind x
		d connect x
		e connect x
		f connect x ousts d
		r send e | 1
		r send d | 2
		e recv 1
		f recv 2
		d none`},
	{"a ROUTER is told who comes", "3.3 ROUTER_NOTIFY 1", wires, "", `
		r ROUTER router_notify=1
		d DEALER routing_id=d
		e DEALER routing_id=e
		r bind x
		d connect x
		r recv d | ""
		d send 1
		r recv d | 1
		e connect x
		r recv e | ""
		d close
		e close
		r none`},
	{"a ROUTER is told who goes", "3.3 ROUTER_NOTIFY 2", wires, "", `
		r ROUTER router_notify=2
		d DEALER routing_id=d
		r bind x
		d connect x
		r none
		d send 1
		d close
		r recv d | 1 ; d | ""
		r none`},
	{"a ROUTER is told who comes and goes", "3.3 ROUTER_NOTIFY 3", wires, "", `
		r ROUTER router_notify=3
		d DEALER routing_id=d
		r bind x
		d connect x
		r recv d | ""
		d send 1
		d close
		r recv d | 1 ; d | ""
		r none`},
	{"a ROUTER is told who comes and goes by ids it made up", "3.3 ROUTER_NOTIFY 3", wires, "", `
		r ROUTER router_notify=3
		d DEALER
		r bind x
		d connect x
		r recv $d | ""
		r send $d | hello
		d recv hello
		d close
		r recv $d | ""
		r none`},
	{"a ROUTER that connects is told of its peer", "3.3 ROUTER_NOTIFY 3", wires, "", `
		r ROUTER router_notify=3
		d DEALER routing_id=d
		d bind x
		r connect x
		r recv d | ""
		d send 1
		r recv d | 1`},
	{"a ROUTER that disconnects is not told", "3.3 ROUTER_NOTIFY 3", wires, "", `
		r ROUTER router_notify=3
		d DEALER routing_id=d
		d bind x
		r connect x
		r recv d | ""
		r disconnect x
		r none`},
	{"a ROUTER is told of a REQ", "3.3 ROUTER_NOTIFY 3", wires, "", `
		r ROUTER router_notify=3
		q REQ routing_id=q
		r bind x
		q connect x
		r recv q | ""
		q send 1
		r recv q | "" | 1
		q close
		r recv q | ""
		r none`},
	{"a ROUTER is not told over inproc", "3.3 ROUTER_NOTIFY: sent from mechanism_ready", inside, "", `
		r ROUTER router_notify=3
		d DEALER routing_id=d
		r bind x
		d connect x
		d send 1
		d close
		r all d | 1
		! d | "" ; d | 1 ; d | "" because peers in the same process are told of too; libzmq tells of handshakes, which inproc has not`},
	{"a ROUTER names whom it connects to", "3.3 CONNECT_ROUTING_ID", "", "", `
		r ROUTER
		d DEALER
		d bind x
		r connect x as name
		r send name | 1
		d recv 1
		d send one
		r recv name | one`},
	{"a name goes before the peer's own", "3.3 CONNECT_ROUTING_ID: own identity is then ignored", "", "", `
		r ROUTER router_mandatory=1
		d DEALER routing_id=own
		d bind x
		r connect x as name
		d send 1
		r recv name | 1
		r send own | no -> EHOSTUNREACH
		r send name | one
		d recv one`},
	{"a name is good before anybody binds", "3.3 CONNECT_ROUTING_ID: usable at once", wires, "", `
		r ROUTER router_mandatory=1
		d DEALER
		r connect x as name
		r send name | 1
		d bind x
		d recv 1
		d send one
		r recv name | one`},
	{"a name is for one connect", "3.3 CONNECT_ROUTING_ID: next connect only", "", "", `
		r ROUTER
		d DEALER
		e DEALER routing_id=e
		d bind x
		e bind y
		r connect x as name
		r connect y
		r send name | 1
		r send e | 2
		d recv 1
		e recv 2`},
	{"names of two", "3.3 CONNECT_ROUTING_ID", "", "", `
		r ROUTER
		a DEALER routing_id=same
		b DEALER routing_id=same
		a bind x
		b bind y
		r connect x as one
		r connect y as two
		r send two | to b
		b recv to b
		a send from a
		r recv one | from a`},
	{"a name stays after a loss", "3.3 CONNECT_ROUTING_ID", wires, "", `
		r ROUTER router_mandatory=1
		d DEALER
		e DEALER
		d bind x
		r connect x as name
		r send name | 1
		d recv 1
		d close
		e bind x
		e send 2
		r recv name | 2
		r send name | two
		e recv two`},
	{"a ROUTER probes a ROUTER", "3.3 PROBE_ROUTER", "", "", `
		a ROUTER routing_id=a probe_router=1
		b ROUTER routing_id=b
		b bind x
		a connect x
		b recv a | ""
		b send a | hello
		a recv b | hello`},
	{"a DEALER probes a ROUTER", "3.3 PROBE_ROUTER", "", "", `
		d DEALER routing_id=d probe_router=1
		r ROUTER
		r bind x
		d connect x
		r recv d | ""
		r send d | hello
		d recv hello
		r none`},
	{"a bound DEALER probes who comes", "3.3 PROBE_ROUTER: bound and connected side", "", "", `
		d DEALER routing_id=d probe_router=1
		r ROUTER
		s ROUTER
		d bind x
		r connect x
		s connect x
		r recv d | ""
		s recv d | ""
		r none
		s none`},
	{"two ROUTERs probe each other", "3.3 PROBE_ROUTER: bound and connected side", "", "", `
		a ROUTER routing_id=a probe_router=1
		b ROUTER routing_id=b probe_router=1
		b bind x
		a connect x
		a recv b | ""
		b recv a | ""
		a none
		b none`},
	{"a probe to a DEALER is a message", "3.3 PROBE_ROUTER", "", "", `
		a DEALER probe_router=1
		b DEALER
		b bind x
		a connect x
		b recv ""
		a send 1
		b recv 1`},
	{"a DEALER that binds late probes", "3.3 PROBE_ROUTER: bound and connected side", wires, "", `
		d DEALER probe_router=1 routing_id=d
		r ROUTER
		r connect x
		d bind x
		r recv d | ""
		r none`},
	{"a DEALER that binds late over inproc probes", "3.3 PROBE_ROUTER: bound and connected side", inside, "", `
		d DEALER probe_router=1 routing_id=d
		r ROUTER
		r connect x
		d bind x
		r none
		! d | "" because libzmq's ROUTER takes the probe for the id of who binds late
		d send 1
		r recv $d | 1
		! d | 1 because libzmq's ROUTER takes the probe for the id of who binds late`},
	{"a probe is ahead of messages", "3.3 PROBE_ROUTER", wires, "", `
		d DEALER routing_id=d probe_router=1
		r ROUTER
		d connect x
		d send 1
		r bind x
		r recv d | "" ; d | 1
		r none`},
}
