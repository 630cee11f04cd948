package diff

// reqOptions are scenarios for the options of REQ.
var reqOptions = []entry{
	{"req-relaxed-sends-again", "ZMQ_REQ_RELAXED", "", "", `
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
	{"req-relaxed-accepts-old-reply", "ZMQ_REQ_RELAXED without ZMQ_REQ_CORRELATE", "", "", `
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
	{"req-relaxed-drops-received-reply", "a new request drops received replies", inproc, "", `
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
	{"req-relaxed-receive-before-send-returns-efsm", "REQ alternates between send and receive", inproc, "", `
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
	{"req-relaxed-alternates-between-reps", "ZMQ_REQ_RELAXED", "", "", `
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
	{"req-relaxed-correlate-skips-old-reply", "ZMQ_REQ_RELAXED with ZMQ_REQ_CORRELATE", "", "", `
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
	{"req-relaxed-correlate-with-two-reps", "ZMQ_REQ_RELAXED with ZMQ_REQ_CORRELATE", "", "", `
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
	{"req-correlate-sends-request-id", "ZMQ_REQ_CORRELATE prepends a request ID", "", "", `
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
	{"req-correlate-requires-request-id", "ZMQ_REQ_CORRELATE skips malformed replies", inproc, "", `
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
	{"req-correlate-wrong-order-returns-efsm", "REQ alternates between send and receive", "", "", `
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
	{"rep-returns-request-id", "a REP stores the envelope of a request", "", "", `
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
	{"req-relaxed-sends-after-rep-closes", "ZMQ_REQ_RELAXED", wires, "", `
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
	{"req-relaxed-without-peer", "a REQ without a peer", inproc, "", `
		q REQ req_relaxed=1
		r REP
		r bind x
		q send 1 -> EAGAIN
		q connect x
		q send 2
		r recv 2
		r send two
		q recv two`},
	{"req-relaxed-hwm", "ZMQ_REQ_RELAXED and high-water marks", inproc, "", `
		q REQ req_relaxed=1 sndhwm=1
		r ROUTER rcvhwm=2
		r bind x
		q connect x
		q fill 10 -> 3
		r take 2
		q fill 10 -> 2`},
	{"req-probe-router", "ZMQ_PROBE_ROUTER", "", "", `
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

// routerOptions are scenarios for the options of ROUTER, and ZMQ_PROBE_ROUTER.
var routerOptions = []entry{
	{"router-mandatory-unknown-routing-id", "ZMQ_ROUTER_MANDATORY returns EHOSTUNREACH", "", "", `
		r ROUTER router_mandatory=1
		d DEALER routing_id=d
		r bind x
		d connect x
		r send unknown | 1 -> EHOSTUNREACH
		r send unknown | 1 | 2 -> EHOSTUNREACH
		r send d | 2 | 3
		d recv 2 | 3
		d none`},
	{"router-mandatory-routing-id-of-closed-peer", "ZMQ_ROUTER_MANDATORY returns EHOSTUNREACH", "", "", `
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
	{"router-mandatory-full-peer", "ZMQ_ROUTER_MANDATORY returns EAGAIN for a full peer", inproc, "", `
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
	{"router-mandatory-req", "ZMQ_ROUTER_MANDATORY", "", "", `
		r ROUTER router_mandatory=1
		q REQ routing_id=q
		r bind x
		q connect x
		r send p | "" | 1 -> EHOSTUNREACH
		q send ask
		r recv q | "" | ask
		r send q | "" | answer
		q recv answer`},
	{"router-handover-keeps-received-messages", "ZMQ_ROUTER_HANDOVER and received messages", inproc, "", `
		r ROUTER router_handover=1
		d DEALER routing_id=same
		e DEALER routing_id=same
		r bind x
		d connect x
		d send 1
		d send 2
		e connect x disconnects d
		e send 3
		r all same | 3
		! same | 1 ; same | 2 ; same | 3 because received messages survive the handover of the routing ID`},
	{"router-handover", "ZMQ_ROUTER_HANDOVER", "", "", `
		r ROUTER router_handover=1
		d DEALER routing_id=same reconnect_ivl=-1
		e DEALER routing_id=same
		r bind x
		d connect x
		d send 1
		r recv same | 1
		e connect x disconnects d
		e send 2
		r recv same | 2
		r send same | two
		e recv two
		d none`},
	{"router-handover-after-close", "ZMQ_ROUTER_HANDOVER", "", "", `
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
	{"router-handover-keeps-other-peers", "ZMQ_ROUTER_HANDOVER", inproc, "", `
		r ROUTER router_handover=1
		d DEALER routing_id=d
		e DEALER routing_id=e
		f DEALER routing_id=d
		r bind x
		d connect x
		e connect x
		f connect x disconnects d
		r send e | 1
		r send d | 2
		e recv 1
		f recv 2
		d none`},
	{"router-notify-connect", "ZMQ_ROUTER_NOTIFY=1", wires, "", `
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
	{"router-notify-disconnect", "ZMQ_ROUTER_NOTIFY=2", wires, "", `
		r ROUTER router_notify=2
		d DEALER routing_id=d
		r bind x
		d connect x
		r none
		d send 1
		d close
		r recv d | 1 ; d | ""
		r none`},
	{"router-notify-connect-and-disconnect", "ZMQ_ROUTER_NOTIFY=3", wires, "", `
		r ROUTER router_notify=3
		d DEALER routing_id=d
		r bind x
		d connect x
		r recv d | ""
		d send 1
		d close
		r recv d | 1 ; d | ""
		r none`},
	{"router-notify-assigned-routing-id", "ZMQ_ROUTER_NOTIFY=3", wires, "", `
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
	{"router-notify-connecting-router", "ZMQ_ROUTER_NOTIFY=3", wires, "", `
		r ROUTER router_notify=3
		d DEALER routing_id=d
		d bind x
		r connect x
		r recv d | ""
		d send 1
		r recv d | 1`},
	{"router-notify-not-after-own-disconnect", "ZMQ_ROUTER_NOTIFY=3", wires, "", `
		r ROUTER router_notify=3
		d DEALER routing_id=d
		d bind x
		r connect x
		r recv d | ""
		r disconnect x
		r none`},
	{"router-notify-req", "ZMQ_ROUTER_NOTIFY=3", wires, "", `
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
	{"router-notify-inproc", "ZMQ_ROUTER_NOTIFY over inproc", inproc, "", `
		r ROUTER router_notify=3
		d DEALER routing_id=d
		r bind x
		d connect x
		d send 1
		d close
		r all d | 1
		! d | "" ; d | 1 ; d | "" because notifications also cover inproc peers; libzmq generates them in the handshake, which inproc lacks`},
	{"router-connect-routing-id", "ZMQ_CONNECT_ROUTING_ID", "", "", `
		r ROUTER
		d DEALER
		d bind x
		r connect x as name
		r send name | 1
		d recv 1
		d send one
		r recv name | one`},
	{"router-connect-routing-id-replaces-peers-own", "ZMQ_CONNECT_ROUTING_ID replaces the peer's routing ID", "", "", `
		r ROUTER router_mandatory=1
		d DEALER routing_id=own
		d bind x
		r connect x as name
		d send 1
		r recv name | 1
		r send own | no -> EHOSTUNREACH
		r send name | one
		d recv one`},
	{"router-connect-routing-id-before-bind", "ZMQ_CONNECT_ROUTING_ID before the connection exists", wires, "", `
		r ROUTER router_mandatory=1
		d DEALER
		r connect x as name
		r send name | 1
		d bind x
		d recv 1
		d send one
		r recv name | one`},
	{"router-connect-routing-id-applies-to-one-connect", "ZMQ_CONNECT_ROUTING_ID applies to the next connect", "", "", `
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
	{"router-connect-routing-id-for-two-peers", "ZMQ_CONNECT_ROUTING_ID", "", "", `
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
	{"router-connect-routing-id-survives-peer-close", "ZMQ_CONNECT_ROUTING_ID", wires, "", `
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
	{"probe-router-router", "ZMQ_PROBE_ROUTER", "", "", `
		a ROUTER routing_id=a probe_router=1
		b ROUTER routing_id=b
		b bind x
		a connect x
		b recv a | ""
		b send a | hello
		a recv b | hello`},
	{"probe-router-dealer", "ZMQ_PROBE_ROUTER", "", "", `
		d DEALER routing_id=d probe_router=1
		r ROUTER
		r bind x
		d connect x
		r recv d | ""
		r send d | hello
		d recv hello
		r none`},
	{"probe-router-bound-dealer", "ZMQ_PROBE_ROUTER on the bound and the connecting side", "", "", `
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
	{"probe-router-both-routers", "ZMQ_PROBE_ROUTER on the bound and the connecting side", "", "", `
		a ROUTER routing_id=a probe_router=1
		b ROUTER routing_id=b probe_router=1
		b bind x
		a connect x
		a recv b | ""
		b recv a | ""
		a none
		b none`},
	{"probe-router-to-dealer-is-message", "ZMQ_PROBE_ROUTER", "", "", `
		a DEALER probe_router=1
		b DEALER
		b bind x
		a connect x
		b recv ""
		a send 1
		b recv 1`},
	{"probe-router-connect-before-bind-tcp-ipc", "ZMQ_PROBE_ROUTER on the bound and the connecting side", wires, "", `
		d DEALER probe_router=1 routing_id=d
		r ROUTER
		r connect x
		d bind x
		r recv d | ""
		r none`},
	{"probe-router-connect-before-bind-inproc", "ZMQ_PROBE_ROUTER on the bound and the connecting side", inproc, "", `
		d DEALER probe_router=1 routing_id=d
		r ROUTER
		r connect x
		d bind x
		r none
		! d | "" because libzmq's ROUTER uses the probe as routing ID of a socket that binds after the connect
		d send 1
		r recv $d | 1
		! d | 1 because libzmq's ROUTER uses the probe as routing ID of a socket that binds after the connect`},
	{"probe-router-precedes-messages", "ZMQ_PROBE_ROUTER", wires, "", `
		d DEALER routing_id=d probe_router=1
		r ROUTER
		d connect x
		d send 1
		r bind x
		r recv d | "" ; d | 1
		r none`},
}
