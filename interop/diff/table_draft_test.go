package diff

// draftTypes are scenarios for the draft types except RADIO and DISH. A PEER
// does not send in them, because npm's zeromq provides neither the routing
// numbers of its peers nor zmq_connect_peer.
var draftTypes = []entry{
	{"client-server-exchange", "SERVER", "", "", `
		s SERVER
		c CLIENT
		s bind x
		c connect x
		c send one
		s recv $c | one
		s send $c | two
		c recv two
		c send ""
		s recv $c | ""
		s send $c | ""
		c recv ""
		s none
		c none`},
	{"server-connects", "SERVER", "", "", `
		s SERVER
		c CLIENT
		c bind x
		s connect x
		c send one
		s recv $c | one
		s send $c | two
		c recv two`},
	{"server-two-clients", "a SERVER sends to a routing number", "", "", `
		s SERVER
		a CLIENT
		b CLIENT
		s bind x
		a connect x
		b connect x
		a send from a
		s recv $a | from a
		b send from b
		s recv $b | from b
		s send $b | to b
		s send $a | to a
		s send $a | to a again
		a recv to a ; to a again
		b recv to b
		a none
		b none`},
	{"server-receives-from-clients-in-turn", "a SERVER receives by fair queueing", inproc, "", `
		s SERVER
		a CLIENT
		b CLIENT
		s bind x
		a connect x
		b connect x
		a send a1
		a send a2
		b send b1
		b send b2
		s recv $a | a1 ; $b | b1 ; $a | a2 ; $b | b2`},
	{"client-alternates-between-servers", "a CLIENT sends round robin", "", "", `
		c CLIENT
		s SERVER
		t SERVER
		s bind x
		t bind y
		c connect x
		c connect y
		c send 1
		c send 2
		c send 3
		s recv $c | 1 ; $c | 3
		t recv $d | 2
		s none
		t none`},
	{"client-receives-from-servers-in-turn", "a CLIENT receives by fair queueing", inproc, "", `
		c CLIENT
		s SERVER
		t SERVER
		s bind x
		t bind y
		c connect x
		c connect y
		c send 1
		c send 2
		s recv $c | 1
		t recv $d | 2
		s send $c | s1
		s send $c | s2
		t send $d | t1
		t send $d | t2
		c recv s1 ; t1 ; s2 ; t2`},
	{"server-unknown-routing-number", "a SERVER returns EHOSTUNREACH for an unknown routing number", "", "", `
		s SERVER
		c CLIENT
		s bind x
		s send 12345 | 1 -> EHOSTUNREACH
		c connect x
		c send one
		s recv $c | one
		c close
		s none
		s send $c | two -> EHOSTUNREACH`},
	{"server-full-client", "a SERVER returns EAGAIN for a full peer", inproc, "", `
		s SERVER sndhwm=1
		c CLIENT rcvhwm=1
		d CLIENT rcvhwm=1
		s bind x
		c connect x
		d connect x
		c send hello
		s recv $c | hello
		d send hello
		s recv $d | hello
		s send $c | 1
		s send $c | 2
		s send $c | 3 -> EAGAIN
		s send $d | 4
		c recv 1
		s send $c | 5
		c recv 2 ; 5
		d recv 4`},
	{"client-full-server", "a CLIENT returns EAGAIN", inproc, "", `
		s SERVER rcvhwm=2
		c CLIENT sndhwm=1
		s bind x
		c connect x
		c fill 10 -> 3
		s take 2
		c fill 10 -> 2
		s take 3`},
	{"client-without-peer", "a CLIENT returns EAGAIN", inproc, "", `
		c CLIENT
		s SERVER
		c send 1 -> EAGAIN
		s bind x
		c connect x
		c send 2
		s recv $c | 2`},
	{"client-server-reject-multipart", "draft types send single frames", "", "", `
		s SERVER
		c CLIENT
		s bind x
		c connect x
		c send one | two -> EINVAL
		c send three
		s recv $c | three
		s send $c | one | two -> EINVAL
		s send $c | four
		c recv four
		s none
		c none`},
	{"client-reconnects-to-new-server", "messages for a connected endpoint stay queued without a peer", wires, "", `
		s SERVER
		t SERVER
		c CLIENT
		s bind x
		c connect x
		c send 1
		s recv $c | 1
		s close
		c send 2
		t bind x
		c send 3
		t recv $d | 2 ; $d | 3
		t send $d | back
		c recv back`},
	{"server-reads-messages-of-closed-client", "received messages stay readable", "", "", `
		s SERVER
		c CLIENT
		s bind x
		c connect x
		c send 1
		c send 2
		c close
		s recv $c | 1 ; $c | 2
		s none`},
	{"server-refuses-dealer", "compatible socket types", wires, "", `
		s SERVER
		d DEALER
		c CLIENT
		s bind x
		d connect x refused
		c connect x
		c send 1
		s recv $c | 1`},
	{"router-refuses-client", "compatible socket types", wires, "", `
		r ROUTER
		c CLIENT
		d DEALER routing_id=d
		r bind x
		c connect x refused
		d connect x
		d send 1
		r recv d | 1`},
	{"hello-message-client-server", "ZMQ_HELLO_MSG", "", "", `
		s SERVER hello_msg=hs
		c CLIENT hello_msg=hc
		s bind x
		c connect x
		s recv $c | hc
		c recv hs
		s none
		c none`},
	{"disconnect-message-server", "ZMQ_DISCONNECT_MSG", "", "", `
		s SERVER disconnect_msg=bye
		c CLIENT
		s bind x
		c connect x
		c send 1
		s recv $c | 1
		c close
		s recv $c | bye
		s none`},
	{"hiccup-message-client", "ZMQ_HICCUP_MSG", wires, "", `
		s SERVER
		c CLIENT hiccup_msg=hic
		s bind x
		c connect x
		c send 1
		s recv $c | 1
		s close
		c recv hic
		c none`},
	{"hello-message-peer", "ZMQ_HELLO_MSG", "", "", `
		a PEER hello_msg=ha
		b PEER hello_msg=hb
		a bind x
		b connect x
		a recv hb
		b recv ha
		a none
		b none`},

	{"disconnect-message-peer", "ZMQ_DISCONNECT_MSG", "", "", `
		a PEER disconnect_msg=bye
		b PEER hello_msg=hi
		a bind x
		b connect x
		a recv hi
		b close
		a recv bye
		a none`},
	{"hiccup-message-peer", "ZMQ_HICCUP_MSG", wires, "", `
		a PEER
		b PEER hiccup_msg=hic hello_msg=hi
		a bind x
		b connect x
		a recv hi
		a close
		b recv hic
		b none`},

	{"scatter-gather-exchange", "SCATTER and GATHER", "", "", `
		s SCATTER
		g GATHER
		g bind x
		s connect x
		s send one
		s send ""
		s send two
		g recv one ; "" ; two
		g none`},
	{"scatter-alternates-between-gathers", "a SCATTER sends round robin", "", "", `
		s SCATTER
		a GATHER
		b GATHER
		s bind x
		a connect x
		b connect x
		s send 1
		s send 2
		s send 3
		s send 4
		a recv 1 ; 3
		b recv 2 ; 4
		a none
		b none`},
	{"gather-receives-from-scatters-in-turn", "a GATHER receives by fair queueing", inproc, "", `
		g GATHER
		a SCATTER
		b SCATTER
		g bind x
		a connect x
		b connect x
		a send a1
		a send a2
		b send b1
		b send b2
		g recv a1 ; b1 ; a2 ; b2`},
	{"scatter-rejects-multipart", "draft types send single frames", "", "", `
		s SCATTER
		g GATHER
		g bind x
		s connect x
		s send one | two -> EINVAL
		s send three
		g recv three
		g none`},
	{"scatter-would-block", "a SCATTER returns EAGAIN", inproc, "", `
		s SCATTER sndhwm=2
		g GATHER rcvhwm=3
		s send 0 -> EAGAIN
		g bind x
		s connect x
		s fill 10 -> 5
		g take 3
		s fill 10 -> 3
		g take 5
		g none`},
	{"scatter-skips-full-gather", "load balancing (round robin)", inproc, "", `
		s SCATTER sndhwm=1
		a GATHER rcvhwm=1
		b GATHER rcvhwm=4
		a bind x
		b bind y
		s connect x
		s connect y
		s fill 20 -> 7
		a recv 1 ; 3
		b recv 2 ; 4 ; 5 ; 6 ; 7`},
	{"scatter-reconnects-to-new-gather", "messages for a connected endpoint stay queued without a peer", wires, "", `
		s SCATTER
		a GATHER
		b GATHER
		a bind x
		s connect x
		s send 1
		a recv 1
		a close
		s send 2
		b bind x
		b recv 2`},
	{"unsupported-calls-of-draft-types-return-enotsup", "socket types without send or receive", inproc, "", `
		s SCATTER
		g GATHER
		r RADIO
		d DISH
		s none -> ENOTSUP
		g send 1 -> ENOTSUP
		r none -> ENOTSUP
		d send 1 -> ENOTSUP`},
	{"scatter-refuses-pull", "compatible socket types", wires, "", `
		s SCATTER
		p PULL
		g GATHER
		s bind x
		p connect x refused
		s send 1 -> EAGAIN
		g connect x
		s send 2
		g recv 2`},

	{"channel-exchange", "CHANNEL", "", "", `
		a CHANNEL
		b CHANNEL
		a bind x
		b connect x
		a send one
		b recv one
		b send two
		b send ""
		a recv two ; ""
		a none
		b none`},
	{"channel-rejects-multipart", "a CHANNEL sends single frames", "", "", `
		a CHANNEL
		b CHANNEL
		a bind x
		b connect x
		a send one | two -> EINVAL
		a send three
		b recv three
		b none`},
	{"channel-would-block", "a CHANNEL returns EAGAIN", inproc, "", `
		a CHANNEL sndhwm=1
		b CHANNEL rcvhwm=2
		a send 0 -> EAGAIN
		a bind x
		b connect x
		a fill 10 -> 3
		b recv 1 ; 2
		a fill 10 -> 2
		b take 3
		b none`},
	{"channel-second-peer-refused-inproc", "a PAIR has one peer", inproc, "", `
		a CHANNEL
		b CHANNEL
		c CHANNEL
		a bind x
		b connect x
		c connect x refused
		b send 1
		a recv 1
		a send 2
		b recv 2
		c none`},
	{"channel-next-peer-after-close", "a PAIR accepts another peer after the first", "", "", `
		a CHANNEL
		b CHANNEL
		c CHANNEL
		a bind x
		b connect x
		b send 1
		a recv 1
		b close
		a none
		a send 0 -> EAGAIN
		c connect x
		c send 2
		a recv 2
		a send 3
		c recv 3`},
	{"channel-reconnects-to-new-peer", "messages for a connected endpoint stay queued without a peer", wires, "", `
		a CHANNEL
		b CHANNEL
		c CHANNEL
		b bind x
		a connect x
		a send 1
		b recv 1
		b close
		a send 2
		c bind x
		c recv 2
		c send 3
		a recv 3`},
	{"channel-refuses-pair", "compatible socket types", wires, "", `
		a CHANNEL
		p PAIR
		b CHANNEL
		a bind x
		p connect x refused
		b connect x
		a send 1
		b recv 1`},
}
