package diff

// publishing are scenarios for PUB and XPUB.
var publishing = []entry{
	{"pub-matches-prefix-of-first-frame", "subscriptions match by prefix of the first frame", "", "", `
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
	{"pub-empty-topic-matches-all", "subscriptions match by prefix of the first frame", "", "", `
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
	{"pub-no-subscription-no-message", "subscriptions match by prefix of the first frame", "", "", `
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
	{"pub-binary-topics", "subscriptions match by prefix of the first frame", "", "", `
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
	{"pub-overlapping-topics-deliver-once", "subscriptions match by prefix of the first frame", "", "", `
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
	{"pub-each-subscriber-gets-its-topics", "subscriptions match by prefix of the first frame", "", "", `
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
	{"pub-later-frames-follow-first", "later frames of a message follow the first", "", "", `
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
	{"pub-late-subscriber-gets-later-messages", "subscriptions match by prefix of the first frame", "", "", `
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
	{"pub-large-messages-to-two-subscribers", "subscriptions match by prefix of the first frame", "", "", `
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
	{"xpub-receives-first-subscribe-and-last-unsubscribe", "an XPUB receives subscriptions", "", "", `
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
	{"xpub-receives-empty-topic", "an XPUB receives subscriptions", "", "", `
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
	{"xpub-receives-earlier-subscriptions-on-bind", "an XPUB receives subscriptions", "", "", `
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
	{"xpub-repeated-subscription-counts-once", "an XPUB counts a topic once per peer", "", "", `
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
	{"xpub-overlapping-topics-are-separate", "an XPUB receives subscriptions", "", "", `
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
	{"xpub-peer-close-unsubscribes", "the end of a peer removes its subscriptions", "", "", `
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
	{"xpub-peer-disconnect-unsubscribes", "the end of a peer removes its subscriptions", "", "", `
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
	{"xpub-peer-close-unsubscribes-several-topics", "the end of a peer removes its subscriptions", "", "", `
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
	{"xpub-ignores-unknown-unsubscription", "a SUB sends no unsubscription from an unknown topic", "", "", `
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
	{"pub-drops-upstream-messages", "a PUB drops messages from subscribers", "", "", `
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
	{"xpub-receives-upstream-messages", "an XPUB receives messages that are not subscriptions", "", "", `
		p XPUB
		a XSUB
		p bind x
		a connect x
		a send hello
		a send more | than | one
		a send ""
		p recv hello ; more | than | one ; ""
		p none`},
	{"xpub-upstream-order-inproc", "an XPUB receives messages that are not subscriptions", inproc, "", `
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
	{"xpub-upstream-any-order-tcp-ipc", "an XPUB receives messages that are not subscriptions", wires, "", `
		p XPUB
		a XSUB
		p bind x
		a connect x
		a send one
		p recv one
		a sub t
		a send two
		a unsub t
		p any "\x01t" ; two ; "\x00t"
		p none`},
	{"xsub-message-with-byte-1-subscribes", "a message that begins with byte 0 or 1 is a subscription", "", "", `
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
	{"xsub-message-of-byte-1-subscribes-to-all", "a message that begins with byte 0 or 1 is a subscription", "", "", `
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
	{"pub-drops-for-full-subscriber", "a publisher drops messages for a full subscriber", inproc, "", `
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
	{"pub-drops-for-full-subscriber-only", "a publisher drops messages for a full subscriber", inproc, "", `
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
	{"pub-full-subscriber-resumes-after-half-is-read", "a full subscriber gets messages again after half of its queue is read", inproc, "", `
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
	{"pub-full-subscriber-counts-matching-messages", "a publisher drops messages for a full subscriber", inproc, "", `
		p PUB sndhwm=1
		a SUB rcvhwm=1
		p bind x
		a connect x
		a sub 1
		p fill 19 -> 19
		a recv 1 ; 10
		a none`},
	{"xpub-drops-whole-messages", "a publisher drops messages for a full subscriber", inproc, "", `
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
	{"pub-connects", "a PUB may connect", "", "", `
		p PUB
		a SUB
		a bind x
		a sub t
		p connect x
		p send t1
		p send u1
		a recv t1
		a none`},
	{"xpub-connects-receives-earlier-subscriptions", "an XPUB receives subscriptions", "", "", `
		p XPUB
		a SUB
		a bind x
		a sub t
		p connect x
		p recv "\x01t"
		p send t1
		a recv t1`},
	{"xpub-xsub-exchange", "subscriptions match by prefix of the first frame", "", "", `
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
