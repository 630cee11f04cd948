package diff

// keeping is the options that concern what is kept and made up: CONFLATE (3.1)
// and the messages of 3.8.
var keeping = []entry{
	{"conflating keeps the newest", "3.1 CONFLATE", inside, "", `
		a PUSH conflate=1
		b PULL conflate=1
		b bind x
		a connect x
		a send 1
		a send 2
		a send 3
		b all 3
		a send 4
		b recv 4
		b none`},
	{"conflating knows no high-water mark", "3.1 CONFLATE: HWM ignored", inside, "", `
		a PUSH conflate=1 sndhwm=1
		b PULL conflate=1 rcvhwm=1
		b bind x
		a connect x
		a fill 50 -> 50
		b all 50`},
	{"a PULL conflates what a wire brings", "3.1 CONFLATE", wires, "", `
		a PUSH
		b PULL conflate=1
		b bind x
		a connect x
		a send 1
		a send 2
		a send 3
		b newest 3`},
	{"DEALERs conflate both ways", "3.1 CONFLATE", inside, "", `
		a DEALER conflate=1
		b DEALER conflate=1
		b bind x
		a connect x
		a send 1
		a send 2
		b send 3
		b send 4
		a all 4
		b all 2`},
	{"a DEALER conflates what a wire brings", "3.1 CONFLATE", wires, "", `
		a DEALER
		b DEALER conflate=1
		b bind x
		a connect x
		a send 1
		a send 2
		b newest 2`},
	{"a SUB conflates", "3.1 CONFLATE", inside, "", `
		p PUB conflate=1
		a SUB conflate=1
		p bind x
		a connect x
		a sub ""
		p send 1
		p send 2
		p send 3
		a all 3`},
	{"a SUB conflates what a wire brings", "3.1 CONFLATE", wires, "", `
		p PUB
		a SUB conflate=1
		a sub ""
		p bind x
		a connect x
		p send 1
		p send 2
		p send 3
		a newest 3`},
	{"a SUB conflates whatever the topic", "3.1 CONFLATE", wires, "", `
		p PUB
		a SUB conflate=1
		a sub a
		a sub b
		p bind x
		a connect x
		p send a1
		p send b1
		p send c1
		a newest b1`},
	{"every peer's newest is kept", "3.1 CONFLATE: each pipe", inside, "", `
		a PUSH conflate=1
		b PUSH conflate=1
		c PULL conflate=1
		c bind x
		a connect x
		b connect x
		a send a1
		b send b1
		a send a2
		b send b2
		c any a2 ; b2
		c none`},
	{"who connects says whether to conflate, over inproc", "3.1 CONFLATE", inside, "", `
		a PUSH conflate=1
		b PULL
		b bind x
		a connect x
		a send 1
		a send 2
		b all 2`},
	{"who binds may ask to conflate, over inproc", "3.1 CONFLATE", inside, "", `
		a PUSH
		b PULL conflate=1
		b bind x
		a connect x
		a send 1
		a send 2
		b all 1 ; 2
		! 2 because who connects is not the only one to ask`},
	{"PAIR, ROUTER, REQ and XPUB do not conflate", "3.1 CONFLATE effective only for", inside, "", `
		a PAIR conflate=1
		b PAIR conflate=1
		d DEALER routing_id=d
		r ROUTER conflate=1
		p XPUB conflate=1
		s XSUB conflate=1
		b bind x
		a connect x
		d bind y
		r connect y
		s bind z
		p connect z
		s sub ""
		a send 1
		a send 2
		b all 1 ; 2
		r send d | 1
		r send d | 2
		d all 1 ; 2
		p send 1
		p send 2
		s all 1 ; 2`},
	{"conflating and messages of several frames", "3.1 CONFLATE: multipart destroyed", wires, "", `
		a PUSH
		b PULL conflate=1
		b bind x
		a connect x
		a send 1 | one
		b all one
		! 1 | one because a message is the unit that is kept, whole
		a send 2 | two | zwei
		b all zwei
		! 2 | two | zwei because a message is the unit that is kept, whole
		a send 3
		b all 3`},
	{"conflating and messages of several frames, over inproc", "3.1 CONFLATE: multipart destroyed", inside, "", `
		a PUSH conflate=1
		b PULL conflate=1
		b bind x
		a connect x
		a send 1 | one
		b all one
		! 1 | one because a message is the unit that is kept, whole
		a send 2
		b all 2`},
	{"a hello goes first", "3.8 HELLO_MSG", "", "", `
		d DEALER hello_msg=hi routing_id=d
		r ROUTER
		r bind x
		d connect x
		d send 1
		r recv d | hi ; d | 1
		r none`},
	{"a hello goes before what waits", "3.8 HELLO_MSG: ahead of queued data", wires, "", `
		d DEALER hello_msg=hi routing_id=d
		r ROUTER
		d connect x
		d send 1
		r bind x
		r recv d | hi ; d | 1
		r none`},
	{"a hello by who binds", "3.8 HELLO_MSG", "", "", `
		r ROUTER hello_msg=hi
		d DEALER
		e DEALER
		r bind x
		d connect x
		e connect x
		d recv hi
		e recv hi
		d none
		r none`},
	{"a hello both ways", "3.8 HELLO_MSG: on inproc both ways", "", "", `
		a DEALER hello_msg=ha
		b DEALER hello_msg=hb
		a bind x
		b connect x
		a recv hb
		b recv ha
		a none
		b none`},
	{"a hello to who binds later", "3.8 HELLO_MSG: late bind", "", "", `
		a DEALER hello_msg=ha
		b DEALER hello_msg=hb
		a connect x
		b bind x
		a recv hb
		b recv ha
		a none
		b none`},
	{"a hello on every connection", "3.8 HELLO_MSG: every reconnect", wires, "", `
		d DEALER hello_msg=hi
		a DEALER
		b DEALER
		a bind x
		d connect x
		a recv hi
		a close
		b bind x
		b recv hi
		d send 1
		b recv 1
		b none`},
	{"hello is for some types only", "3.8 HELLO_MSG sockets", inside, "", `
		a PUSH hello_msg=hi
		b PULL
		q REQ hello_msg=hi
		r REP
		b bind x
		a connect x
		r bind y
		q connect y
		b none
		r none`},
	{"a message for who left", "3.8 DISCONNECT_MSG", "", "", `
		r ROUTER disconnect_msg=bye
		d DEALER routing_id=d
		r bind x
		d connect x
		d send 1
		d close
		r recv d | 1 ; d | bye
		r none`},
	{"a message for who disconnected", "3.8 DISCONNECT_MSG", "", "", `
		r ROUTER disconnect_msg=bye
		d DEALER routing_id=d
		r bind x
		d connect x
		d send 1
		r recv d | 1
		d disconnect x
		r recv d | bye
		r none`},
	{"no message for who was connected to", "3.8 DISCONNECT_MSG: the accepting side", wires, "", `
		r ROUTER disconnect_msg=bye
		d DEALER routing_id=d
		d bind x
		r connect x
		d send 1
		r recv d | 1
		d close
		r none`},
	{"a message for each who left", "3.8 DISCONNECT_MSG", "", "", `
		r ROUTER disconnect_msg=bye
		d DEALER routing_id=d
		e DEALER routing_id=e
		r bind x
		d connect x
		e connect x
		d close
		r recv d | bye
		e send 1
		r recv e | 1
		e close
		r recv e | bye
		r none`},
	{"no message for who was let go", "3.8 DISCONNECT_MSG", wires, "", `
		r ROUTER disconnect_msg=bye
		d DEALER routing_id=d
		r bind x
		d connect x
		d send 1
		r recv d | 1
		r unbind x
		r none`},
	{"a message for a REQ that left", "3.8 DISCONNECT_MSG", "", "", `
		r ROUTER disconnect_msg=bye
		q REQ routing_id=q
		r bind x
		q connect x
		q send 1
		r recv q | "" | 1
		q close
		r recv q | bye
		r none`},
	{"a message and a notification of who left", "3.8 DISCONNECT_MSG, 3.3 ROUTER_NOTIFY", wires, "", `
		r ROUTER disconnect_msg=bye router_notify=2
		d DEALER routing_id=d
		r bind x
		d connect x
		d close
		r all d | "" ; d | bye`},
	{"a message for a hiccup", "3.8 HICCUP_MSG", wires, "", `
		d DEALER hiccup_msg=hic
		a DEALER
		b DEALER
		a bind x
		d connect x
		a send 1
		d recv 1
		a close
		d recv hic
		b bind x
		b send 2
		d recv 2
		d none`},
	{"no hiccup for who binds", "3.8 HICCUP_MSG: the connecting side", wires, "", `
		d DEALER hiccup_msg=hic
		a DEALER
		d bind x
		a connect x
		a send 1
		a close
		d recv 1
		d none`},
	{"no hiccup over inproc", "3.8 HICCUP_MSG: not on inproc", inside, "", `
		d DEALER hiccup_msg=hic
		a DEALER
		a bind x
		d connect x
		a send 1
		a close
		d recv 1
		d none`},
	{"no hiccup for who disconnects", "3.8 HICCUP_MSG", wires, "", `
		d DEALER hiccup_msg=hic
		a DEALER
		a bind x
		d connect x
		d disconnect x
		d none`},
	{"a hiccup each time", "3.8 HICCUP_MSG", wires, "", `
		d DEALER hiccup_msg=hic hello_msg=hi
		a DEALER
		b DEALER
		a bind x
		d connect x
		a recv hi
		a close
		d recv hic
		b bind x
		b recv hi
		b close
		d recv hic
		d none`},
}
