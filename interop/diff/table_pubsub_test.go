package diff

// publishing is section 3.5: PUB and XPUB.
var publishing = []entry{
	{"prefixes of the first frame", "3.5 Matching", "", "", `
		p PUB
		s SUB
		p bind x
		s sub ab
		s connect x
		p send a
		p send ab
		p send abc
		p send b | ab
		p send ba
		p send ab | c
		p send "" | ab
		p send abx
		s recv ab ; abc ; ab | c ; abx
		s none`},
	{"the empty topic matches all", "3.5 Matching", "", "", `
		p PUB
		s SUB
		p bind x
		s sub ""
		s connect x
		p send a
		p send ""
		p send "\x00"
		p send "" | b
		s recv a ; "" ; "\x00" ; "" | b
		s none`},
	{"no subscription, no message", "3.5 Matching", "", "", `
		p PUB
		s SUB
		p bind x
		s connect x
		p send a
		p send ""
		s sub b
		p send a
		p send b
		s recv b
		s none`},
	{"topics of any bytes", "3.5 Matching", "", "", `
		p PUB
		s SUB
		p bind x
		s connect x
		s sub "\x00"
		s sub "\x01\x01"
		s sub "\xff\x80"
		p send "\x01"
		p send "\x00"
		p send "\x00\x01"
		p send "\x01\x01z"
		p send "\xff"
		p send "\xff\x80"
		s recv "\x00" ; "\x00\x01" ; "\x01\x01z" ; "\xff\x80"
		s none`},
	{"overlapping topics give one message", "3.5 Matching", "", "", `
		p PUB
		s SUB
		p bind x
		s connect x
		s sub a
		s sub ab
		s sub abc
		s sub ""
		p send abcd
		p send z
		s recv abcd ; z
		s none
		s unsub ""
		p send z
		p send abcd
		s recv abcd
		s unsub a
		p send a
		p send ab
		s recv ab
		s unsub ab
		p send ab
		p send abc
		s recv abc
		s none`},
	{"each subscriber gets its own", "3.5 Matching", "", "", `
		p PUB
		a SUB
		b SUB
		p bind x
		a connect x
		b connect x
		a sub a
		b sub b
		p send a1
		p send b1
		p send c1
		p send a2
		p send b2 | two
		a recv a1 ; a2
		b recv b1 ; b2 | two
		a none
		b none`},
	{"later parts follow the first", "3.5 Matching: later parts", "", "", `
		p PUB
		a SUB
		b SUB
		p bind x
		a connect x
		b connect x
		a sub a
		b sub b
		p send a | b | c
		p send b | a
		a recv a | b | c
		b recv b | a
		a none
		b none`},
	{"a subscriber gets what comes after it", "3.5 Matching", "", "", `
		p PUB
		a SUB
		b SUB
		a sub ""
		b sub ""
		p bind x
		a connect x
		p send 1
		b connect x
		p send 2
		a recv 1 ; 2
		b recv 2
		a none
		b none`},
	{"large messages to several", "3.5 Matching", "", "", `
		p PUB
		a SUB
		b SUB
		a sub 0
		b sub 0123
		p bind x
		a connect x
		b connect x
		p send *20000
		p send *70000 | *300
		a recv *20000 ; *70000 | *300
		b recv *20000 ; *70000 | *300`},
	{"XPUB hears of the first and the last", "3.5 XPUB recv", "", "", `
		p XPUB
		a SUB
		b SUB
		p bind x
		a connect x
		b connect x
		a sub t
		p recv "\x01t"
		b sub t
		p none
		a unsub t
		p none
		b unsub t
		p recv "\x00t"
		p none`},
	{"XPUB hears of the empty topic", "3.5 XPUB recv", "", "", `
		p XPUB
		a SUB
		p bind x
		a connect x
		a sub ""
		p recv "\x01"
		p send hello
		a recv hello
		a unsub ""
		p recv "\x00"
		p send hello
		p none
		a none`},
	{"XPUB hears of what was there before", "3.5 XPUB recv", "", "", `
		p XPUB
		a SUB
		a sub t
		a sub u
		a sub t
		a connect x
		p bind x
		p any "\x01t" ; "\x01u"
		p none
		p send u1
		a recv u1`},
	{"a topic twice from one peer counts once", "3.5 Subscriptions per pipe are a set", "", "", `
		p XPUB
		a SUB
		p bind x
		a connect x
		a sub t
		a sub t
		p recv "\x01t"
		p none
		p send t1
		a recv t1
		a none
		a unsub t
		p none
		p send t2
		a recv t2
		a unsub t
		p recv "\x00t"
		p send t3
		a none`},
	{"prefixes are topics of their own", "3.5 XPUB recv", "", "", `
		p XPUB
		a SUB
		p bind x
		a connect x
		a sub ab
		a sub a
		a sub abc
		p recv "\x01ab" ; "\x01a" ; "\x01abc"
		a unsub ab
		p recv "\x00ab"
		p none
		p send ab
		a recv ab`},
	{"a peer that leaves takes its topics along", "3.5 Peer disconnect", "", "", `
		p XPUB
		a SUB
		b SUB
		p bind x
		a connect x
		b connect x
		a sub only
		a sub both
		p recv "\x01only" ; "\x01both"
		b sub both
		p none
		a close
		p recv "\x00only"
		p none
		b close
		p recv "\x00both"
		p none`},
	{"a peer that disconnects takes its topics along", "3.5 Peer disconnect", "", "", `
		p XPUB
		a SUB
		p bind x
		a connect x
		a sub t
		p recv "\x01t"
		a disconnect x
		p recv "\x00t"
		p none
		a connect x
		p recv "\x01t"
		p send t1
		a recv t1`},
	{"several topics of a peer that leaves", "3.5 Peer disconnect", "", "", `
		p XPUB
		a SUB
		p bind x
		a connect x
		a sub a
		a sub b
		a sub abc
		p recv "\x01a" ; "\x01b" ; "\x01abc"
		a close
		p any "\x00a" ; "\x00b" ; "\x00abc"
		p none`},
	{"an unsubscription that nobody knows of is not heard", "3.5 XPUB_VERBOSER: filtered at the SUB", "", "", `
		p XPUB
		a SUB
		p bind x
		a connect x
		a unsub t
		a sub u
		a unsub t
		a unsub u
		p recv "\x01u" ; "\x00u"
		p none`},
	{"a PUB drops what comes up", "3.5 PUB drops upstream messages", "", "", `
		p PUB
		a XSUB
		p bind x
		a connect x
		a send hello
		a send hello | again
		a sub ""
		p send down
		a recv down
		a none`},
	{"an XPUB receives what comes up", "3.5 other frames are user messages", "", "", `
		p XPUB
		a XSUB
		p bind x
		a connect x
		a send hello
		a send more | than | one
		a send ""
		p recv hello ; more | than | one ; ""
		p none`},
	{"messages and subscriptions keep their order", "3.5 other frames are user messages", inside, "", `
		p XPUB
		a XSUB
		p bind x
		a connect x
		a send one
		p recv one
		a sub t
		a send two
		a unsub t
		p recv "\x01t" ; two ; "\x00t"
		p none`},
	{"messages and subscriptions keep their order over a wire", "3.5 other frames are user messages", wires,
		"ours sends subscriptions ahead of queued messages: XPUB receives 1t, 0t, two", `
		p XPUB
		a XSUB
		p bind x
		a connect x
		a send one
		p recv one
		a sub t
		a send two
		a unsub t
		p recv "\x01t" ; two ; "\x00t"
		p none`},
	{"a message that begins with 1 subscribes", "3.5 Frames starting with byte 0/1", "", "", `
		p XPUB
		a XSUB
		p bind x
		a connect x
		a send "\x01t"
		p recv "\x01t"
		p send t1
		p send u1
		a recv t1
		a send "\x00t"
		p recv "\x00t"
		p send t2
		a none
		p none`},
	{"a message of 1 alone subscribes to all", "3.5 Frames starting with byte 0/1", "", "", `
		p PUB
		a XSUB
		p bind x
		a connect x
		a send "\x01"
		p send anything
		a recv anything
		a send "\x00"
		p send anything
		a none`},
	{"a full subscriber misses messages", "3.5 Full subscriber", inside, "", `
		p PUB sndhwm=1
		a SUB rcvhwm=2
		p bind x
		a connect x
		a sub ""
		p fill 10 -> 10
		a recv 1 ; 2 ; 3
		a none
		p send more
		a recv more`},
	{"only the full subscriber misses messages", "3.5 Full subscriber", inside, "", `
		p PUB sndhwm=1
		a SUB rcvhwm=2
		b SUB rcvhwm=20
		p bind x
		a connect x
		b connect x
		a sub ""
		b sub ""
		p fill 10 -> 10
		a recv 1 ; 2 ; 3
		b recv 1 ; 2 ; 3 ; 4 ; 5 ; 6 ; 7 ; 8 ; 9 ; 10
		a none
		b none`},
	{"a full subscriber is back at LWM", "3.5 inactive until LWM", inside, "", `
		p PUB sndhwm=2
		a SUB rcvhwm=2
		p bind x
		a connect x
		a sub ""
		p fill 10 -> 10
		a recv 1
		p send missed
		a recv 2
		p send seen
		a recv 3 ; 4 ; seen
		a none`},
	{"a full subscriber that filters", "3.5 Full subscriber", inside, "", `
		p PUB sndhwm=1
		a SUB rcvhwm=1
		p bind x
		a connect x
		a sub 1
		p fill 19 -> 19
		a recv 1 ; 10
		a none`},
	{"whole messages are missed", "3.5 Full subscriber", inside, "", `
		p XPUB sndhwm=1
		a XSUB rcvhwm=1
		p bind x
		a connect x
		a sub ""
		p send 1 | one
		p send 2 | two
		p send 3 | three
		a recv 1 | one ; 2 | two
		a none`},
	{"a publisher that connects", "3.6 bound or connected either way", "", "", `
		p PUB
		a SUB
		a bind x
		a sub t
		p connect x
		p send t1
		p send u1
		a recv t1
		a none`},
	{"an XPUB that connects hears what was there", "3.5 XPUB recv", "", "", `
		p XPUB
		a SUB
		a bind x
		a sub t
		p connect x
		p recv "\x01t"
		p send t1
		a recv t1`},
	{"XPUB to XSUB", "3.5 Matching", "", "", `
		p XPUB
		a XSUB
		p bind x
		a connect x
		a sub t
		p recv "\x01t"
		p send t1
		p send u1
		p send t2 | x
		a recv t1 ; t2 | x
		a none`},
}

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
		p XPUB
		a SUB sndhwm=2
		a connect x
		a sub t
		a sub u
		a sub v
		p bind x
		p any "\x01t" ; "\x01u"
		p none
		! "\x01v" because subscriptions travel beside the queue, where no high-water mark holds them (docs/ARCHITECTURE.md)
		p send t1
		p send v1
		a any t1
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
		"ours panics: the pipe of an XSUB to a PUB that connected over inproc has no queue to it", `
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
	{"every part of a message may subscribe", "3.5 Without ONLY_FIRST_SUBSCRIBE every part is examined", "",
		"ours takes only messages of one frame for subscriptions, and hands this one to the XPUB whole", `
		p XPUB
		a XSUB
		p bind x
		a connect x
		a send "\x01t" | "\x01u"
		p recv "\x01t" ; "\x01u"
		p none`},
}
