package diff

// parting is Disconnect and Unbind of REQ, REP and publishers. Those that reach
// their peers by name or in pairs are in table_part_named_test.go.
var parting = []entry{
	{"a REQ asks nobody it has let go", "3.2 REQ, 10 disconnect", "", "", `
		a REQ
		b REP
		c REP
		b bind x
		c bind y
		a connect x
		a connect y
		a send 1
		b recv 1
		b send r1
		a recv r1
		a disconnect x
		a send 2
		c recv 2
		c send r2
		a recv r2
		a send 3
		c recv 3
		c send r3
		a recv r3
		b none
		a disconnect y
		a send 4 -> EAGAIN`},
	{"a REQ lets go of whom it asked", "3.2 REQ, 10 disconnect", "", "", `
		a REQ
		b REP
		c REP
		b bind x
		a connect x
		a send 1
		b recv 1
		a disconnect x
		b send r1
		a none
		c bind y
		a connect y
		a send 2 -> EFSM
		a none
		c none`},
	{"a relaxed REQ lets go of whom it asked", "3.2 REQ, 10 disconnect", "", "", `
		a REQ req_relaxed=1
		b REP
		c REP
		b bind x
		a connect x
		a send 1
		b recv 1
		a disconnect x
		b send r1
		a none
		c bind y
		a connect y
		a send 2
		c recv 2
		c send r2
		a recv r2
		b none`},
	{"a REQ's request in a full queue is still asked", "3.2 REQ, 10 disconnect", wires, "", `
		a REQ
		b REP
		a connect x
		a send 1
		a disconnect x
		b bind x
		b recv 1
		b send r1
		a none
		b none`},
	{"a REP unbinds after a request", "3.2 REP, 10 unbind", wires, "", `
		a REQ
		b REP
		b bind x
		a connect x
		a send 1
		b recv 1
		b unbind x
		b send lost
		b none
		a none`},
	{"a REP that connects lets go", "3.2 REP, 10 disconnect", "", "", `
		a REQ
		b REP
		a bind x
		b connect x
		a send 1
		b recv 1
		b disconnect x
		b send lost
		b none
		a none
		b connect x
		b none
		a send 2 -> EFSM`},

	{"a publisher unbinds", "3.5 PUB, 10 unbind", wires, "", `
		p PUB
		a SUB
		b SUB
		a sub t
		b sub t
		p bind x
		p bind y
		a connect x
		b connect y
		p send t1
		a recv t1
		b recv t1
		p unbind x
		p send t2
		b recv t2
		a none
		a sub u
		p send u3
		b none
		p bind x
		p send t4
		p send u4
		a recv t4 ; u4
		b recv t4`},
	{"a publisher disconnects", "3.5 PUB, 10 disconnect", "", "", `
		p PUB
		a SUB
		b SUB
		a sub t
		b sub t
		a bind x
		b bind y
		p connect x
		p connect y
		p send t1
		a recv t1
		b recv t1
		p disconnect x
		p send t2
		b recv t2
		a none
		a sub u
		p send t3
		p send u3
		b recv t3
		a none
		p connect x
		p send u4
		a recv u4
		b none`},
	{"a subscriber disconnects", "3.5 SUB, 10 disconnect", "", "", `
		p XPUB
		a SUB
		a sub t
		p bind x
		a connect x
		p recv "\x01t"
		p send t1
		a recv t1
		a disconnect x
		p recv "\x00t"
		p send t3
		a none
		a sub u
		a unsub t
		p send u4
		a none
		p none
		a connect x
		p recv "\x01u"
		p send t5
		p send u5
		a recv u5
		a none
		p none`},
	{"a subscriber lets go of what it has not read", "3.5 SUB, 5.3 inproc, 10 disconnect", inside, "", `
		p PUB
		a SUB
		a sub t
		p bind x
		a connect x
		p send t1
		p send t2
		a recv t1
		a disconnect x
		p send t3
		a none
		! t2 because what has arrived is the application's, whoever left whom
		a none`},
	{"a subscriber lets one of two publishers go", "3.5 SUB, 10 disconnect", "", "", `
		p PUB
		q PUB
		a SUB
		a sub t
		p bind x
		q bind y
		a connect x
		a connect y
		p send t1
		a recv t1
		q send t2
		a recv t2
		a disconnect x
		p send t3
		q send t4
		a recv t4
		a none
		a sub u
		p send u5
		q send u6
		a recv u6
		a none`},
	{"a publisher lets go of who has unread messages", "3.5 PUB, 10 disconnect", "", "", `
		p PUB
		a SUB
		a sub t
		a bind x
		p connect x
		p send t1
		p send t2
		p disconnect x
		p send t3
		a recv t1 ; t2
		p send t4
		a none`},
	{"a publisher lets go of a full subscriber", "3.5 PUB, 5.3 inproc, 10 disconnect", inside, "", `
		p PUB sndhwm=1
		a SUB rcvhwm=1
		a sub t
		a bind x
		p connect x
		p send t1
		p send t2
		p send t3
		p disconnect x
		p send t4
		a recv t1
		p send t5
		a recv t2
		p send t6
		a none`},
	{"an XPUB lets go of a full subscriber, which goes on subscribing", "3.5 XPUB, 5.3 inproc, 10 disconnect", inside, "", `
		p XPUB sndhwm=1
		a XSUB rcvhwm=1
		b XSUB rcvhwm=0
		a sub t
		a bind x
		p connect x
		p recv "\x01t"
		p send t1
		p send t2
		p send t3
		p disconnect x
		a sub u
		a unsub t
		a sub v
		p send u4
		a recv t1
		a sub w
		p send w5
		a recv t2
		p send u6
		a none
		p recv "\x00t"
		b bind y
		p connect y
		b sub u
		p recv "\x01u"
		p send u7
		b recv u7
		a none
		b none
		p none
		p connect x
		p any "\x01v" ; "\x01w"
		p send w8
		a recv w8
		p none`},
	{"an XPUB that sends without drops lets go of a full subscriber", "3.5 XPUB_NODROP, 5.3 inproc, 10 disconnect", inside, "", `
		p XPUB sndhwm=1 xpub_nodrop=1
		a SUB rcvhwm=1
		b SUB rcvhwm=0
		a sub t
		b sub t
		a bind x
		b bind y
		p connect x
		p connect y
		p send t1
		p send t2
		p send t3 -> EAGAIN
		p disconnect x
		p send t4 -> EAGAIN
		! ok because who was let go holds nobody up
		a recv t1
		p send t5
		a recv t2
		p send t6
		a none
		b all t1 ; t2 ; t5 ; t6
		! t1 ; t2 ; t4 ; t5 ; t6 because t4 was sent`},
	{"an XPUB unbinds", "3.5 Peer disconnect, 10 unbind", wires, "", `
		p XPUB
		a SUB
		b SUB
		a sub t
		b sub t
		b sub u
		p bind x
		p bind y
		a connect x
		p recv "\x01t"
		b connect y
		p recv "\x01u"
		p unbind x
		p none
		p none
		p send t1
		a none
		b recv t1
		p unbind y
		p any "\x00t" ; "\x00u"
		p none
		p bind x
		p recv "\x01t"
		p none`},
	{"a subscriber that others connect to unbinds", "3.5 SUB, 10 unbind", wires, "", `
		p XPUB
		a SUB
		a sub t
		a bind x
		p connect x
		p recv "\x01t"
		p send t1
		a recv t1
		a unbind x
		a none
		p none
		! "\x00t" because what a peer wanted goes with its connection; libzmq keeps it where it connects itself
		a bind x
		p none
		! "\x01t" because it is wanted anew
		p send t2
		a recv t2
		a none`},
	{"unbound names leave subscribers where they are", "3.5, 5.3 unbind frees the name", inside, "", `
		p XPUB
		a SUB
		p bind x
		a connect x
		p unbind x
		a sub t
		p recv "\x01t"
		p send t1
		a recv t1
		a disconnect x
		p recv "\x00t"
		p send t2
		a none
		p none`},
	{"a manual XPUB gives nothing to who has let go", "3.5 XPUB_MANUAL: on disconnect", "", "", `
		p XPUB xpub_manual=1
		a XSUB
		b XSUB
		p bind x
		a connect x
		b connect x
		a sub A
		p recv "\x01A"
		p assign XA
		a disconnect x
		p recv "\x00A"
		p send XA
		a none
		b none
		a connect x
		p recv "\x01A"
		p send XA
		p assign XB
		p send XB
		a recv XB
		a none`},
}
