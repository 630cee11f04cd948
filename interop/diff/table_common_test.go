package diff

// allTypes are scenarios for rules that apply to all socket types.
var allTypes = []entry{
	{"inproc-hwm-adds-both-ends", "inproc queues hold the sum of both high-water marks", inproc, "", `
		a PUSH sndhwm=2
		b PULL rcvhwm=3
		b bind x
		a connect x
		a fill 100 -> 5
		b take 5
		b none`},
	{"inproc-hwm-adds-both-ends-sender-binds", "inproc queues hold the sum of both high-water marks", inproc, "", `
		a PUSH sndhwm=2
		b PULL rcvhwm=3
		a bind x
		b connect x
		a fill 100 -> 5
		b take 5
		b none`},
	{"inproc-hwm-dealer-per-direction", "inproc queues hold the sum of both high-water marks", inproc, "", `
		a DEALER sndhwm=2 rcvhwm=1
		b DEALER sndhwm=4 rcvhwm=3
		b bind x
		a connect x
		a fill 100 -> 5
		b fill 100 -> 5
		a take 5
		b take 5`},
	{"inproc-hwm-pair-per-direction", "inproc queues hold the sum of both high-water marks", inproc, "", `
		a PAIR sndhwm=1 rcvhwm=6
		b PAIR sndhwm=2 rcvhwm=3
		b bind x
		a connect x
		a fill 100 -> 4
		b fill 100 -> 8
		a take 8
		b take 4`},
	{"inproc-hwm-unlimited-at-sender", "inproc queues are unlimited if either high-water mark is 0", inproc, "", `
		a PUSH sndhwm=0
		b PULL rcvhwm=3
		b bind x
		a connect x
		a fill 3000 -> 3000
		b take 3000
		b none`},
	{"inproc-hwm-unlimited-at-receiver", "inproc queues are unlimited if either high-water mark is 0", inproc, "", `
		a PUSH sndhwm=3
		b PULL rcvhwm=0
		a bind x
		b connect x
		a fill 3000 -> 3000
		b take 3000
		b none`},
	{"inproc-hwm-default", "inproc queues hold the sum of both high-water marks", inproc, "", `
		a PUSH
		b PULL
		a bind x
		b connect x
		a fill 3000 -> 2000
		b take 2000
		b none`},
	{"inproc-connect-before-bind-uses-connector-hwm", "inproc connect before bind", inproc, "", `
		a PUSH sndhwm=2
		b PULL rcvhwm=3
		a connect x
		a fill 100 -> 2
		b bind x
		a fill 100 -> 3
		b recv 1 ; 2 ; 1 ; 2 ; 3
		b none`},
	{"inproc-connect-before-bind-full-queue", "inproc connect before bind", inproc,
		"", `
		a PUSH sndhwm=2
		b PULL rcvhwm=1
		a connect x
		a fill 100 -> 2
		b bind x
		a fill 100 -> 1
		b recv 1 ; 2 ; 1
		b none`},
	{"inproc-connect-before-bind-unlimited", "inproc connect before bind", inproc, "", `
		a PUSH sndhwm=0
		b PULL rcvhwm=3
		a connect x
		a fill 1500 -> 1500
		b bind x
		a fill 10 -> 10
		b take 1510
		b none`},
	{"full-queue-accepts-after-half-is-read", "a full queue accepts messages again after half of it is read", inproc, "", `
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
	{"full-queue-accepts-after-half-is-read-odd-hwm", "a full queue accepts messages again after half of it is read", inproc, "", `
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
	{"full-queue-accepts-after-half-is-read-smallest-hwm", "a full queue accepts messages again after half of it is read", inproc, "", `
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
	{"full-queue-accepts-at-multiples-of-half", "a full queue accepts messages again after half of it is read", inproc, "", `
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
	{"hwm-counts-messages-not-frames", "high-water marks count messages", inproc, "", `
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
	{"hwm-ignores-request-delimiter", "high-water marks count messages", inproc, "", `
		q REQ sndhwm=1 routing_id=q
		r ROUTER rcvhwm=1
		r bind x
		q connect x
		q send one
		r recv q | "" | one
		r send q | "" | two
		q recv two`},
	{"pair-would-block-at-hwm", "ZMQ_SNDHWM and ZMQ_RCVHWM", inproc, "", `
		a PAIR sndhwm=1
		b PAIR rcvhwm=1
		a bind x
		b connect x
		a fill 5 -> 2
		b take 2
		a send more
		b recv more`},
	{"multipart-messages-stay-whole", "multipart messages are atomic", "", "", `
		a PUSH
		b PULL
		b bind x
		a connect x
		a send one | two | three
		a send single
		a send four | five
		b recv one | two | three ; single ; four | five
		b none`},
	{"multipart-empty-frames", "multipart messages are atomic", "", "", `
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
	{"multipart-binary-frames", "multipart messages are atomic", "", "", `
		a DEALER
		b DEALER
		a bind x
		b connect x
		a send "\x00" | "\x01" | "\x00\xff\x80\n"
		b recv "\x00" | "\x01" | "\x00\xff\x80\n"
		b send "\x00\x00\x00\x00"
		a recv "\x00\x00\x00\x00"`},
	{"multipart-frame-sizes-at-encoding-limits", "multipart messages are atomic", "", "", `
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
	{"multipart-thirty-frames", "multipart messages are atomic", "", "", `
		a DEALER
		b DEALER
		b bind x
		a connect x
		a send 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9
		b recv 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9`},
	{"multipart-frames-go-to-one-peer", "multipart messages are atomic", "", "", `
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
	{"load-balancing-follows-connect-order", "load balancing (round robin)", "", "", `
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
	{"load-balancing-skips-full-peer", "load balancing (round robin)", inproc, "", `
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
	{"load-balancing-resumes-peer-after-read", "load balancing (round robin)", inproc, "", `
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
	{"load-balancing-skips-closed-peer", "load balancing (round robin)", "", "", `
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
	{"load-balancing-includes-new-peer", "load balancing (round robin)", "", "", `
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
	{"fair-queueing-alternates-between-peers", "fair queueing", inproc, "", `
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
	{"fair-queueing-receives-every-message", "fair queueing", "", "", `
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
	{"fair-queueing-dealer-bound-and-connected", "fair queueing", "", "", `
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
	{"push-refuses-sub", "compatible socket types", wires, "", `
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
	{"rep-refuses-push", "compatible socket types", wires, "", `
		r REP
		p PUSH
		q REQ
		r bind x
		p connect x refused
		q connect x
		q send 1
		r recv 1`},
	{"pair-refuses-dealer", "compatible socket types", wires, "", `
		a PAIR
		d DEALER
		b PAIR
		a bind x
		d connect x refused
		a send 1 -> EAGAIN
		b connect x
		a send 2
		b recv 2`},
	{"inproc-dealer-refuses-push", "compatible socket types over inproc", inproc, "", `
		d DEALER
		p PUSH
		d bind x
		p connect x refused
		p send 1
		! -> EAGAIN because types are checked over inproc as over wires
		d recv 1
		! -> EAGAIN because types are checked over inproc as over wires`},
	{"max-message-size-accepts-message-at-limit", "ZMQ_MAXMSGSIZE", wires, "", `
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
	{"unsupported-calls-return-enotsup", "socket types without send or receive", inproc, "", `
		push PUSH
		pull PULL
		pub PUB
		sub SUB
		push none -> ENOTSUP
		pull send 1 -> ENOTSUP
		pub none -> ENOTSUP
		sub send 1 -> ENOTSUP`},
	{"calls-without-peers", "calls without a peer", inproc, "", `
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
	{"calls-on-bound-socket-without-peers", "calls without a peer", "", "", `
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
