package diff

// manual is XPUB_MANUAL and XPUB_MANUAL_LAST_VALUE, of section 3.5.
var manual = []entry{
	{"a manual XPUB gives what it likes", "3.5 XPUB_MANUAL", "", "", `
		p XPUB xpub_manual=1
		a SUB
		p bind x
		a connect x
		a sub A
		p recv "\x01A"
		p assign XA
		p send A
		p send XA
		a none`},
	{"a manual XPUB and an XSUB, which does not filter", "3.5 XPUB_MANUAL", "", "", `
		p XPUB xpub_manual=1
		a XSUB
		p bind x
		a connect x
		a sub A
		p recv "\x01A"
		p send A
		p assign XA
		p send A
		p send XA
		a recv XA
		a unsub A
		p recv "\x00A"
		p send XA
		a recv XA
		p unassign XA
		p send XA
		a none`},
	{"a manual XPUB hears of everything", "3.5 XPUB_MANUAL: subscriptions are only queued", "", "", `
		p XPUB xpub_manual=1
		a XSUB
		b XSUB
		p bind x
		a connect x
		b connect x
		a sub t
		p recv "\x01t"
		p assign t
		b sub t
		p recv "\x01t"
		p assign t
		p send t1
		a recv t1
		b recv t1
		a unsub t
		p recv "\x00t"
		p unassign t
		p send t2
		b recv t2
		a none
		b unsub t
		p recv "\x00t"
		p unassign t
		p send t3
		b none
		p none`},
	{"a manual XPUB serves each peer by itself", "3.5 XPUB_MANUAL: to the pipe that sent it", "", "", `
		p XPUB xpub_manual=1
		a XSUB
		b XSUB
		p bind x
		a connect x
		b connect x
		a sub A
		p recv "\x01A"
		p assign one
		b sub B
		p recv "\x01B"
		p assign two
		p send one
		p send two
		a recv one
		b recv two
		a none
		b none`},
	{"a manual XPUB that gives more than was asked", "3.5 XPUB_MANUAL", "", "", `
		p XPUB xpub_manual=1
		a XSUB
		p bind x
		a connect x
		a sub A
		p recv "\x01A"
		p assign one
		p assign two
		p send one
		p send two
		p send A
		a recv one ; two
		p unassign one
		p send one
		p send two
		a recv two
		a none`},
	{"a manual XPUB before anybody asks", "3.5 XPUB_MANUAL: no valid last pipe", inside, "", `
		p XPUB xpub_manual=1
		a XSUB
		p bind x
		a connect x
		p assign t
		! -> EHOSTUNREACH because our XPUB names the message whose peer is meant, and there is none yet
		p send t
		a none`},
	{"who leaves a manual XPUB takes along what it was given", "3.5 XPUB_MANUAL: on disconnect", "", "", `
		p XPUB xpub_manual=1
		a XSUB
		b XSUB
		p bind x
		a connect x
		b connect x
		a sub A
		p recv "\x01A"
		p assign XA
		a close
		p recv "\x00A"
		p none
		b sub B
		p recv "\x01B"
		p assign XB
		p send XA
		p send XB
		b recv XB
		b none`},
	{"what a manual XPUB gave to who has left", "3.5 XPUB_MANUAL: no valid last pipe", "", "", `
		p XPUB xpub_manual=1
		a XSUB
		b XSUB
		p bind x
		a connect x
		b connect x
		a sub A
		p recv "\x01A"
		a close
		p recv "\x00A"
		p assign XA
		p send XA
		b none`},
	{"a manual XPUB takes messages from below", "3.5 XPUB_MANUAL, user messages", "", "", `
		p XPUB xpub_manual=1
		a XSUB
		p bind x
		a connect x
		a send hello
		p recv hello
		a send hello | again
		p recv hello | again`},
	{"a manual XPUB of last values", "3.5 XPUB_MANUAL_LAST_VALUE", "", "", `
		p XPUB xpub_manual=1 xpub_manual_last_value=1
		a SUB
		b SUB
		p bind x
		a connect x
		b connect x
		a sub t
		p recv "\x01t"
		p assign t
		p send t0
		a recv t0
		b sub t
		p recv "\x01t"
		p assign t
		p send t1
		p send t2
		b recv t1 ; t2
		a recv t2
		a none
		b none`},
	{"a last value for a topic that was not given", "3.5 XPUB_MANUAL_LAST_VALUE: if it matches", "", "", `
		p XPUB xpub_manual_last_value=1
		a SUB
		b SUB
		p bind x
		a connect x
		b connect x
		a sub ""
		p recv "\x01"
		p assign ""
		p send 0
		a recv 0
		b sub t
		p recv "\x01t"
		p assign t
		p send u
		p send t
		b recv t
		a recv t
		a none
		b none`},
	{"a last value and a peer that has left", "3.5 XPUB_MANUAL_LAST_VALUE, on disconnect", "", "", `
		p XPUB xpub_manual_last_value=1
		a XSUB
		b XSUB
		p bind x
		a connect x
		b connect x
		a sub t
		p recv "\x01t"
		p assign t
		b sub t
		p recv "\x01t"
		p assign t
		p send t1
		b recv t1
		a close
		p recv "\x00t"
		p send t2
		b recv t2
		p none`},
	{"a last value for who has left", "3.5 XPUB_MANUAL_LAST_VALUE, on disconnect", "", "", `
		only 4.3.4 because 4.3.5 does as ours
		p XPUB xpub_manual_last_value=1
		a XSUB
		b XSUB
		p bind x
		a connect x
		b connect x
		b sub t
		p recv "\x01t"
		p assign t
		a sub u
		p recv "\x01u"
		a unsub u
		p recv "\x00u"
		a close
		p none
		p send t1
		b none
		! t1 because a last value for nobody is a message like any other; libzmq loses it
		p send t2
		b recv t2`},
	{"a last value for who has left, mended", "3.5 XPUB_MANUAL_LAST_VALUE, on disconnect", "", "", `
		only 4.3.5 because 4.3.4 loses the message
		p XPUB xpub_manual_last_value=1
		a XSUB
		b XSUB
		p bind x
		a connect x
		b connect x
		b sub t
		p recv "\x01t"
		p assign t
		a sub u
		p recv "\x01u"
		a unsub u
		p recv "\x00u"
		a close
		p none
		p send t1
		b recv t1
		p send t2
		b recv t2`},
	{"a last value and an unsubscription", "3.5 XPUB_MANUAL_LAST_VALUE", "", "", `
		p XPUB xpub_manual_last_value=1
		a SUB
		b SUB
		p bind x
		a connect x
		b connect x
		a sub t
		p recv "\x01t"
		p assign t
		p send t0
		b sub t
		p recv "\x01t"
		p assign t
		p send t1
		b recv t1
		b unsub t
		p recv "\x00t"
		p unassign t
		p send t2
		p send t3
		a recv t0 ; t3
		a none
		b none`},
}
