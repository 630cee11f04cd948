package diff

// publishOptions are scenarios for the options of publishers and subscribers.
var publishOptions = []entry{
	{"xpub-verbose-receives-every-subscribe", "ZMQ_XPUB_VERBOSE", "", "", `
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
	{"xpub-verbose-receives-counted-subscription-once", "ZMQ_XPUB_VERBOSE with counted subscriptions", "", "", `
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
	{"xpub-verbose-later-subscriber", "ZMQ_XPUB_VERBOSE", "", "", `
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
	{"xpub-verboser-receives-every-change", "ZMQ_XPUB_VERBOSER", "", "", `
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
	{"xpub-verboser-peer-close-unsubscribes-all-topics", "the end of a peer removes all of its subscriptions", "", "", `
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
	{"xpub-verboser-xsub-sends-effective-unsubscribe", "ZMQ_XPUB_VERBOSER receives effective unsubscriptions", "", "", `
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
	{"xpub-verboser-xsub-verbose-unsubscribe", "ZMQ_XSUB_VERBOSE_UNSUBSCRIBE", "", "", `
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
	{"xsub-verbose-unsubscribe", "ZMQ_XSUB_VERBOSE_UNSUBSCRIBE", "", "", `
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
		! ok because an unsubscription without a subscription is reported only with EveryChange (ZMQ_XPUB_VERBOSER)`},
	{"xsub-counts-repeated-subscriptions", "ZMQ_XSUB_VERBOSE_UNSUBSCRIBE=0", "", "", `
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
	{"forwarder-verbose-xsub-xpub", "ZMQ_XSUB_VERBOSE_UNSUBSCRIBE with ZMQ_XPUB_VERBOSER", "", "", `
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
	{"nodrop-pub-would-block", "ZMQ_XPUB_NODROP", inproc, "", `
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
	{"nodrop-xpub-blocks-for-slowest-subscriber", "ZMQ_XPUB_NODROP would block if any subscriber of the topic is full", inproc, "", `
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
	{"nodrop-pub-ignores-full-subscriber-of-other-topic", "ZMQ_XPUB_NODROP would block if any subscriber of the topic is full", inproc, "", `
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
	{"nodrop-xpub-multipart", "ZMQ_XPUB_NODROP", inproc, "", `
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
	{"nodrop-pub-hwm-of-three", "ZMQ_XPUB_NODROP and the end of fullness", inproc, "", `
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
	{"welcome-message-to-sub", "ZMQ_XPUB_WELCOME_MSG", "", "", `
		p XPUB xpub_welcome_msg=W!
		a SUB
		p bind x
		a sub W
		a sub t
		a connect x
		p send t1
		a recv W! ; t1
		a none`},
	{"welcome-message-to-xsub", "ZMQ_XPUB_WELCOME_MSG", "", "", `
		p PUB xpub_welcome_msg=W!
		a XSUB
		p bind x
		a connect x
		a recv W!
		a none`},
	{"welcome-message-without-matching-subscription", "ZMQ_XPUB_WELCOME_MSG needs a subscription", "", "", `
		p PUB xpub_welcome_msg=W!
		a SUB
		p bind x
		a sub t
		a connect x
		p send t1
		a recv t1
		a none`},
	{"welcome-message-from-connecting-xpub", "ZMQ_XPUB_WELCOME_MSG goes to each new peer", "", "", `
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
	{"welcome-message-after-reconnect", "ZMQ_XPUB_WELCOME_MSG", wires, "", `
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
	{"invert-matching", "ZMQ_INVERT_MATCHING", "", "", `
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
	{"invert-matching-without-subscription", "ZMQ_INVERT_MATCHING sends to all subscribers that do not match", "", "", `
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
	{"invert-matching-empty-topic", "ZMQ_INVERT_MATCHING", "", "", `
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
	{"invert-matching-pub-only", "ZMQ_INVERT_MATCHING on one side", "", "", `
		p PUB invert_matching=1
		a SUB
		p bind x
		a connect x
		a sub t
		p send t1
		p send u1
		a none`},
	{"invert-matching-sub-only", "ZMQ_INVERT_MATCHING on one side", "", "", `
		p PUB
		a SUB invert_matching=1
		p bind x
		a connect x
		a sub t
		p send t1
		p send u1
		a none`},
	{"invert-matching-xsub", "ZMQ_INVERT_MATCHING does not affect an XSUB", "", "", `
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
	{"topics-count", "ZMQ_TOPICS_COUNT", "", "", `
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
		! -> 2 because libzmq counts a repeated subscription twice, this library counts distinct topics
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
		! -> 1 because libzmq keeps counting the topics of a closed peer
		`},
	{"topics-count-xsub", "ZMQ_TOPICS_COUNT", "", "", `
		p PUB
		a XSUB
		p bind x
		a connect x
		a sub t
		a sub u
		a sub t
		a topics -> 3
		! -> 2 because libzmq counts a repeated subscription twice, this library counts distinct topics
		p topics -> 2
		a unsub u
		a topics -> 2
		! -> 1 because libzmq counts a repeated subscription twice, this library counts distinct topics
		p topics -> 1`},
	{"only-first-subscribe-first-frame", "ZMQ_ONLY_FIRST_SUBSCRIBE", "", "", `
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
	{"only-first-subscribe-later-frames", "ZMQ_ONLY_FIRST_SUBSCRIBE", "", "", `
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
