package diff

// reqrep is section 3.2: REQ and REP.
var reqrep = []entry{
	{"request and reply", "3.2 REQ prepends a delimiter", "", "", `
		q REQ
		r REP
		r bind x
		q connect x
		q send hello
		r recv hello
		r send world
		q recv world
		q send again | and more
		r recv again | and more
		r send "" | ""
		q recv "" | ""`},
	{"request and reply, the REQ bound", "3.2 REQ prepends a delimiter", "", "", `
		q REQ
		r REP
		q bind x
		r connect x
		q send hello
		r recv hello
		r send world
		q recv world`},
	{"what a ROUTER sees of a REQ", "3.2 REQ prepends a delimiter", "", "", `
		q REQ routing_id=q
		r ROUTER
		r bind x
		q connect x
		q send one | two
		r recv q | "" | one | two
		r send q | "" | three | four
		q recv three | four`},
	{"a request of an empty frame", "3.2 REQ prepends a delimiter", "", "", `
		q REQ routing_id=q
		r ROUTER
		r bind x
		q connect x
		q send ""
		r recv q | "" | ""
		r send q | "" | ""
		q recv ""`},
	{"REQ out of turn", "3.2 Strict", "", "", `
		q REQ
		r REP
		r bind x
		q connect x
		q none -> EFSM
		q send 1
		q send 2 -> EFSM
		r recv 1
		r send one
		q recv one
		q none -> EFSM
		q send 3
		r recv 3`},
	{"REP out of turn", "3.2 REP stores the envelope", "", "", `
		q REQ
		r REP
		r bind x
		q connect x
		r send 1 -> EFSM
		q send 2
		r recv 2
		r none -> EFSM
		r send two
		r send three -> EFSM
		q recv two`},
	{"REQ without a peer stays where it is", "3.2 No peers", "", "", `
		q REQ
		r REP
		r bind x
		q send 1 -> EAGAIN
		q none -> EFSM
		q send 2 -> EAGAIN
		q connect x
		q send 3
		r recv 3
		r send three
		q recv three`},
	{"a request to nobody yet", "3.1 queued for a connected endpoint", "", "", `
		q REQ
		r REP
		q connect x
		q send 1
		q send 2 -> EFSM
		r bind x
		r recv 1
		r send one
		q recv one`},
	{"REQ takes its REPs in turn", "3 REQ round robin", "", "", `
		q REQ
		a REP
		b REP
		a bind x
		b bind y
		q connect x
		q connect y
		q send 1
		a recv 1
		a send one
		q recv one
		q send 2
		b recv 2
		b send two
		q recv two
		q send 3
		a recv 3
		b none`},
	{"all parts of a request go to one REP", "3.2 same peer for all parts", "", "", `
		q REQ
		a REP
		b REP
		a bind x
		b bind y
		q connect x
		q connect y
		q send 1 | 2 | 3
		a recv 1 | 2 | 3
		b none`},
	{"REP takes its REQs in turn", "3 REP fair queue", inside, "", `
		a REQ
		b REQ
		r REP
		r bind x
		a connect x
		b connect x
		a send a1
		b send b1
		r recv a1
		r send to a
		r recv b1
		r send to b
		a recv to a
		b recv to b`},
	{"replies go to who asked", "3 REP sends to the requester", "", "", `
		a REQ
		b REQ
		r REP
		r bind x
		a connect x
		b connect x
		a send a1
		r recv a1
		b send b1
		r send for a
		r recv b1
		r send for b
		b recv for b
		a recv for a`},
	{"late replies are dropped when a request starts", "3.2 Starting a request drains", inside, "", `
		q REQ routing_id=q
		r ROUTER
		r bind x
		q connect x
		q send 1
		r recv q | "" | 1
		r send q | "" | one
		r send q | "" | one more
		q recv one
		q send 2
		r recv q | "" | 2
		r send q | "" | two
		q recv two`},
	{"replies of another peer are skipped", "3.2 Replies from any other pipe", inside, "", `
		q REQ routing_id=q
		a ROUTER
		b ROUTER
		a bind x
		b bind y
		q connect x
		q connect y
		q send 1
		a recv q | "" | 1
		b send q | "" | false
		a send q | "" | true
		q recv true
		q none -> EFSM`},
	{"replies of another peer count when the first is gone", "3.2 restriction is lifted", inside, "", `
		q REQ routing_id=q
		a ROUTER
		b ROUTER
		a bind x
		b bind y
		q connect x
		q connect y
		q send 1
		a recv q | "" | 1
		a close
		q none
		b send q | "" | instead
		q recv instead`},
	{"a lost request is not sent again", "3.2 not resent after reconnect", wires, "", `
		q REQ
		a REP
		b REP
		a bind x
		q connect x
		q send 1
		a recv 1
		a close
		b bind x
		b none
		q send 2 -> EFSM`},
	{"malformed replies are skipped", "3.2 Malformed frames over inproc", inside, "", `
		q REQ routing_id=q
		r ROUTER
		r bind x
		q connect x
		q send 1
		r recv q | "" | 1
		r send q | junk
		r send q | junk | "" | more
		r send q | "" | good
		q recv good`},
	{"an envelope comes back as it was", "3.2 REP stores the envelope", "", "", `
		d DEALER
		r REP
		r bind x
		d connect x
		d send one hop | two hops | "" | body | more
		r recv body | more
		r send reply | and more
		d recv one hop | two hops | "" | reply | and more`},
	{"an envelope of the delimiter alone", "3.2 REP stores the envelope", "", "", `
		d DEALER
		r REP
		r bind x
		d connect x
		d send "" | body
		r recv body
		r send reply
		d recv "" | reply`},
	{"empty frames behind the delimiter belong to the body", "3.2 up to the first empty frame", "", "", `
		d DEALER
		r REP
		r bind x
		d connect x
		d send hop | "" | "" | body | ""
		r recv "" | body | ""
		r send reply
		d recv hop | "" | reply`},
	{"a request without a delimiter is discarded", "3.2 without empty frame discarded", "", "", `
		d DEALER
		r REP
		r bind x
		d connect x
		d send no delimiter
		d send none | here | either
		d send "" | good
		r recv good
		r send reply
		d recv "" | reply`},
	{"a reply to a requester that is gone is dropped", "3 REP reply to a vanished peer", "", "", `
		a REQ
		b REQ
		r REP
		r bind x
		a connect x
		b connect x
		a send 1
		r recv 1
		a close
		r send one
		b send 2
		r recv 2
		r send two
		b recv two`},
	{"a request stays readable when its requester is gone", "3.1 Messages that arrived", "", "", `
		a REQ
		r REP
		b REQ
		r bind x
		a connect x
		a send 1
		a close
		r recv 1
		r send one
		b connect x
		b send 2
		r recv 2
		r send two
		b recv two`},
	{"requests through a DEALER are not in lockstep", "3.4 DEALER sends frames as given", "", "", `
		d DEALER
		r REP
		r bind x
		d connect x
		d send "" | 1
		d send "" | 2
		d send "" | 3
		r recv 1
		r send one
		r recv 2
		r send two
		r recv 3
		r send three
		d recv "" | one ; "" | two ; "" | three`},
	{"a broker of ROUTER and DEALER", "3.3 Received message, 3.2 REP stores the envelope", "", "", `
		q REQ routing_id=q
		front ROUTER
		back DEALER
		r REP
		front bind x
		back bind y
		q connect x
		r connect y
		q send ask
		front recv q | "" | ask
		back send q | "" | ask
		r recv ask
		r send answer
		back recv q | "" | answer
		front send q | "" | answer
		q recv answer`},
	{"a chain of two ROUTERs", "3.3 Received message, 3.2 REP stores the envelope", "", "", `
		q REQ routing_id=q
		front ROUTER
		via DEALER routing_id=via
		far ROUTER
		back DEALER
		r REP
		front bind x
		far bind y
		back bind z
		q connect x
		via connect y
		r connect z
		q send ask
		front recv q | "" | ask
		via send q | "" | ask
		far recv via | q | "" | ask
		back send via | q | "" | ask
		r recv ask
		r send answer
		back recv via | q | "" | answer
		far send via | q | "" | answer
		via recv q | "" | answer
		front send q | "" | answer
		q recv answer`},
	{"a REP that connects to several", "3 REP fair queue", "", "", `
		a REQ
		b REQ
		r REP
		a bind x
		b bind y
		r connect x
		r connect y
		a send 1
		r recv 1
		r send one
		a recv one
		b send 2
		r recv 2
		r send two
		b recv two`},
}
