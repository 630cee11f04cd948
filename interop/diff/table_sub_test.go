package diff

// subscribing is section 3.6: SUB and XSUB.
var subscribing = []entry{
	{"subscriptions before connecting", "3.6 replayed to every new pipe", "", "", `
		p PUB
		a SUB
		a sub t
		p bind x
		a connect x
		p send t1
		p send u1
		a recv t1
		a none`},
	{"subscriptions before anybody binds", "3.6 replayed to every new pipe", "", "", `
		p PUB
		a SUB
		a sub t
		a connect x
		p bind x
		p send t1
		a recv t1
		a none`},
	{"subscriptions reach every publisher", "3.6 forwarded to all current pipes", "", "", `
		p PUB
		q PUB
		a SUB
		p bind x
		q bind y
		a connect x
		a sub t
		a connect y
		a sub u
		p send t1
		a recv t1
		q send t2
		a recv t2
		p send u1
		a recv u1
		q send u2
		a recv u2
		p send v
		q send v
		a none`},
	{"subscriptions survive the loss of a publisher", "3.6 after every reconnect", wires, "", `
		p PUB
		q PUB
		a SUB
		p bind x
		a connect x
		a sub t
		p send t1
		a recv t1
		p close
		q bind x
		q send t2
		q send u2
		a recv t2
		a none`},
	{"what changed while nobody was there counts", "3.6 after every reconnect", wires, "", `
		p PUB
		q PUB
		a SUB
		p bind x
		a connect x
		a sub t
		a sub u
		p close
		a unsub t
		a sub v
		q bind x
		q send t1
		q send u1
		q send v1
		a recv u1 ; v1
		a none`},
	{"XSUB's subscriptions survive too", "3.6 XSUB explicit send is cached", wires, "", `
		p XPUB
		q XPUB
		a XSUB
		p bind x
		a connect x
		a send "\x01t"
		p recv "\x01t"
		p close
		q bind x
		q recv "\x01t"
		q send t1
		a recv t1`},
	{"XSUB's subscriptions before connecting", "3.6 XSUB explicit send is cached", "", "", `
		p XPUB
		a XSUB
		a send "\x01t"
		p bind x
		a connect x
		p recv "\x01t"
		p send t1
		a recv t1`},
	{"unsubscribing from what is not known", "3.6 UNSUBSCRIBE of an unknown topic", "", "", `
		p PUB
		a SUB
		p bind x
		a connect x
		a unsub t
		a sub t
		p send t1
		a recv t1
		a unsub t
		a unsub t
		a sub t
		p send t2
		a recv t2
		a none`},
	{"long topics", "3.6 any length", "", "", `
		p XPUB
		a SUB
		p bind x
		a connect x
		a sub *245
		p recv "\x010123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef01234"
		p send *244
		p send *245
		p send *500
		a recv *245 ; *500
		a unsub *245
		a sub *1000
		p send *999
		p send *1000
		a recv *1000
		a none`},
	{"topics above SNDHWM", "3.6 dropped if the pipe is at SNDHWM", inside, "", `
		p PUB
		a SUB sndhwm=2
		a connect x
		a sub t
		a sub u
		a sub v
		p bind x
		p send t1
		p send v1
		a recv t1
		a none
		! v1 because subscriptions travel beside the queue, where no high-water mark holds them (docs/ARCHITECTURE.md)`},
	{"counted subscriptions", "3.5 the SUB side reference-counts", "", "", `
		p XPUB
		a SUB
		p bind x
		a connect x
		a sub t
		a sub t
		a sub t
		p recv "\x01t"
		a unsub t
		a unsub t
		p none
		p send t1
		a recv t1
		a unsub t
		p recv "\x00t"
		a unsub t
		p none`},
	{"counted subscriptions are replayed once", "3.5 the SUB side reference-counts", "", "", `
		p XPUB
		a SUB
		a sub t
		a sub t
		p bind x
		a connect x
		p recv "\x01t"
		p none
		a unsub t
		p none
		a unsub t
		p recv "\x00t"`},
	{"SUB filters by the first frame", "3.6 Filter examines the first frame only", "", "", `
		p PUB
		a SUB
		p bind x
		a connect x
		a sub t
		p send u | t
		p send t | u
		a recv t | u
		a none`},
	{"a SUB drops what it no longer wants", "3.6 SUB still filters", inside, "", `
		p PUB
		a SUB
		p bind x
		a connect x
		a sub t
		a sub u
		p send t1
		p send u1
		p send t2
		a unsub t
		a recv u1
		a none`},
	{"an XSUB keeps what it no longer wants", "3 XSUB no filter", inside, "", `
		p PUB
		a XSUB
		p bind x
		a connect x
		a sub t
		a sub u
		p send t1
		p send u1
		a unsub t
		p send t2
		a recv t1 ; u1
		a none`},
	{"a publisher that waits for a binder drops", "3.6 connect-before-bind inproc PUB", "", "", `
		p PUB
		a SUB
		a sub ""
		p connect x
		p send lost
		a bind x
		p send found
		a recv found
		a none`},
	{"an XSUB sends to all its publishers", "3 XSUB everything goes to all", "", "", `
		p XPUB
		q XPUB
		a XSUB
		p bind x
		q bind y
		a connect x
		a connect y
		a send hello
		p recv hello
		q recv hello
		a sub t
		p recv "\x01t"
		q recv "\x01t"
		p none
		q none`},
	{"an XSUB drops for a full publisher", "3 XSUB drop when pipe full", inside, "", `
		p XPUB rcvhwm=1
		a XSUB sndhwm=1
		p bind x
		a connect x
		a fill 10 -> 10
		p recv 1 ; 2
		p none`},
	{"a SUB connected twice to one endpoint", "5.1 one connection for each endpoint", wires, "", `
		p PUB
		a SUB
		p bind x
		a connect x
		a connect x
		a sub ""
		p send 1
		a recv 1
		a none`},
	{"two publishers, two subscribers", "3 SUB fair queue", "", "", `
		p PUB
		q PUB
		a SUB
		b SUB
		p bind x
		q bind y
		a sub a
		a sub c
		b sub b
		b sub c
		a connect x
		a connect y
		b connect x
		b connect y
		p send a1
		p send c1
		q send b2
		q send c2
		a any a1 ; c1 ; c2
		b any c1 ; b2 ; c2
		a none
		b none`},
	{"a SUB takes its publishers in turn", "3 SUB fair queue", inside, "", `
		p PUB
		q PUB
		a SUB
		a sub ""
		p bind x
		q bind y
		a connect x
		a connect y
		p send p1
		p send p2
		q send q1
		q send q2
		a recv p1 ; q1 ; p2 ; q2`},
	{"a forwarder", "3.6 XSUB explicit send, 3.5 XPUB recv", "", "", `
		p PUB
		xs XSUB
		xp XPUB
		a SUB
		p bind x
		xp bind y
		xs connect x
		a connect y
		a sub t
		xp recv "\x01t"
		xs send "\x01t"
		p send t1
		p send u1
		xs recv t1
		xp send t1
		a recv t1
		a unsub t
		xp recv "\x00t"
		xs send "\x00t"
		p send t2
		xs none
		a none`},
	{"a hundred subscribers' worth of topics", "3.6 forwarded to all current pipes", "", "", `
		p PUB
		a SUB
		p bind x
		a connect x
		a sub 11
		a sub 22
		a sub 33
		a sub 44
		a sub 55
		p fill 60 -> 60
		a recv 11 ; 22 ; 33 ; 44 ; 55
		a none`},
	{"an unsubscription between messages", "3.6 forwarded to all current pipes", "", "", `
		p PUB
		a SUB
		p bind x
		a connect x
		a sub t
		p send t1
		a recv t1
		a unsub t
		p send t2
		a sub t
		p send t3
		a recv t3
		a none`},
	{"a bound XSUB sends to a PUB", "3.5 PUB drops upstream messages", inside,
		"", `
		p PUB
		a XSUB
		a bind x
		p connect x
		a send hello
		a sub ""
		p send down
		a recv down
		a none`},
	{"a bound XSUB sends to a PUB over a wire", "3.5 PUB drops upstream messages", wires, "", `
		p PUB
		a XSUB
		a bind x
		p connect x
		a send hello
		a sub ""
		p send down
		a recv down
		a none`},
	{"a bound XSUB sends to an XPUB", "3.5 other frames are user messages", "", "", `
		p XPUB
		a XSUB
		a bind x
		p connect x
		a send hello
		p recv hello`},
	{"every part of a message may subscribe, over inproc", "3.5 Without ONLY_FIRST_SUBSCRIBE every part is examined", inside, "", `
		p XPUB
		a XSUB
		p bind x
		a connect x
		a send "\x01t" | "\x01u"
		p all "\x01t" ; "\x01u"`},
	{"every part of a message may subscribe", "3.5 Without ONLY_FIRST_SUBSCRIBE every part is examined", wires,
		"", `
		p XPUB
		a XSUB
		p bind x
		a connect x
		a send "\x01t" | "\x01u"
		p recv "\x01t" ; "\x01u"
		p none`},
}
