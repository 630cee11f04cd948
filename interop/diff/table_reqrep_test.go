package diff

// reqrep are scenarios for REQ and REP.
var reqrep = []entry{
	{"req-rep-exchange", "a REQ prepends an empty delimiter frame", "", "", `
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
	{"req-rep-exchange-req-binds", "a REQ prepends an empty delimiter frame", "", "", `
		q REQ
		r REP
		q bind x
		r connect x
		q send hello
		r recv hello
		r send world
		q recv world`},
	{"req-request-at-router-has-delimiter", "a REQ prepends an empty delimiter frame", "", "", `
		q REQ routing_id=q
		r ROUTER
		r bind x
		q connect x
		q send one | two
		r recv q | "" | one | two
		r send q | "" | three | four
		q recv three | four`},
	{"req-empty-request", "a REQ prepends an empty delimiter frame", "", "", `
		q REQ routing_id=q
		r ROUTER
		r bind x
		q connect x
		q send ""
		r recv q | "" | ""
		r send q | "" | ""
		q recv ""`},
	{"req-wrong-order-returns-efsm", "REQ alternates between send and receive", "", "", `
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
	{"rep-wrong-order-returns-efsm", "a REP stores the envelope of a request", "", "", `
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
	{"req-without-peer-keeps-state", "a REQ without a peer", "", "", `
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
	{"req-connect-before-bind", "messages for a connected endpoint stay queued without a peer", "", "", `
		q REQ
		r REP
		q connect x
		q send 1
		q send 2 -> EFSM
		r bind x
		r recv 1
		r send one
		q recv one`},
	{"req-alternates-between-reps", "a REQ sends round robin", "", "", `
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
	{"req-multipart-request-goes-to-one-rep", "all frames of a request go to one peer", "", "", `
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
	{"rep-alternates-between-reqs", "a REP receives by fair queueing", inproc, "", `
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
	{"rep-reply-goes-to-requester", "a REP replies to the requester", "", "", `
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
	{"req-drops-late-replies-on-next-request", "a new request drops received replies", inproc, "", `
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
	{"req-skips-replies-from-other-peers", "a REQ skips replies from other peers", inproc, "", `
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
	{"req-accepts-other-peer-after-first-closes", "a REQ accepts replies from any peer after the end of its peer", inproc, "", `
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
	{"req-request-not-resent-after-reconnect", "a request is not resent after a reconnect", wires, "", `
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
	{"req-skips-malformed-replies", "a REQ skips malformed replies", inproc, "", `
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
	{"rep-returns-envelope-unchanged", "a REP stores the envelope of a request", "", "", `
		d DEALER
		r REP
		r bind x
		d connect x
		d send one hop | two hops | "" | body | more
		r recv body | more
		r send reply | and more
		d recv one hop | two hops | "" | reply | and more`},
	{"rep-envelope-of-delimiter-only", "a REP stores the envelope of a request", "", "", `
		d DEALER
		r REP
		r bind x
		d connect x
		d send "" | body
		r recv body
		r send reply
		d recv "" | reply`},
	{"rep-empty-frames-after-delimiter-are-body", "the envelope ends at the first empty frame", "", "", `
		d DEALER
		r REP
		r bind x
		d connect x
		d send hop | "" | "" | body | ""
		r recv "" | body | ""
		r send reply
		d recv hop | "" | reply`},
	{"rep-drops-request-without-delimiter", "a REP drops a request without a delimiter", "", "", `
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
	{"rep-drops-reply-to-closed-requester", "a REP drops a reply to a disconnected peer", "", "", `
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
	{"rep-request-readable-after-requester-closes", "received messages stay readable", "", "", `
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
	{"dealer-rep-several-pending-requests", "a DEALER sends frames unchanged", "", "", `
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
	{"broker-router-dealer", "envelopes through ROUTER, DEALER and REP", "", "", `
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
	{"broker-chain-of-two-routers", "envelopes through ROUTER, DEALER and REP", "", "", `
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
	{"rep-connects-to-two-reqs", "a REP receives by fair queueing", "", "", `
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
