package diff

// pipeline are scenarios for DEALER, PUSH, PULL and PAIR.
var pipeline = []entry{
	{"dealer-sends-frames-unchanged", "a DEALER sends frames unchanged", "", "", `
		a DEALER
		b DEALER
		b bind x
		a connect x
		a send 1
		a send "" | 2
		b send 3 | 4
		b recv 1 ; "" | 2
		a recv 3 | 4`},
	{"dealer-alternates-between-peers", "a DEALER sends round robin", "", "", `
		a DEALER
		b DEALER
		c DEALER
		a bind x
		b connect x
		c connect x
		a send 1
		a send 2
		a send 3
		b recv 1 ; 3
		c recv 2
		b send to a
		a recv to a
		b none
		c none`},
	{"dealer-router-exchange", "a DEALER sends frames unchanged", "", "", `
		d DEALER routing_id=me
		r ROUTER
		d bind x
		r connect x
		d send one | two
		r recv me | one | two
		r send me | three
		d recv three`},
	{"push-starts-with-first-connected-peer", "a PUSH sends round robin", "", "", `
		p PUSH
		a PULL
		b PULL
		p bind x
		b connect x
		a connect x
		p send 1
		p send 2
		b recv 1
		a recv 2`},
	{"push-starts-with-first-peer-bound-and-connected", "a PUSH sends round robin", "", "", `
		p PUSH
		a PULL
		b PULL
		a bind y
		p bind x
		p connect y
		b connect x
		p send 1
		p send 2
		p send 3
		a recv 1 ; 3
		b recv 2`},
	{"push-queues-for-unbound-endpoint", "ZMQ_IMMEDIATE=0", "", "", `
		p PUSH
		a PULL
		a bind x
		p connect x
		p connect y
		p fill 10 -> 10
		a recv 1 ; 3 ; 5 ; 7 ; 9
		a none`},
	{"push-delivers-queued-messages-after-bind", "ZMQ_IMMEDIATE=0", "", "", `
		p PUSH
		a PULL
		b PULL
		a bind x
		p connect x
		p connect y
		p fill 10 -> 10
		b bind y
		a recv 1 ; 3 ; 5 ; 7 ; 9
		b recv 2 ; 4 ; 6 ; 8 ; 10
		a none
		b none`},
	{"pull-from-bound-and-connected-push", "a PULL receives by fair queueing", "", "", `
		a PUSH
		b PUSH
		p PULL
		p bind x
		b bind y
		a connect x
		p connect y
		a send 1
		p recv 1
		b send 2
		p recv 2
		a send 3
		p recv 3`},
	{"pair-exchange", "PAIR", "", "", `
		a PAIR
		b PAIR
		a bind x
		b connect x
		a send 1
		a send 2
		b send 3
		b recv 1 ; 2
		a recv 3
		b send 4 | 5
		a recv 4 | 5
		a none
		b none`},
	{"pair-connect-before-bind", "messages for a connected endpoint stay queued without a peer", "", "", `
		a PAIR
		b PAIR
		b connect x
		b send 1
		b send 2 | 3
		a bind x
		a recv 1 ; 2 | 3
		a send 4
		b recv 4`},
	{"pair-second-peer-refused-tcp-ipc", "a PAIR has one peer", wires, "", `
		a PAIR
		b PAIR
		c PAIR
		a bind x
		b connect x
		c connect x refused
		a send 1
		a send 2
		b recv 1 ; 2
		c none
		b send 3
		a recv 3`},
	{"pair-second-peer-refused-inproc", "a PAIR has one peer", inproc, "", `
		a PAIR
		b PAIR
		c PAIR
		a bind x
		b connect x
		c connect x refused
		a send 1
		a send 2
		b recv 1 ; 2
		c none
		c send no -> EAGAIN
		! ok because it waits for its place over inproc too
		a none
		b send 3
		a recv 3`},
	{"pair-next-peer-after-close", "a PAIR accepts another peer after the first", "", "", `
		a PAIR
		b PAIR
		c PAIR
		a bind x
		b connect x
		a send 1
		b recv 1
		b close
		a none
		a send no -> EAGAIN
		c connect x
		a send 2
		c recv 2
		c send 3
		a recv 3`},
	{"pair-next-peer-after-disconnect", "a PAIR accepts another peer after the first", "", "", `
		a PAIR
		b PAIR
		c PAIR
		a bind x
		b connect x
		b send 1
		b disconnect x
		a recv 1
		a none
		c connect x
		c send 2
		a recv 2
		a send 3
		c recv 3
		b none`},
	{"pair-multipart", "multipart messages of a PAIR", "", "", `
		a PAIR
		b PAIR
		a bind x
		b connect x
		a send 1 | 2 | 3 | *1000
		b recv 1 | 2 | 3 | *1000
		b none`},
	{"push-pull-500-messages-in-order", "multipart messages are atomic", "", "", `
		a PUSH
		b PULL
		b bind x
		a connect x
		a fill 500 -> 500
		b take 500
		b none`},
	{"push-disconnect-one-of-two-endpoints", "a PUSH sends round robin", "", "", `
		p PUSH
		a PULL
		b PULL
		a bind x
		b bind y
		p connect x
		p connect y
		p send 1
		p send 2
		a recv 1
		b recv 2
		p disconnect x
		p send 3
		p send 4
		b recv 3 ; 4
		a none`},
	{"push-reconnect-after-disconnect", "a PUSH sends round robin", "", "", `
		p PUSH
		a PULL
		a bind x
		p connect x
		p send 1
		a recv 1
		p disconnect x
		p send no -> EAGAIN
		p connect x
		p send 2
		a recv 2
		a none`},
	{"push-worker-closes-after-reading", "load balancing (round robin)", "", "", `
		p PUSH
		a PULL
		b PULL
		p bind x
		a connect x
		b connect x
		p fill 4 -> 4
		a recv 1 ; 3
		a close
		p send 5
		p send 6
		b recv 2 ; 4 ; 5 ; 6
		b none`},
	{"push-pull-full-mesh", "load balancing and fair queueing", "", "", `
		p PUSH
		q PUSH
		a PULL
		b PULL
		a bind x
		b bind y
		p connect x
		p connect y
		q connect x
		q connect y
		p fill 4 -> 4
		q fill 4 -> 4
		pool a=4 b=4 : 1 ; 1 ; 2 ; 2 ; 3 ; 3 ; 4 ; 4`},
	{"push-pull-ventilator-workers-sink", "PUSH and PULL", "", "", `
		v PUSH
		i PULL
		o PUSH
		j PULL
		u PUSH
		s PULL
		v bind x
		s bind y
		i connect x
		j connect x
		o connect y
		u connect y
		v send 1
		v send 2
		i recv 1
		j recv 2
		o send one
		u send two
		s any one ; two
		s none`},
	{"dealer-connect-twice-one-endpoint", "a second connect to the same endpoint does nothing", wires,
		"", `
		a DEALER
		b DEALER
		b bind x
		a connect x
		a connect x
		b fill 4 -> 4
		a recv 1 ; 2 ; 3 ; 4`},
	{"push-connect-twice-one-endpoint", "each connection has its own queues", "", "", `
		a PUSH
		b PULL
		b bind x
		a connect x
		a connect x
		a send 1
		a send 2
		a send 3
		b any 1 ; 2 ; 3
		b none`},
}
