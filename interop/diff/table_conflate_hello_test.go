package diff

// conflateAndHello are scenarios for ZMQ_CONFLATE, ZMQ_HELLO_MSG,
// ZMQ_DISCONNECT_MSG and ZMQ_HICCUP_MSG.
var conflateAndHello = []entry{
	{"conflate-keeps-newest-message", "ZMQ_CONFLATE keeps the newest message", inproc, "", `
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
	{"conflate-ignores-hwm", "ZMQ_CONFLATE ignores high-water marks", inproc, "", `
		a PUSH conflate=1 sndhwm=1
		b PULL conflate=1 rcvhwm=1
		b bind x
		a connect x
		a fill 50 -> 50
		b all 50`},
	{"conflate-pull-tcp-ipc", "ZMQ_CONFLATE keeps the newest message", wires, "", `
		a PUSH
		b PULL conflate=1
		b bind x
		a connect x
		a send 1
		a send 2
		a send 3
		b newest 3`},
	{"conflate-dealer-both-directions", "ZMQ_CONFLATE keeps the newest message", inproc, "", `
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
	{"conflate-dealer-tcp-ipc", "ZMQ_CONFLATE keeps the newest message", wires, "", `
		a DEALER
		b DEALER conflate=1
		b bind x
		a connect x
		a send 1
		a send 2
		b newest 2`},
	{"conflate-sub-inproc", "ZMQ_CONFLATE keeps the newest message", inproc, "", `
		p PUB conflate=1
		a SUB conflate=1
		p bind x
		a connect x
		a sub ""
		p send 1
		p send 2
		p send 3
		a all 3`},
	{"conflate-sub-tcp-ipc", "ZMQ_CONFLATE keeps the newest message", wires, "", `
		p PUB
		a SUB conflate=1
		a sub ""
		p bind x
		a connect x
		p send 1
		p send 2
		p send 3
		a newest 3`},
	{"conflate-sub-across-topics", "ZMQ_CONFLATE keeps the newest message", wires, "", `
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
	{"conflate-per-peer", "ZMQ_CONFLATE keeps the newest message of each peer", inproc, "", `
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
	{"conflate-option-of-connecting-side-inproc", "ZMQ_CONFLATE keeps the newest message", inproc, "", `
		a PUSH conflate=1
		b PULL
		b bind x
		a connect x
		a send 1
		a send 2
		b all 2`},
	{"conflate-option-of-bound-side-inproc", "ZMQ_CONFLATE keeps the newest message", inproc, "", `
		a PUSH
		b PULL conflate=1
		b bind x
		a connect x
		a send 1
		a send 2
		b all 1 ; 2
		! 2 because the option of either side applies; libzmq uses the option of the connecting side`},
	{"conflate-ignored-by-pair-router-xpub", "socket types without ZMQ_CONFLATE", inproc, "", `
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
	{"conflate-multipart-tcp-ipc", "libzmq's ZMQ_CONFLATE keeps the newest frame", wires, "", `
		a PUSH
		b PULL conflate=1
		b bind x
		a connect x
		a send 1 | one
		b all one
		! 1 | one because this library keeps the newest complete message
		a send 2 | two | zwei
		b all zwei
		! 2 | two | zwei because this library keeps the newest complete message
		a send 3
		b all 3`},
	{"conflate-multipart-inproc", "libzmq's ZMQ_CONFLATE keeps the newest frame", inproc, "", `
		a PUSH conflate=1
		b PULL conflate=1
		b bind x
		a connect x
		a send 1 | one
		b all one
		! 1 | one because this library keeps the newest complete message
		a send 2
		b all 2`},
	{"hello-message-first", "ZMQ_HELLO_MSG", "", "", `
		d DEALER hello_msg=hi routing_id=d
		r ROUTER
		r bind x
		d connect x
		d send 1
		r recv d | hi ; d | 1
		r none`},
	{"hello-message-precedes-queued-messages", "ZMQ_HELLO_MSG precedes queued messages", wires, "", `
		d DEALER hello_msg=hi routing_id=d
		r ROUTER
		d connect x
		d send 1
		r bind x
		r recv d | hi ; d | 1
		r none`},
	{"hello-message-from-bound-socket", "ZMQ_HELLO_MSG", "", "", `
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
	{"hello-message-both-directions", "ZMQ_HELLO_MSG in both directions", "", "", `
		a DEALER hello_msg=ha
		b DEALER hello_msg=hb
		a bind x
		b connect x
		a recv hb
		b recv ha
		a none
		b none`},
	{"hello-message-connect-before-bind", "ZMQ_HELLO_MSG with connect before bind", "", "", `
		a DEALER hello_msg=ha
		b DEALER hello_msg=hb
		a connect x
		b bind x
		a recv hb
		b recv ha
		a none
		b none`},
	{"hello-message-on-every-connection", "ZMQ_HELLO_MSG on every connection", wires, "", `
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
	{"hello-message-ignored-by-push-and-req", "socket types with ZMQ_HELLO_MSG", inproc, "", `
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
	{"disconnect-message-after-close", "ZMQ_DISCONNECT_MSG", "", "", `
		r ROUTER disconnect_msg=bye
		d DEALER routing_id=d
		r bind x
		d connect x
		d send 1
		d close
		r recv d | 1 ; d | bye
		r none`},
	{"disconnect-message-after-disconnect", "ZMQ_DISCONNECT_MSG", "", "", `
		r ROUTER disconnect_msg=bye
		d DEALER routing_id=d
		r bind x
		d connect x
		d send 1
		r recv d | 1
		d disconnect x
		r recv d | bye
		r none`},
	{"disconnect-message-only-for-accepted-peers", "ZMQ_DISCONNECT_MSG applies to accepted peers", wires, "", `
		r ROUTER disconnect_msg=bye
		d DEALER routing_id=d
		d bind x
		r connect x
		d send 1
		r recv d | 1
		d close
		r none`},
	{"disconnect-message-for-each-peer", "ZMQ_DISCONNECT_MSG", "", "", `
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
	{"disconnect-message-not-after-own-unbind", "ZMQ_DISCONNECT_MSG", wires, "", `
		r ROUTER disconnect_msg=bye
		d DEALER routing_id=d
		r bind x
		d connect x
		d send 1
		r recv d | 1
		r unbind x
		r none`},
	{"disconnect-message-for-req", "ZMQ_DISCONNECT_MSG", "", "", `
		r ROUTER disconnect_msg=bye
		q REQ routing_id=q
		r bind x
		q connect x
		q send 1
		r recv q | "" | 1
		q close
		r recv q | bye
		r none`},
	{"disconnect-message-with-router-notify", "ZMQ_DISCONNECT_MSG with ZMQ_ROUTER_NOTIFY", wires, "", `
		r ROUTER disconnect_msg=bye router_notify=2
		d DEALER routing_id=d
		r bind x
		d connect x
		d close
		r all d | "" ; d | bye`},
	{"hiccup-message-after-peer-close", "ZMQ_HICCUP_MSG", wires, "", `
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
	{"hiccup-message-not-at-bound-socket", "ZMQ_HICCUP_MSG applies to the connecting side", wires, "", `
		d DEALER hiccup_msg=hic
		a DEALER
		d bind x
		a connect x
		a send 1
		a close
		d recv 1
		d none`},
	{"hiccup-message-not-over-inproc", "no ZMQ_HICCUP_MSG over inproc", inproc, "", `
		d DEALER hiccup_msg=hic
		a DEALER
		a bind x
		d connect x
		a send 1
		a close
		d recv 1
		d none`},
	{"hiccup-message-not-after-own-disconnect", "ZMQ_HICCUP_MSG", wires, "", `
		d DEALER hiccup_msg=hic
		a DEALER
		a bind x
		d connect x
		d disconnect x
		d none`},
	{"hiccup-message-after-each-peer-close", "ZMQ_HICCUP_MSG", wires, "", `
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
