package diff

// common is section 3.1: rules of all socket types.
var common = []entry{
	{"inproc HWM is the sum of both ends", "3.1 inproc pipe limit", inside, "", `
		a PUSH sndhwm=2
		b PULL rcvhwm=3
		b bind x
		a connect x
		a fill 100 -> 5
		b take 5
		b none`},
	{"inproc HWM is the sum of both ends, bound by the sender", "3.1 inproc pipe limit", inside, "", `
		a PUSH sndhwm=2
		b PULL rcvhwm=3
		a bind x
		b connect x
		a fill 100 -> 5
		b take 5
		b none`},
	{"inproc HWM of DEALERs counts each way", "3.1 inproc pipe limit", inside, "", `
		a DEALER sndhwm=2 rcvhwm=1
		b DEALER sndhwm=4 rcvhwm=3
		b bind x
		a connect x
		a fill 100 -> 5
		b fill 100 -> 5
		a take 5
		b take 5`},
	{"inproc HWM of PAIRs counts each way", "3.1 inproc pipe limit", inside, "", `
		a PAIR sndhwm=1 rcvhwm=6
		b PAIR sndhwm=2 rcvhwm=3
		b bind x
		a connect x
		a fill 100 -> 4
		b fill 100 -> 8
		a take 8
		b take 4`},
	{"inproc without limit at the sender", "3.1 inproc pipe limit, 3.1 HWM 0", inside, "", `
		a PUSH sndhwm=0
		b PULL rcvhwm=3
		b bind x
		a connect x
		a fill 3000 -> 3000
		b take 3000
		b none`},
	{"inproc without limit at the receiver", "3.1 inproc pipe limit, 3.1 HWM 0", inside, "", `
		a PUSH sndhwm=3
		b PULL rcvhwm=0
		a bind x
		b connect x
		a fill 3000 -> 3000
		b take 3000
		b none`},
	{"inproc default limits", "3.1 inproc pipe limit", inside, "", `
		a PUSH
		b PULL
		a bind x
		b connect x
		a fill 3000 -> 2000
		b take 2000
		b none`},
	{"before the bind only the connector's HWM applies", "3.1 inproc before the bind", inside, "", `
		a PUSH sndhwm=2
		b PULL rcvhwm=3
		a connect x
		a fill 100 -> 2
		b bind x
		a fill 100 -> 3
		b recv 1 ; 2 ; 1 ; 2 ; 3
		b none`},
	{"before the bind a full connector", "3.1 inproc before the bind", inside,
		"", `
		a PUSH sndhwm=2
		b PULL rcvhwm=1
		a connect x
		a fill 100 -> 2
		b bind x
		a fill 100 -> 1
		b recv 1 ; 2 ; 1
		b none`},
	{"before the bind an unlimited connector has no limit", "3.1 inproc before the bind", inside, "", `
		a PUSH sndhwm=0
		b PULL rcvhwm=3
		a connect x
		a fill 1500 -> 1500
		b bind x
		a fill 10 -> 10
		b take 1510
		b none`},
	{"a full queue has room when half of it is read", "3.1 LWM", inside, "", `
		a PUSH sndhwm=2
		b PULL rcvhwm=2
		b bind x
		a connect x
		a fill 100 -> 4
		b recv 1
		a send late -> EAGAIN
		b recv 2
		a fill 100 -> 2
		b recv 3 ; 4 ; 1 ; 2
		b none`},
	{"LWM of an odd limit", "3.1 LWM", inside, "", `
		a PUSH sndhwm=3
		b PULL rcvhwm=2
		b bind x
		a connect x
		a fill 100 -> 5
		b take 2
		a send late -> EAGAIN
		b take 1
		a fill 100 -> 3
		b take 2
		a send late -> EAGAIN
		b take 1
		a fill 100 -> 3
		b take 5
		b none`},
	{"LWM of the smallest limit", "3.1 LWM", inside, "", `
		a PUSH sndhwm=1
		b PULL rcvhwm=1
		b bind x
		a connect x
		a fill 100 -> 2
		b take 1
		a fill 100 -> 1
		b take 1
		a fill 100 -> 1
		b take 2
		b none`},
	{"a reader that is ahead makes room at multiples of LWM", "3.1 LWM", inside, "", `
		a PUSH sndhwm=2
		b PULL rcvhwm=2
		b bind x
		a connect x
		a send one
		b recv one
		a fill 100 -> 3
		b recv 1
		a fill 100 -> 2
		b take 4
		b none`},
	{"HWM counts messages and not frames", "3.1 HWM counts whole messages", inside, "", `
		a PUSH sndhwm=1
		b PULL rcvhwm=1
		b bind x
		a connect x
		a send 1 | 2 | 3 | 4
		a send 5 | 6 | 7
		a send 8 -> EAGAIN
		b recv 1 | 2 | 3 | 4
		b recv 5 | 6 | 7
		b none`},
	{"HWM does not count a request's delimiter", "3.1 HWM counts whole messages", inside, "", `
		q REQ sndhwm=1 routing_id=q
		r ROUTER rcvhwm=1
		r bind x
		q connect x
		q send one
		r recv q | "" | one
		r send q | "" | two
		q recv two`},
	{"PAIR waits at its HWM", "3.1 HWM", inside, "", `
		a PAIR sndhwm=1
		b PAIR rcvhwm=1
		a bind x
		b connect x
		a fill 5 -> 2
		b take 2
		a send more
		b recv more`},
	{"messages travel whole", "3.1 Multipart", "", "", `
		a PUSH
		b PULL
		b bind x
		a connect x
		a send one | two | three
		a send single
		a send four | five
		b recv one | two | three ; single ; four | five
		b none`},
	{"empty frames are frames", "3.1 Multipart", "", "", `
		a PAIR
		b PAIR
		a bind x
		b connect x
		a send ""
		a send "" | ""
		b send one | "" | two | ""
		b recv "" ; "" | ""
		a recv one | "" | two | ""
		a none
		b none`},
	{"frames may hold anything", "3.1 Multipart", "", "", `
		a DEALER
		b DEALER
		a bind x
		b connect x
		a send "\x00" | "\x01" | "\x00\xff\x80\n"
		b recv "\x00" | "\x01" | "\x00\xff\x80\n"
		b send "\x00\x00\x00\x00"
		a recv "\x00\x00\x00\x00"`},
	{"sizes around the forms of a frame", "3.1 Multipart", "", "", `
		a PUSH
		b PULL
		b bind x
		a connect x
		a send *1 | *254 | *255 | *256 | *257
		a send *8191 | *8192 | *8193
		a send *65535 | *65536 | *100000
		b recv *1 | *254 | *255 | *256 | *257
		b recv *8191 | *8192 | *8193
		b recv *65535 | *65536 | *100000
		b none`},
	{"thirty frames", "3.1 Multipart", "", "", `
		a DEALER
		b DEALER
		b bind x
		a connect x
		a send 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9
		b recv 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9`},
	{"all parts go to one peer", "3.1 Multipart", "", "", `
		a PUSH
		b PULL
		c PULL
		b bind x
		c bind y
		a connect x
		a connect y
		a send 1 | 2 | 3
		a send 4 | 5
		b recv 1 | 2 | 3
		c recv 4 | 5
		b none
		c none`},
	{"LB takes peers in turn, in the order they came", "3.1 LB", "", "", `
		a PUSH
		b PULL
		c PULL
		d PULL
		a bind x
		b connect x
		c connect x
		d connect x
		a send 1
		a send 2
		a send 3
		a send 4
		a send 5
		b recv 1 ; 4
		c recv 2 ; 5
		d recv 3
		b none
		c none
		d none`},
	{"LB skips a full peer", "3.1 LB", inside, "", `
		a PUSH sndhwm=1
		b PULL rcvhwm=1
		c PULL rcvhwm=5
		b bind x
		c bind y
		a connect x
		a connect y
		a fill 100 -> 8
		b recv 1 ; 3
		c recv 2 ; 4 ; 5 ; 6 ; 7 ; 8`},
	{"LB takes a peer back when it has room", "3.1 LB", inside, "", `
		a PUSH sndhwm=1
		b PULL rcvhwm=1
		c PULL rcvhwm=1
		b bind x
		c bind y
		a connect x
		a connect y
		a fill 100 -> 4
		b recv 1
		a send more
		a send late -> EAGAIN
		b recv 3 ; more
		c recv 2 ; 4`},
	{"LB leaves a peer that has gone", "3.1 LB", "", "", `
		a PUSH
		b PULL
		c PULL
		a bind x
		b connect x
		c connect x
		a send 1
		a send 2
		b recv 1
		c recv 2
		b close
		a send 3
		a send 4
		c recv 3 ; 4
		c none`},
	{"LB takes a new peer in", "3.1 LB", "", "", `
		a DEALER
		b DEALER
		c DEALER
		a bind x
		b connect x
		a send 1
		a send 2
		c connect x
		a send 3
		a send 4
		pool b=3 c=1 : 1 ; 2 ; 3 ; 4`},
	{"FQ takes one message of each peer in turn", "3.1 FQ", inside, "", `
		a PUSH
		b PUSH
		c PULL
		c bind x
		a connect x
		b connect x
		a send a1
		a send a2
		a send a3
		b send b1
		b send b2
		b send b3
		c recv a1 ; b1 ; a2 ; b2 ; a3 ; b3
		c none`},
	{"FQ gets everything of everybody", "3.1 FQ", "", "", `
		a PUSH
		b PUSH
		c PULL
		c bind x
		a connect x
		b connect x
		a send a1
		a send a2
		b send b1
		b send b2 | more
		c any a1 ; a2 ; b1 ; b2 | more
		c none`},
	{"FQ of a DEALER with peers bound and connected", "3.1 FQ", "", "", `
		a DEALER
		b DEALER
		c DEALER
		c bind x
		b bind y
		a connect x
		c connect y
		a send a1
		b send b1
		b send b2
		c any a1 ; b1 ; b2
		c none`},
	{"types that do not talk over a wire", "3 accepts peers", wires, "", `
		a PUSH
		s SUB
		b PULL
		a bind x
		s connect x refused
		a send 1 -> EAGAIN
		b connect x
		a send 2
		b recv 2
		s none`},
	{"a REP does not talk to a PUSH", "3 accepts peers", wires, "", `
		r REP
		p PUSH
		q REQ
		r bind x
		p connect x refused
		q connect x
		q send 1
		r recv 1`},
	{"a PAIR does not talk to a DEALER", "3 accepts peers", wires, "", `
		a PAIR
		d DEALER
		b PAIR
		a bind x
		d connect x refused
		a send 1 -> EAGAIN
		b connect x
		a send 2
		b recv 2`},
	{"types that do not talk over inproc", "3 accepts peers: not checked over inproc", inside, "", `
		d DEALER
		p PUSH
		d bind x
		p connect x refused
		p send 1
		! -> EAGAIN because types are checked over inproc as over wires
		d recv 1
		! -> EAGAIN because types are checked over inproc as over wires`},
	{"a message above the limit ends the connection", "3.1 connection lost", wires, "", `
		a PUSH
		b PULL maxmsgsize=100
		c PUSH
		b bind x
		a connect x
		c connect x
		a send *100
		b recv *100
		c send fine
		b recv fine`},
	{"calls that a type does not have", "3 send routing, receive routing", inside, "", `
		push PUSH
		pull PULL
		pub PUB
		sub SUB
		push none -> ENOTSUP
		pull send 1 -> ENOTSUP
		pub none -> ENOTSUP
		sub send 1 -> ENOTSUP`},
	{"sockets without peers", "3 when no peer", inside, "", `
		push PUSH
		dealer DEALER
		pair PAIR
		req REQ
		pub PUB
		xpub XPUB
		xsub XSUB
		rep REP
		pull PULL
		sub SUB
		router ROUTER
		push send 1 -> EAGAIN
		dealer send 1 -> EAGAIN
		pair send 1 -> EAGAIN
		req send 1 -> EAGAIN
		pub send 1
		xpub send 1
		xsub send 1
		dealer none
		pair none
		rep none
		pull none
		sub none
		router none
		xpub none
		xsub none`},
	{"bound sockets without peers", "3 when no peer", "", "", `
		push PUSH
		dealer DEALER
		pair PAIR
		req REQ
		pub PUB
		push bind a
		dealer bind b
		pair bind c
		req bind d
		pub bind e
		push send 1 -> EAGAIN
		dealer send 1 -> EAGAIN
		pair send 1 -> EAGAIN
		req send 1 -> EAGAIN
		pub send 1`},
}
