package diff

// proxies are scenarios for zmq_proxy and zmq_proxy_steerable.
var proxies = []entry{
	{"proxy-router-dealer", "a proxy forwards requests and replies", "", "", `
		only 4.3.4 because the worker for 4.3.5 has no proxy
		q REQ
		f ROUTER
		b DEALER
		w REP
		f bind x
		b bind y
		f proxy b
		q connect x
		w connect y
		q send ask | again
		w recv ask | again
		w send answer | "" | more
		q recv answer | "" | more
		q send ""
		w recv ""
		w send ""
		q recv ""`},
	{"proxy-router-dealer-shares-requests", "a proxy forwards requests to workers in turn, and replies to the client", "", "", `
		only 4.3.4 because the worker for 4.3.5 has no proxy
		q REQ
		p REQ
		f ROUTER
		b DEALER
		v REP
		w REP
		f bind x
		b bind y
		f proxy b
		q connect x
		p connect x
		v connect y
		w connect y
		q send one
		v recv one
		p send two
		w recv two
		w send second
		v send first
		q recv first
		p recv second`},
	{"proxy-pull-push", "a proxy forwards in one direction", "", "", `
		only 4.3.4 because the worker for 4.3.5 has no proxy
		s PUSH
		f PULL
		b PUSH
		r PULL
		f bind x
		b bind y
		s connect x
		r connect y
		s send early
		f proxy b
		r recv early
		s send one | two
		s send ""
		s send "" | ""
		s send *100000
		r recv one | two ; "" ; "" | "" ; *100000
		r none`},
	{"proxy-pull-push-keeps-messages-without-receiver", "messages wait in the front while the back has no peer", wires, "", `
		only 4.3.4 because the worker for 4.3.5 has no proxy
		s PUSH
		f PULL
		b PUSH
		r PULL
		f bind x
		b bind y
		f proxy b
		s connect x
		s send one
		s send two
		r connect y
		r recv one ; two
		r none`},
	{"proxy-xsub-xpub", "a proxy forwards subscriptions and messages", "", "", `
		only 4.3.4 because the worker for 4.3.5 has no proxy
		p XPUB
		f XSUB
		b XPUB
		s SUB
		f bind x
		b bind y
		f proxy b
		p connect x
		s connect y
		s sub a
		p recv "\x01a"
		p send a1
		p send b1
		p send a2 | more
		s recv a1 ; a2 | more
		s unsub a
		p recv "\x00a"
		p send a3
		s none`},
	{"proxy-xsub-xpub-forwards-first-and-last", "an XPUB reports the first subscription to a topic and the last unsubscription", "", "", `
		only 4.3.4 because the worker for 4.3.5 has no proxy
		p XPUB
		f XSUB
		b XPUB
		s SUB
		t SUB
		f bind x
		b bind y
		f proxy b
		p connect x
		s connect y
		t connect y
		s sub a
		p recv "\x01a"
		t sub a
		s sub ab
		p recv "\x01ab"
		p send ab
		s recv ab
		t recv ab
		s unsub a
		t close
		p recv "\x00a"
		p send abc
		s recv abc
		p none`},
	{"proxy-xsub-xpub-verbose", "ZMQ_XPUB_VERBOSE at the back reports every subscription, of which the XSUB sends all", "", "", `
		only 4.3.4 because the worker for 4.3.5 has no proxy
		p XPUB xpub_verbose=1
		f XSUB
		b XPUB xpub_verbose=1
		s SUB
		t SUB
		f bind x
		b bind y
		f proxy b
		p connect x
		s connect y
		t connect y
		s sub a
		p recv "\x01a"
		t sub a
		p recv "\x01a"
		p send a
		s recv a
		t recv a
		s none
		t none`},
	{"proxy-xsub-xpub-late-publisher", "a publisher that connects later receives the subscriptions", wires, "", `
		only 4.3.4 because the worker for 4.3.5 has no proxy
		p XPUB
		f XSUB
		b XPUB
		s SUB
		f bind x
		b bind y
		f proxy b
		s connect y
		s sub a
		p connect x
		p recv "\x01a"
		p send a
		s recv a`},
	{"proxy-dealer-dealer", "a proxy of two DEALERs forwards in both directions", "", "", `
		only 4.3.4 because the worker for 4.3.5 has no proxy
		a DEALER
		f DEALER
		b DEALER
		z DEALER
		f bind x
		b bind y
		f proxy b
		a connect x
		z connect y
		a send to z | 1
		z send to a | 2
		z recv to z | 1
		a recv to a | 2`},
	{"proxy-pair-pair", "a proxy of two PAIRs forwards in both directions", "", "", `
		only 4.3.4 because the worker for 4.3.5 has no proxy
		a PAIR
		f PAIR
		b PAIR
		z PAIR
		f bind x
		b bind y
		a connect x
		z connect y
		f proxy b
		a send 1
		a send 2 | ""
		z send 3
		z recv 1 ; 2 | ""
		a recv 3`},
	{"proxy-router-router", "the first frames name the peer of the second ROUTER", "", "", `
		only 4.3.4 because the worker for 4.3.5 has no proxy
		a DEALER routing_id=a
		f ROUTER
		b ROUTER
		z DEALER routing_id=z
		f bind x
		b bind y
		f proxy b
		a connect x
		z connect y
		a send body
		z none
		a none`},
	{"proxy-one-rep", "one REP on both sides sends each request back", "", "", `
		only 4.3.4 because the worker for 4.3.5 has no proxy
		q REQ
		f REP
		f bind x
		f proxy f
		q connect x
		q send one
		q recv one
		q send ""
		q recv ""
		q send one | two
		q none
		! one | two because libzmq's proxy ends with EFSM: a REP cannot send the first frame before it has received the last`},
	{"proxy-one-dealer", "one DEALER on both sides sends each message back", "", "", `
		only 4.3.4 because the worker for 4.3.5 has no proxy
		a DEALER
		f DEALER
		f bind x
		f proxy f
		a connect x
		a send 1
		a send 2 | 3
		a recv 1 ; 2 | 3
		a none`},
	{"proxy-capture", "the capture socket receives a copy of each message in both directions", "", "", `
		only 4.3.4 because the worker for 4.3.5 has no proxy
		q REQ routing_id=q
		f ROUTER
		b DEALER
		c PUSH
		w REP
		l PULL
		f bind x
		b bind y
		c bind z
		l connect z
		f proxy b capture=c
		q connect x
		w connect y
		q send ask | *20000
		w recv ask | *20000
		l recv q | "" | ask | *20000
		w send answer
		q recv answer
		l recv q | "" | answer
		l none`},
	{"proxy-capture-of-publisher", "the capture socket receives messages and subscriptions", "", "", `
		only 4.3.4 because the worker for 4.3.5 has no proxy
		p XPUB
		f XSUB
		b XPUB
		c PUSH
		s SUB
		l PULL
		f bind x
		b bind y
		c bind z
		l connect z
		f proxy b capture=c
		p connect x
		s connect y
		s sub a
		p recv "\x01a"
		l recv "\x01a"
		p send a
		s recv a
		l recv a
		p send b
		l none`},
	{"proxy-pauses", "a paused proxy leaves messages in its sockets", "", "", `
		only 4.3.4 because PAUSE is defective in 4.3.5
		s PUSH
		f PULL
		b PUSH
		r PULL
		k PAIR
		u PAIR
		f bind x
		b bind y
		k bind z
		u connect z
		s connect x
		r connect y
		f proxy b control=k
		s send 1
		r recv 1
		u send PAUSE
		u send STATISTICS
		u stats 1 1 0 0 0 0 1 1
		s send 2
		s send 3
		u send STATISTICS
		u stats 1 1 0 0 0 0 1 1
		r none
		u send RESUME
		r recv 2 ; 3
		u send PAUSE
		u send STATISTICS
		u stats 3 3 0 0 0 0 3 3
		u send PAUSE
		u send RESUME
		u send RESUME
		s send 4
		r recv 4
		u send TERMINATE
		f proxyend
		u none`},
	{"proxy-statistics", "STATISTICS has the messages and bytes received and sent by the front, then by the back", "", "", `
		only 4.3.4 because 4.3.5 counts frames
		q REQ routing_id=q
		f ROUTER
		b DEALER
		w REP
		k PAIR
		u PAIR
		f bind x
		b bind y
		k bind z
		u connect z
		q connect x
		w connect y
		f proxy b control=k
		u send STATISTICS
		u stats 0 0 0 0 0 0 0 0
		q send abc
		w recv abc
		u send STATISTICS
		u stats 1 4 0 0 0 0 1 4
		! stats 3 4 0 0 0 0 3 4 because frames are counted, as in later versions of libzmq
		w send de | f
		q recv de | f
		u send STATISTICS
		u stats 1 4 1 4 1 4 1 4
		! stats 3 4 4 4 4 4 3 4 because frames are counted, as in later versions of libzmq
		u send TERMINATE
		f proxyend`},
	{"proxy-terminates", "after TERMINATE the sockets are open, and messages stay in them", "", "", `
		only 4.3.4 because the worker for 4.3.5 has no proxy
		s PUSH
		f PULL
		b PUSH
		r PULL
		k PAIR
		u PAIR
		f bind x
		b bind y
		k bind z
		u connect z
		s connect x
		r connect y
		f proxy b control=k
		s send 1
		r recv 1
		u send TERMINATE
		f proxyend
		s send 2
		f recv 2
		b send 3
		r recv 3`},
	{"proxy-terminates-while-paused", "TERMINATE ends a paused proxy", "", "", `
		only 4.3.4 because PAUSE is defective in 4.3.5
		s PUSH
		f PULL
		b PUSH
		r PULL
		k PAIR
		u PAIR
		f bind x
		b bind y
		k bind z
		u connect z
		s connect x
		r connect y
		f proxy b control=k
		u send PAUSE
		u send STATISTICS
		u stats 0 0 0 0 0 0 0 0
		s send 1
		u send TERMINATE
		f proxyend
		f recv 1
		r none`},
	{"proxy-control-rep", "a REP is the control socket; 4.3.4 replies to STATISTICS alone", "", "", `
		only 4.3.4 because the worker for 4.3.5 has no proxy
		s PUSH
		f PULL
		b PUSH
		r PULL
		k REP
		u REQ
		f bind x
		b bind y
		k bind z
		u connect z
		s connect x
		r connect y
		f proxy b control=k
		s send 1
		r recv 1
		u send STATISTICS
		u stats 1 1 0 0 0 0 1 1
		u send TERMINATE
		f proxyend
		u none
		! "" because later versions of libzmq reply to every command of a REP`},
	{"proxy-control-sub", "a SUB is the control socket; it cannot reply", "", "", `
		only 4.3.4 because the worker for 4.3.5 has no proxy
		s PUSH
		f PULL
		b PUSH
		r PULL
		k SUB
		u XPUB
		f bind x
		b bind y
		u bind z
		k connect z
		k sub ""
		u recv "\x01"
		s connect x
		r connect y
		f proxy b control=k
		s send 1
		r recv 1
		u send TERMINATE
		f proxyend`},
}
