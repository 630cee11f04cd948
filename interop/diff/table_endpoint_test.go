package diff

// endpointRules are scenarios for bind, unbind, connect, disconnect and close.
var endpointRules = []entry{
	{"received-messages-survive-sender-close", "received messages stay readable", "", "", `
		a PUSH
		b PULL
		b bind x
		a connect x
		a send 1
		a send 2 | two
		a send 3
		a close
		b recv 1 ; 2 | two ; 3
		b none`},
	{"received-messages-survive-bound-sender-close", "received messages stay readable", "", "", `
		a PUSH
		b PULL
		a bind x
		b connect x
		a send 1
		a send 2
		a close
		b recv 1 ; 2
		b none`},
	{"received-messages-survive-pair-close", "received messages stay readable", "", "", `
		a PAIR
		b PAIR
		b bind x
		a connect x
		a send 1
		a send 2
		a close
		b recv 1 ; 2
		b none
		b send 3 -> EAGAIN`},
	{"received-messages-survive-publisher-close", "received messages stay readable", "", "", `
		p PUB
		s SUB
		s sub ""
		p bind x
		s connect x
		p send 1
		p send 2
		p close
		s recv 1 ; 2
		s none`},
	{"received-messages-survive-dealer-close-at-router", "received messages stay readable", "", "", `
		d DEALER routing_id=d
		r ROUTER
		r bind x
		d connect x
		d send 1
		d send 2
		d close
		r recv d | 1 ; d | 2
		r none`},
	{"received-messages-survive-sender-disconnect", "received messages stay readable", "", "", `
		a PUSH
		b PULL
		b bind x
		a connect x
		a send 1
		a send 2
		a disconnect x
		a send 3 -> EAGAIN
		b recv 1 ; 2
		b none`},
	{"connected-queue-waits-for-bind", "messages for a connected endpoint stay queued without a peer", "", "", `
		a PUSH
		b PULL
		a connect x
		a send 1
		a send 2
		b bind x
		a send 3
		b recv 1 ; 2 ; 3
		b none`},
	{"connected-queue-survives-peer-close", "messages for a connected endpoint stay queued without a peer", wires, "", `
		a PUSH
		b PULL
		c PULL
		b bind x
		a connect x
		a send 1
		b recv 1
		b close
		a send 2
		a send 3
		c bind x
		a send 4
		c recv 2 ; 3 ; 4
		c none`},
	{"connected-queue-survives-peer-close-dealer", "messages for a connected endpoint stay queued without a peer", wires, "", `
		a DEALER
		b DEALER
		c DEALER
		b bind x
		a connect x
		b send hello
		a recv hello
		b close
		a send 2
		c bind x
		c recv 2
		c send back
		a recv back`},
	{"connected-queue-survives-peer-close-pair", "messages for a connected endpoint stay queued without a peer", wires, "", `
		a PAIR
		b PAIR
		c PAIR
		b bind x
		a connect x
		b close
		a send 1
		c bind x
		c recv 1
		c send 2
		a recv 2`},
	{"inproc-does-not-reconnect", "inproc connections do not reconnect", inproc, "", `
		a PUSH
		b PULL
		c PULL
		b bind x
		a connect x
		b close
		a send 1 -> EAGAIN
		c bind x
		a send 1 -> EAGAIN
		a connect x
		a send 2
		c recv 2`},
	{"accepted-queue-dropped-on-peer-close", "messages for an accepted peer are dropped when it disconnects", "", "", `
		a PUSH
		b PULL
		c PULL
		a bind x
		b connect x
		a send 1
		a send 2
		b close
		a send 3 -> EAGAIN
		c connect x
		a send 4
		c recv 4
		c none`},
	{"accepted-queue-dropped-on-dealer-disconnect", "messages for an accepted peer are dropped when it disconnects", "", "", `
		a DEALER
		b DEALER
		c DEALER
		a bind x
		b connect x
		a send 1
		a send 2
		b disconnect x
		a none
		a send 3 -> EAGAIN
		c connect x
		a send 4
		c recv 4
		c none`},
	{"unbind-closes-only-its-connections", "received messages stay readable", wires, "", `
		a PUSH
		b PULL
		c PULL
		a bind x
		a bind y
		b connect x
		c connect y
		a send 1
		a send 2
		b recv 1
		c recv 2
		a unbind x
		a send 3
		a send 4
		c recv 3 ; 4
		b none`},
	{"unbind-keeps-inproc-connections", "zmq_unbind keeps inproc connections", inproc, "", `
		a PUSH
		b PULL
		c PULL
		a bind x
		b connect x
		a unbind x
		c connect x
		a send 1
		a send 2
		b recv 1 ; 2
		c none`},
	{"unbind-frees-endpoint", "any socket type may bind and connect", "", "", `
		a PULL
		b PULL
		c PUSH
		a bind x
		a unbind x
		b bind x
		c connect x
		c send 1
		b recv 1
		a none`},
	{"bind-twice-returns-eaddrinuse", "any socket type may bind and connect", "tcp inproc", "", `
		a PULL
		b PULL
		a bind x
		b bind x -> EADDRINUSE
		a bind x -> EADDRINUSE`},
	{"unbind-unknown-endpoint-returns-enoent", "any socket type may bind and connect", "", "", `
		a PULL
		b PUSH
		a bind x
		b connect x
		a unbind y -> ENOENT
		b disconnect y -> ENOENT
		b send 1
		a recv 1`},
	{"malformed-endpoints-return-einval", "any socket type may bind and connect", inproc, "", `
		a PULL
		a bind nothing:// -> EINVAL
		a connect foo://bar -> EPROTONOSUPPORT
		a bind foo://bar -> EPROTONOSUPPORT
		a connect tcp:// -> EINVAL
		a none`},
	{"socket-bound-and-connected", "any socket type may bind and connect", "", "", `
		a PUSH
		b PULL
		c PULL
		a bind x
		b connect x
		c bind y
		a connect y
		a send 1
		a send 2
		b recv 1
		c recv 2`},
	{"socket-bound-on-three-transports", "any socket type may bind and connect", "tcp", "", `
		a PULL
		b PUSH
		c PUSH
		d PUSH
		a bind x@tcp
		a bind y@ipc
		a bind z@inproc
		b connect x@tcp
		c connect y@ipc
		d connect z@inproc
		b send tcp
		c send ipc
		d send inproc
		a any tcp ; ipc ; inproc
		a none`},
}
