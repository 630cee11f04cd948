package diff

// manualXPub are scenarios for ZMQ_XPUB_MANUAL and ZMQ_XPUB_MANUAL_LAST_VALUE.
var manualXPub = []entry{
	{"xpub-manual-assigns-topic", "ZMQ_XPUB_MANUAL", "", "", `
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
	{"xpub-manual-xsub", "ZMQ_XPUB_MANUAL", "", "", `
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
	{"xpub-manual-receives-every-change", "ZMQ_XPUB_MANUAL does not apply subscriptions", "", "", `
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
	{"xpub-manual-assigns-per-peer", "ZMQ_XPUB_MANUAL subscribes the peer that sent the last subscription", "", "", `
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
	{"xpub-manual-assigns-two-topics", "ZMQ_XPUB_MANUAL", "", "", `
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
	{"xpub-manual-assign-before-subscription", "ZMQ_XPUB_MANUAL without a last peer", inproc, "", `
		p XPUB xpub_manual=1
		a XSUB
		p bind x
		a connect x
		p assign t
		! -> EHOSTUNREACH because SubscribePeer needs a received message to identify the peer
		p send t
		a none`},
	{"xpub-manual-peer-close-removes-assigned-topics", "ZMQ_XPUB_MANUAL after the end of a peer", "", "", `
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
	{"xpub-manual-assign-to-closed-peer", "ZMQ_XPUB_MANUAL without a last peer", "", "", `
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
	{"xpub-manual-receives-upstream-messages", "ZMQ_XPUB_MANUAL and messages from subscribers", "", "", `
		p XPUB xpub_manual=1
		a XSUB
		p bind x
		a connect x
		a send hello
		p recv hello
		a send hello | again
		p recv hello | again`},
	{"last-value-to-newest-subscriber", "ZMQ_XPUB_MANUAL_LAST_VALUE", "", "", `
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
	{"last-value-for-unassigned-topic", "ZMQ_XPUB_MANUAL_LAST_VALUE needs a matching topic", "", "", `
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
	{"last-value-peer-closes", "ZMQ_XPUB_MANUAL_LAST_VALUE after the end of a peer", "", "", `
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
	{"last-value-for-closed-peer-libzmq-4.3.4", "ZMQ_XPUB_MANUAL_LAST_VALUE after the end of a peer", "", "", `
		only 4.3.4 because 4.3.5 behaves like this library
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
		! t1 because the message is published normally when the peer of the last subscription has closed; libzmq drops it
		p send t2
		b recv t2`},
	{"last-value-for-closed-peer-libzmq-4.3.5", "ZMQ_XPUB_MANUAL_LAST_VALUE after the end of a peer", "", "", `
		only 4.3.5 because 4.3.4 drops the message
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
	{"last-value-unsubscribe", "ZMQ_XPUB_MANUAL_LAST_VALUE", "", "", `
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
