package diff

// publishOptions is the options of sections 3.5 and 3.6.
var publishOptions = []entry{
	{"a verbose XPUB hears of every subscription", "3.5 XPUB_VERBOSE", "", "", `
		p XPUB xpub_verbose=1
		a SUB
		b SUB
		p bind x
		a connect x
		b connect x
		a sub t
		p recv "\x01t"
		b sub t
		p recv "\x01t"
		a unsub t
		p none
		b unsub t
		p recv "\x00t"
		p none`},
	{"a verbose XPUB hears once of what a SUB counts", "3.5 XPUB_VERBOSE, reference-counts", "", "", `
		p XPUB xpub_verbose=1
		a SUB
		p bind x
		a connect x
		a sub t
		p recv "\x01t"
		a sub t
		a unsub t
		a unsub t
		p all "\x01t" ; "\x00t"`},
	{"a verbose XPUB and who comes later", "3.5 XPUB_VERBOSE", "", "", `
		p XPUB xpub_verbose=1
		a SUB
		b SUB
		p bind x
		a sub t
		a connect x
		p recv "\x01t"
		b sub t
		b connect x
		p recv "\x01t"
		a close
		p none
		b close
		p recv "\x00t"
		p none`},
	{"a verboser XPUB hears of every change", "3.5 XPUB_VERBOSER", "", "", `
		p XPUB xpub_verboser=1
		a SUB
		b SUB
		p bind x
		a connect x
		b connect x
		a sub t
		p recv "\x01t"
		b sub t
		p recv "\x01t"
		a unsub t
		p recv "\x00t"
		b unsub t
		p recv "\x00t"
		b unsub t
		p none`},
	{"a verboser XPUB hears of all topics of who leaves", "3.5 Peer disconnect: all of that peer's topics", "", "", `
		p XPUB xpub_verboser=1
		a SUB
		b SUB
		p bind x
		a connect x
		b connect x
		a sub t
		a sub u
		p recv "\x01t" ; "\x01u"
		b sub t
		p recv "\x01t"
		a close
		p any "\x00t" ; "\x00u"
		b close
		p recv "\x00t"
		p none`},
	{"a verboser XPUB and an XSUB that takes nothing back", "3.5 XPUB_VERBOSER: effective unsubscribe", "", "", `
		p XPUB xpub_verboser=1
		a XSUB
		p bind x
		a connect x
		a sub t
		p recv "\x01t"
		a unsub u
		p none
		a unsub t
		p recv "\x00t"
		a unsub t
		p none`},
	{"a verboser XPUB and an XSUB that takes everything back", "3.6 XSUB_VERBOSE_UNSUBSCRIBE", "", "", `
		p XPUB xpub_verboser=1
		a XSUB xsub_verbose_unsubscribe=1
		p bind x
		a connect x
		a sub t
		p recv "\x01t"
		a unsub u
		p recv "\x00u"
		a unsub t
		p recv "\x00t"
		a unsub t
		p recv "\x00t"
		p none`},
	{"an XSUB that takes everything back", "3.6 XSUB_VERBOSE_UNSUBSCRIBE", "", "", `
		p XPUB
		a XSUB xsub_verbose_unsubscribe=1
		p bind x
		a connect x
		a sub t
		a sub t
		p recv "\x01t"
		a unsub t
		p all "\x00t"
		a unsub t
		p all "\x00t"
		! ok because an unsubscription from what the peer had not subscribed to is none, unless every change is asked for (EveryChange)`},
	{"an XSUB that counts", "3.6 XSUB_VERBOSE_UNSUBSCRIBE is off", "", "", `
		p XPUB
		a XSUB
		p bind x
		a connect x
		a sub t
		a sub t
		p recv "\x01t"
		a unsub t
		p none
		a unsub t
		p recv "\x00t"
		p none`},
	{"a forwarder of everything", "3.6 XSUB_VERBOSE_UNSUBSCRIBE, 3.5 XPUB_VERBOSER", "", "", `
		p XPUB xpub_verboser=1
		xs XSUB xsub_verbose_unsubscribe=1
		xp XPUB xpub_verboser=1
		a SUB
		b SUB
		p bind x
		xp bind y
		xs connect x
		a connect y
		b connect y
		a sub t
		xp recv "\x01t"
		xs send "\x01t"
		p recv "\x01t"
		b sub t
		xp recv "\x01t"
		xs send "\x01t"
		p recv "\x01t"
		a unsub t
		xp recv "\x00t"
		xs send "\x00t"
		p recv "\x00t"
		p send t1
		xs none
		b unsub t
		xp recv "\x00t"
		xs send "\x00t"
		p recv "\x00t"
		p none`},
	{"a publisher that drops nothing", "3.5 XPUB_NODROP", inside, "", `
		p PUB sndhwm=1 xpub_nodrop=1
		a SUB rcvhwm=2
		p bind x
		a connect x
		a sub ""
		p fill 10 -> 3
		p send more -> EAGAIN
		a recv 1 ; 2 ; 3
		a none
		p send again
		a recv again`},
	{"a publisher that drops nothing waits for the slowest", "3.5 XPUB_NODROP: any matching pipe", inside, "", `
		p XPUB sndhwm=1 xpub_nodrop=1
		a SUB rcvhwm=1
		b SUB rcvhwm=5
		p bind x
		a connect x
		b connect x
		a sub ""
		b sub ""
		p fill 10 -> 2
		b recv 1 ; 2
		b none
		p send more -> EAGAIN
		a recv 1 ; 2
		p send more
		a recv more
		b recv more`},
	{"a publisher that drops nothing does not wait for others", "3.5 XPUB_NODROP: any matching pipe", inside, "", `
		p PUB sndhwm=1 xpub_nodrop=1
		a SUB rcvhwm=1
		b SUB rcvhwm=5
		p bind x
		a connect x
		b connect x
		a sub a
		b sub b
		p send a1
		p send a2
		p send a3 -> EAGAIN
		p send b1
		p send c1
		b recv b1
		a recv a1 ; a2
		a none
		b none`},
	{"a whole message is not dropped", "3.5 XPUB_NODROP", inside, "", `
		p XPUB sndhwm=1 xpub_nodrop=1
		a XSUB rcvhwm=1
		p bind x
		a connect x
		a sub ""
		p send 1 | one
		p send 2 | two
		p send 3 | three -> EAGAIN
		a recv 1 | one
		p send 4 | four
		a recv 2 | two ; 4 | four
		a none`},
	{"a publisher that drops nothing and a high-water mark of three", "3.5 XPUB_NODROP, 3.1 LWM", inside, "", `
		p PUB sndhwm=1 xpub_nodrop=1
		a SUB rcvhwm=2
		p bind x
		a connect x
		a sub ""
		p fill 10 -> 3
		a recv 1
		p send late -> EAGAIN
		a recv 2
		p fill 10 -> 2
		a recv 3 ; 1 ; 2
		a none`},
	{"a welcome", "3.5 XPUB_WELCOME_MSG", "", "", `
		p XPUB xpub_welcome_msg=W!
		a SUB
		p bind x
		a sub W
		a sub t
		a connect x
		p send t1
		a recv W! ; t1
		a none`},
	{"a welcome to an XSUB", "3.5 XPUB_WELCOME_MSG", "", "", `
		p PUB xpub_welcome_msg=W!
		a XSUB
		p bind x
		a connect x
		a recv W!
		a none`},
	{"a welcome that nobody wants", "3.5 XPUB_WELCOME_MSG: only if subscribed", "", "", `
		p PUB xpub_welcome_msg=W!
		a SUB
		p bind x
		a sub t
		a connect x
		p send t1
		a recv t1
		a none`},
	{"a welcome by who connects", "3.5 XPUB_WELCOME_MSG: to each new pipe", "", "", `
		p XPUB xpub_welcome_msg=W!
		a SUB
		b SUB
		a sub W
		b sub ""
		a bind x
		b bind y
		p connect x
		p connect y
		a recv W!
		b recv W!
		a none
		b none`},
	{"a welcome after every loss", "3.5 XPUB_WELCOME_MSG", wires, "", `
		p XPUB xpub_welcome_msg=W!
		q XPUB xpub_welcome_msg=V!
		a SUB
		a sub ""
		p bind x
		a connect x
		a recv W!
		p close
		q bind x
		a recv V!
		a none`},
	{"matching the wrong way round", "3.5 INVERT_MATCHING", "", "", `
		p PUB invert_matching=1
		a SUB invert_matching=1
		p bind x
		a connect x
		a sub t
		p send t1
		p send u1
		p send tt | u
		p send ut | t
		a recv u1 ; ut | t
		a none`},
	{"without a subscription there is nothing to turn round", "3.5 INVERT_MATCHING: all non-matching pipes", "", "", `
		p XPUB invert_matching=1
		a SUB invert_matching=1
		b XSUB
		p bind x
		a connect x
		b connect x
		p send t1
		a recv t1
		b recv t1
		a none
		b none`},
	{"subscribed to all the wrong way round", "3.5 INVERT_MATCHING", "", "", `
		p PUB invert_matching=1
		a SUB invert_matching=1
		p bind x
		a connect x
		a sub ""
		p send t1
		a none
		a unsub ""
		p send t2
		a recv t2`},
	{"a SUB that does not turn round filters all out", "3.5 INVERT_MATCHING: SUB must also set it", "", "", `
		p PUB invert_matching=1
		a SUB
		p bind x
		a connect x
		a sub t
		p send t1
		p send u1
		a none`},
	{"a SUB that alone turns round", "3.5 INVERT_MATCHING: SUB must also set it", "", "", `
		p PUB
		a SUB invert_matching=1
		p bind x
		a connect x
		a sub t
		p send t1
		p send u1
		a none`},
	{"an XSUB does not filter either way", "3.5 INVERT_MATCHING: XSUB unaffected", "", "", `
		p PUB invert_matching=1
		a XSUB
		b XSUB
		p bind x
		a connect x
		b connect x
		a sub t
		b sub u
		p send t1
		p send u1
		p send v1
		a recv u1 ; v1
		b recv t1 ; v1
		a none
		b none`},
	{"topics are counted", "3.5 TOPICS_COUNT", "", "", `
		p PUB
		x XPUB
		a SUB
		b SUB
		c SUB
		p bind x
		x bind y
		p topics -> 0
		a topics -> 0
		a connect x
		b connect x
		c connect y
		c sub t
		c sub tt
		x topics -> 2
		c unsub tt
		x topics -> 1
		a sub t
		a sub t
		a sub tt
		b sub t
		b sub ""
		a topics -> 3
		! -> 2 because libzmq counts a subscription that is made twice as two, ours the different ones
		b topics -> 2
		p topics -> 3
		a unsub t
		a topics -> 2
		p topics -> 3
		a unsub t
		a topics -> 1
		b unsub t
		p topics -> 2
		b close
		p topics -> 2
		! -> 1 because libzmq goes on counting topics of who has left
		`},
	{"topics of an XSUB are counted", "3.5 TOPICS_COUNT", "", "", `
		p PUB
		a XSUB
		p bind x
		a connect x
		a sub t
		a sub u
		a sub t
		a topics -> 3
		! -> 2 because libzmq counts a subscription that is made twice as two, ours the different ones
		p topics -> 2
		a unsub u
		a topics -> 2
		! -> 1 because libzmq counts a subscription that is made twice as two, ours the different ones
		p topics -> 1`},
	{"the first part of a message may subscribe", "3.5 ONLY_FIRST_SUBSCRIBE", "", "", `
		p XPUB only_first_subscribe=1
		a XSUB only_first_subscribe=1
		p bind x
		a connect x
		a send "\x01t"
		p recv "\x01t"
		a send up | "\x01u"
		p recv up | "\x01u"
		p send t1
		p send u1
		a recv t1
		a none
		a send "\x00t"
		p recv "\x00t"
		p send t2
		a none`},
	{"messages of which no part subscribes", "3.5 ONLY_FIRST_SUBSCRIBE", "", "", `
		p PUB only_first_subscribe=1
		a XSUB only_first_subscribe=1
		p bind x
		a connect x
		a send a | "\x01t" | "\x01"
		a sub s
		p send t1
		p send s1
		a recv s1
		a none`},
}
