package diff

// disconnects are scenarios for disconnect and unbind of REQ, REP, publishers
// and subscribers. table_disconnect_named_test.go has the types with routing
// IDs, the types with one peer, RADIO and DISH.
var disconnects = []entry{
	{"req-disconnected-rep-gets-no-requests", "zmq_disconnect at a REQ", "", "", `
		a REQ
		b REP
		c REP
		b bind x
		c bind y
		a connect x
		a connect y
		a send 1
		b recv 1
		b send r1
		a recv r1
		a disconnect x
		a send 2
		c recv 2
		c send r2
		a recv r2
		a send 3
		c recv 3
		c send r3
		a recv r3
		b none
		a disconnect y
		a send 4 -> EAGAIN`},
	{"req-disconnect-after-request", "zmq_disconnect at a REQ", "", "", `
		a REQ
		b REP
		c REP
		b bind x
		a connect x
		a send 1
		b recv 1
		a disconnect x
		b send r1
		a none
		c bind y
		a connect y
		a send 2 -> EFSM
		a none
		c none`},
	{"req-relaxed-disconnect-after-request", "zmq_disconnect at a REQ", "", "", `
		a REQ req_relaxed=1
		b REP
		c REP
		b bind x
		a connect x
		a send 1
		b recv 1
		a disconnect x
		b send r1
		a none
		c bind y
		a connect y
		a send 2
		c recv 2
		c send r2
		a recv r2
		b none`},
	{"req-disconnect-before-bind-keeps-request", "zmq_disconnect at a REQ", wires, "", `
		a REQ
		b REP
		a connect x
		a send 1
		a disconnect x
		b bind x
		b recv 1
		b send r1
		a none
		b none`},
	{"rep-unbind-after-request", "zmq_unbind at a REP", wires, "", `
		a REQ
		b REP
		b bind x
		a connect x
		a send 1
		b recv 1
		b unbind x
		b send lost
		b none
		a none`},
	{"rep-disconnect-after-request", "zmq_disconnect at a REP", "", "", `
		a REQ
		b REP
		a bind x
		b connect x
		a send 1
		b recv 1
		b disconnect x
		b send lost
		b none
		a none
		b connect x
		b none
		a send 2 -> EFSM`},

	{"pub-unbind", "zmq_unbind at a PUB", wires, "", `
		p PUB
		a SUB
		b SUB
		a sub t
		b sub t
		p bind x
		p bind y
		a connect x
		b connect y
		p send t1
		a recv t1
		b recv t1
		p unbind x
		p send t2
		b recv t2
		a none
		a sub u
		p send u3
		b none
		p bind x
		p send t4
		p send u4
		a recv t4 ; u4
		b recv t4`},
	{"pub-disconnect", "zmq_disconnect at a PUB", "", "", `
		p PUB
		a SUB
		b SUB
		a sub t
		b sub t
		a bind x
		b bind y
		p connect x
		p connect y
		p send t1
		a recv t1
		b recv t1
		p disconnect x
		p send t2
		b recv t2
		a none
		a sub u
		p send t3
		p send u3
		b recv t3
		a none
		p connect x
		p send u4
		a recv u4
		b none`},
	{"sub-disconnect", "zmq_disconnect at a SUB", "", "", `
		p XPUB
		a SUB
		a sub t
		p bind x
		a connect x
		p recv "\x01t"
		p send t1
		a recv t1
		a disconnect x
		p recv "\x00t"
		p send t3
		a none
		a sub u
		a unsub t
		p send u4
		a none
		p none
		a connect x
		p recv "\x01u"
		p send t5
		p send u5
		a recv u5
		a none
		p none`},
	{"sub-disconnect-with-unread-messages", "zmq_disconnect at a SUB over inproc", inproc, "", `
		p PUB
		a SUB
		a sub t
		p bind x
		a connect x
		p send t1
		p send t2
		a recv t1
		a disconnect x
		p send t3
		a none
		! t2 because received messages stay readable after a disconnect
		a none`},
	{"sub-disconnect-one-of-two-publishers", "zmq_disconnect at a SUB", "", "", `
		p PUB
		q PUB
		a SUB
		a sub t
		p bind x
		q bind y
		a connect x
		a connect y
		p send t1
		a recv t1
		q send t2
		a recv t2
		a disconnect x
		p send t3
		q send t4
		a recv t4
		a none
		a sub u
		p send u5
		q send u6
		a recv u6
		a none`},
	{"pub-disconnect-sub-with-unread-messages", "zmq_disconnect at a PUB", "", "", `
		p PUB
		a SUB
		a sub t
		a bind x
		p connect x
		p send t1
		p send t2
		p disconnect x
		p send t3
		a recv t1 ; t2
		p send t4
		a none`},
	{"pub-disconnect-full-sub", "zmq_disconnect at a PUB over inproc", inproc, "", `
		p PUB sndhwm=1
		a SUB rcvhwm=1
		a sub t
		a bind x
		p connect x
		p send t1
		p send t2
		p send t3
		p disconnect x
		p send t4
		a recv t1
		p send t5
		a recv t2
		p send t6
		a none`},
	{"xpub-disconnect-full-xsub-that-subscribes-later", "zmq_disconnect at an XPUB over inproc", inproc, "", `
		p XPUB sndhwm=1
		a XSUB rcvhwm=1
		b XSUB rcvhwm=0
		a sub t
		a bind x
		p connect x
		p recv "\x01t"
		p send t1
		p send t2
		p send t3
		p disconnect x
		a sub u
		a unsub t
		a sub v
		p send u4
		a recv t1
		a sub w
		p send w5
		a recv t2
		p send u6
		a none
		p recv "\x00t"
		b bind y
		p connect y
		b sub u
		p recv "\x01u"
		p send u7
		b recv u7
		a none
		b none
		p none
		p connect x
		p any "\x01v" ; "\x01w"
		p send w8
		a recv w8
		p none`},
	{"xpub-nodrop-disconnect-full-sub", "zmq_disconnect with ZMQ_XPUB_NODROP over inproc", inproc, "", `
		p XPUB sndhwm=1 xpub_nodrop=1
		a SUB rcvhwm=1
		b SUB rcvhwm=0
		a sub t
		b sub t
		a bind x
		b bind y
		p connect x
		p connect y
		p send t1
		p send t2
		p send t3 -> EAGAIN
		p disconnect x
		p send t4 -> EAGAIN
		! ok because a disconnected peer no longer blocks the publisher
		a recv t1
		p send t5
		a recv t2
		p send t6
		a none
		b all t1 ; t2 ; t5 ; t6
		! t1 ; t2 ; t4 ; t5 ; t6 because the send of t4 did not block`},
	{"xpub-unbind", "zmq_unbind at an XPUB removes the subscriptions of its peers", wires, "", `
		p XPUB
		a SUB
		b SUB
		a sub t
		b sub t
		b sub u
		p bind x
		p bind y
		a connect x
		p recv "\x01t"
		b connect y
		p recv "\x01u"
		p unbind x
		p none
		p none
		p send t1
		a none
		b recv t1
		p unbind y
		p any "\x00t" ; "\x00u"
		p none
		p bind x
		p recv "\x01t"
		p none`},
	{"sub-unbind", "zmq_unbind at a SUB", wires, "", `
		p XPUB
		a SUB
		a sub t
		a bind x
		p connect x
		p recv "\x01t"
		p send t1
		a recv t1
		a unbind x
		a none
		p none
		! "\x00t" because the subscriptions of a peer end with its connection; libzmq keeps them if it is the connecting side
		a bind x
		p none
		! "\x01t" because the peer subscribes again
		p send t2
		a recv t2
		a none`},
	{"xpub-inproc-unbind-keeps-subscriber", "zmq_unbind keeps inproc connections", inproc, "", `
		p XPUB
		a SUB
		p bind x
		a connect x
		p unbind x
		a sub t
		p recv "\x01t"
		p send t1
		a recv t1
		a disconnect x
		p recv "\x00t"
		p send t2
		a none
		p none`},
	{"xpub-manual-sub-disconnect", "ZMQ_XPUB_MANUAL after the end of a peer", "", "", `
		p XPUB xpub_manual=1
		a XSUB
		b XSUB
		p bind x
		a connect x
		b connect x
		a sub A
		p recv "\x01A"
		p assign XA
		a disconnect x
		p recv "\x00A"
		p send XA
		a none
		b none
		a connect x
		p recv "\x01A"
		p send XA
		p assign XB
		p send XB
		a recv XB
		a none`},
}
