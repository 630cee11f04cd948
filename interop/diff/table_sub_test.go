package diff

// subscriptions are scenarios for SUB and XSUB.
var subscriptions = []entry{
	{"sub-subscribe-before-connect", "subscriptions go to every new publisher", "", "", `
		p PUB
		a SUB
		a sub t
		p bind x
		a connect x
		p send t1
		p send u1
		a recv t1
		a none`},
	{"sub-subscribe-before-bind", "subscriptions go to every new publisher", "", "", `
		p PUB
		a SUB
		a sub t
		a connect x
		p bind x
		p send t1
		a recv t1
		a none`},
	{"sub-subscriptions-reach-every-publisher", "subscriptions go to all publishers", "", "", `
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
	{"sub-subscriptions-survive-publisher-close", "subscriptions go to the publisher after a reconnect", wires, "", `
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
	{"sub-changes-while-disconnected-take-effect", "subscriptions go to the publisher after a reconnect", wires, "", `
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
	{"xsub-subscriptions-survive-publisher-close", "subscription messages of an XSUB are stored", wires, "", `
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
	{"xsub-subscribe-before-connect", "subscription messages of an XSUB are stored", "", "", `
		p XPUB
		a XSUB
		a send "\x01t"
		p bind x
		a connect x
		p recv "\x01t"
		p send t1
		a recv t1`},
	{"sub-unsubscribe-unknown-topic", "ZMQ_UNSUBSCRIBE of an unknown topic", "", "", `
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
	{"sub-long-topics", "topics of any length", "", "", `
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
	{"sub-more-topics-than-sndhwm", "subscriptions beyond ZMQ_SNDHWM", inproc, "", `
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
		! v1 because subscriptions are not queued with messages, so the high-water mark does not limit them`},
	{"sub-counts-repeated-subscriptions", "a SUB counts its subscriptions", "", "", `
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
	{"sub-replays-counted-subscription-once", "a SUB counts its subscriptions", "", "", `
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
	{"sub-filters-first-frame", "a SUB filters by the first frame", "", "", `
		p PUB
		a SUB
		p bind x
		a connect x
		a sub t
		p send u | t
		p send t | u
		a recv t | u
		a none`},
	{"sub-drops-queued-messages-after-unsubscribe", "a SUB filters received messages", inproc, "", `
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
	{"xsub-keeps-queued-messages-after-unsubscribe", "an XSUB does not filter", inproc, "", `
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
	{"pub-connect-before-bind-drops", "a PUB drops before its endpoint is bound", "", "", `
		p PUB
		a SUB
		a sub ""
		p connect x
		p send lost
		a bind x
		p send found
		a recv found
		a none`},
	{"xsub-sends-to-all-publishers", "an XSUB sends to all publishers", "", "", `
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
	{"xsub-drops-for-full-publisher", "an XSUB drops for a full publisher", inproc, "", `
		p XPUB rcvhwm=1
		a XSUB sndhwm=1
		p bind x
		a connect x
		a fill 10 -> 10
		p recv 1 ; 2
		p none`},
	{"sub-connect-twice-one-endpoint", "a second connect to the same endpoint does nothing", wires, "", `
		p PUB
		a SUB
		p bind x
		a connect x
		a connect x
		a sub ""
		p send 1
		a recv 1
		a none`},
	{"two-publishers-two-subscribers", "a SUB receives by fair queueing", "", "", `
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
	{"sub-receives-from-publishers-in-turn", "a SUB receives by fair queueing", inproc, "", `
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
	{"forwarder-xsub-xpub", "forwarding of subscriptions", "", "", `
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
	{"sub-five-topics-of-sixty", "subscriptions go to all publishers", "", "", `
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
	{"sub-unsubscribe-between-messages", "subscriptions go to all publishers", "", "", `
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
	{"pub-drops-message-of-bound-xsub", "a PUB drops messages from subscribers", "", "", `
		p PUB
		a XSUB
		a bind x
		p connect x
		a send hello
		a sub ""
		p send down
		a recv down
		a none`},
	{"xpub-receives-message-of-bound-xsub", "an XPUB receives messages that are not subscriptions", "", "", `
		p XPUB
		a XSUB
		a bind x
		p connect x
		a send hello
		p recv hello`},
	{"xsub-every-frame-may-subscribe-inproc", "ZMQ_ONLY_FIRST_SUBSCRIBE=0", inproc, "", `
		p XPUB
		a XSUB
		p bind x
		a connect x
		a send "\x01t" | "\x01u"
		p all "\x01t" ; "\x01u"`},
	{"xsub-every-frame-may-subscribe-tcp-ipc", "ZMQ_ONLY_FIRST_SUBSCRIBE=0", wires,
		"", `
		p XPUB
		a XSUB
		p bind x
		a connect x
		a send "\x01t" | "\x01u"
		p recv "\x01t" ; "\x01u"
		p none`},
}
