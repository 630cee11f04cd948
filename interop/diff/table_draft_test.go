package diff

// drafting is the draft types of section 3.7 but for RADIO and DISH. PEER is
// here only as far as it sends nothing itself: npm's zeromq gives a PEER neither
// the numbers of its peers nor zmq_connect_peer.
var drafting = []entry{
	{"CLIENT and SERVER", "3.7 SERVER", "", "", `
		s SERVER
		c CLIENT
		s bind x
		c connect x
		c send one
		s recv $c | one
		s send $c | two
		c recv two
		c send ""
		s recv $c | ""
		s send $c | ""
		c recv ""
		s none
		c none`},
	{"a SERVER that connects", "3.7 SERVER", "", "", `
		s SERVER
		c CLIENT
		c bind x
		s connect x
		c send one
		s recv $c | one
		s send $c | two
		c recv two`},
	{"two CLIENTs of a SERVER", "3 SERVER by msg routing id", "", "", `
		s SERVER
		a CLIENT
		b CLIENT
		s bind x
		a connect x
		b connect x
		a send from a
		s recv $a | from a
		b send from b
		s recv $b | from b
		s send $b | to b
		s send $a | to a
		s send $a | to a again
		a recv to a ; to a again
		b recv to b
		a none
		b none`},
	{"a SERVER takes its CLIENTs in turn", "3 SERVER fair queue", inside, "", `
		s SERVER
		a CLIENT
		b CLIENT
		s bind x
		a connect x
		b connect x
		a send a1
		a send a2
		b send b1
		b send b2
		s recv $a | a1 ; $b | b1 ; $a | a2 ; $b | b2`},
	{"a CLIENT takes its SERVERs in turn", "3 CLIENT round robin", "", "", `
		c CLIENT
		s SERVER
		t SERVER
		s bind x
		t bind y
		c connect x
		c connect y
		c send 1
		c send 2
		c send 3
		s recv $c | 1 ; $c | 3
		t recv $d | 2
		s none
		t none`},
	{"a CLIENT receives from its SERVERs in turn", "3 CLIENT fair queue", inside, "", `
		c CLIENT
		s SERVER
		t SERVER
		s bind x
		t bind y
		c connect x
		c connect y
		c send 1
		c send 2
		s recv $c | 1
		t recv $d | 2
		s send $c | s1
		s send $c | s2
		t send $d | t1
		t send $d | t2
		c recv s1 ; t1 ; s2 ; t2`},
	{"a SERVER and an unknown CLIENT", "3 SERVER unknown EHOSTUNREACH", "", "", `
		s SERVER
		c CLIENT
		s bind x
		s send 12345 | 1 -> EHOSTUNREACH
		c connect x
		c send one
		s recv $c | one
		c close
		s none
		s send $c | two -> EHOSTUNREACH`},
	{"a full CLIENT", "3 SERVER full EAGAIN", inside, "", `
		s SERVER sndhwm=1
		c CLIENT rcvhwm=1
		d CLIENT rcvhwm=1
		s bind x
		c connect x
		d connect x
		c send hello
		s recv $c | hello
		d send hello
		s recv $d | hello
		s send $c | 1
		s send $c | 2
		s send $c | 3 -> EAGAIN
		s send $d | 4
		c recv 1
		s send $c | 5
		c recv 2 ; 5
		d recv 4`},
	{"a full SERVER", "3 CLIENT EAGAIN", inside, "", `
		s SERVER rcvhwm=2
		c CLIENT sndhwm=1
		s bind x
		c connect x
		c fill 10 -> 3
		s take 2
		c fill 10 -> 2
		s take 3`},
	{"a CLIENT without a SERVER", "3 CLIENT EAGAIN", inside, "", `
		c CLIENT
		s SERVER
		c send 1 -> EAGAIN
		s bind x
		c connect x
		c send 2
		s recv $c | 2`},
	{"CLIENT and SERVER send one frame", "3.1 Thread-safe types reject SNDMORE", "", "", `
		s SERVER
		c CLIENT
		s bind x
		c connect x
		c send one | two -> EINVAL
		c send three
		s recv $c | three
		s send $c | one | two -> EINVAL
		s send $c | four
		c recv four
		s none
		c none`},
	{"a CLIENT finds its SERVER again", "3.1 queued for a connected endpoint", wires, "", `
		s SERVER
		t SERVER
		c CLIENT
		s bind x
		c connect x
		c send 1
		s recv $c | 1
		s close
		c send 2
		t bind x
		c send 3
		t recv $d | 2 ; $d | 3
		t send $d | back
		c recv back`},
	{"a SERVER reads what a CLIENT that has left had sent", "3.1 Messages that arrived", "", "", `
		s SERVER
		c CLIENT
		s bind x
		c connect x
		c send 1
		c send 2
		c close
		s recv $c | 1 ; $c | 2
		s none`},
	{"a SERVER does not talk to a DEALER", "3 accepts peers", wires, "", `
		s SERVER
		d DEALER
		c CLIENT
		s bind x
		d connect x refused
		c connect x
		c send 1
		s recv $c | 1`},
	{"a CLIENT does not talk to a ROUTER", "3 accepts peers", wires, "", `
		r ROUTER
		c CLIENT
		d DEALER routing_id=d
		r bind x
		c connect x refused
		d connect x
		d send 1
		r recv d | 1`},
	{"CLIENT and SERVER say hello", "3.8 HELLO_MSG", "", "", `
		s SERVER hello_msg=hs
		c CLIENT hello_msg=hc
		s bind x
		c connect x
		s recv $c | hc
		c recv hs
		s none
		c none`},
	{"a SERVER is told who left", "3.8 DISCONNECT_MSG", "", "", `
		s SERVER disconnect_msg=bye
		c CLIENT
		s bind x
		c connect x
		c send 1
		s recv $c | 1
		c close
		s recv $c | bye
		s none`},
	{"a CLIENT is told of a hiccup", "3.8 HICCUP_MSG", wires, "", `
		s SERVER
		c CLIENT hiccup_msg=hic
		s bind x
		c connect x
		c send 1
		s recv $c | 1
		s close
		c recv hic
		c none`},
	{"PEERs say hello", "3.8 HELLO_MSG", "", "", `
		a PEER hello_msg=ha
		b PEER hello_msg=hb
		a bind x
		b connect x
		a recv hb
		b recv ha
		a none
		b none`},

	{"a PEER is told who left", "3.8 DISCONNECT_MSG", "", "", `
		a PEER disconnect_msg=bye
		b PEER hello_msg=hi
		a bind x
		b connect x
		a recv hi
		b close
		a recv bye
		a none`},
	{"a PEER is told of a hiccup", "3.8 HICCUP_MSG", wires, "", `
		a PEER
		b PEER hiccup_msg=hic hello_msg=hi
		a bind x
		b connect x
		a recv hi
		a close
		b recv hic
		b none`},

	{"SCATTER and GATHER", "3 SCATTER, GATHER", "", "", `
		s SCATTER
		g GATHER
		g bind x
		s connect x
		s send one
		s send ""
		s send two
		g recv one ; "" ; two
		g none`},
	{"SCATTER takes its GATHERs in turn", "3 SCATTER round robin", "", "", `
		s SCATTER
		a GATHER
		b GATHER
		s bind x
		a connect x
		b connect x
		s send 1
		s send 2
		s send 3
		s send 4
		a recv 1 ; 3
		b recv 2 ; 4
		a none
		b none`},
	{"GATHER takes its SCATTERs in turn", "3 GATHER fair queue", inside, "", `
		g GATHER
		a SCATTER
		b SCATTER
		g bind x
		a connect x
		b connect x
		a send a1
		a send a2
		b send b1
		b send b2
		g recv a1 ; b1 ; a2 ; b2`},
	{"SCATTER sends one frame", "3.1 Thread-safe types reject SNDMORE", "", "", `
		s SCATTER
		g GATHER
		g bind x
		s connect x
		s send one | two -> EINVAL
		s send three
		g recv three
		g none`},
	{"SCATTER waits", "3 SCATTER EAGAIN", inside, "", `
		s SCATTER sndhwm=2
		g GATHER rcvhwm=3
		s send 0 -> EAGAIN
		g bind x
		s connect x
		s fill 10 -> 5
		g take 3
		s fill 10 -> 3
		g take 5
		g none`},
	{"SCATTER skips a full GATHER", "3.1 LB", inside, "", `
		s SCATTER sndhwm=1
		a GATHER rcvhwm=1
		b GATHER rcvhwm=4
		a bind x
		b bind y
		s connect x
		s connect y
		s fill 20 -> 7
		a recv 1 ; 3
		b recv 2 ; 4 ; 5 ; 6 ; 7`},
	{"SCATTER finds its GATHER again", "3.1 queued for a connected endpoint", wires, "", `
		s SCATTER
		a GATHER
		b GATHER
		a bind x
		s connect x
		s send 1
		a recv 1
		a close
		s send 2
		b bind x
		b recv 2`},
	{"calls that a draft type does not have", "3 send routing, receive routing", inside, "", `
		s SCATTER
		g GATHER
		r RADIO
		d DISH
		s none -> ENOTSUP
		g send 1 -> ENOTSUP
		r none -> ENOTSUP
		d send 1 -> ENOTSUP`},
	{"a SCATTER does not talk to a PULL", "3 accepts peers", wires, "", `
		s SCATTER
		p PULL
		g GATHER
		s bind x
		p connect x refused
		s send 1 -> EAGAIN
		g connect x
		s send 2
		g recv 2`},

	{"CHANNEL and CHANNEL", "3.7 CHANNEL", "", "", `
		a CHANNEL
		b CHANNEL
		a bind x
		b connect x
		a send one
		b recv one
		b send two
		b send ""
		a recv two ; ""
		a none
		b none`},
	{"CHANNEL sends one frame", "3.7 CHANNEL single-part", "", "", `
		a CHANNEL
		b CHANNEL
		a bind x
		b connect x
		a send one | two -> EINVAL
		a send three
		b recv three
		b none`},
	{"CHANNEL waits", "3 CHANNEL EAGAIN", inside, "", `
		a CHANNEL sndhwm=1
		b CHANNEL rcvhwm=2
		a send 0 -> EAGAIN
		a bind x
		b connect x
		a fill 10 -> 3
		b recv 1 ; 2
		a fill 10 -> 2
		b take 3
		b none`},
	{"a third CHANNEL is turned away over inproc", "3.4 PAIR: first pipe wins", inside, "", `
		a CHANNEL
		b CHANNEL
		c CHANNEL
		a bind x
		b connect x
		c connect x refused
		b send 1
		a recv 1
		a send 2
		b recv 2
		c none`},
	{"a CHANNEL takes another when the first has gone", "3.4 PAIR: another may attach", "", "", `
		a CHANNEL
		b CHANNEL
		c CHANNEL
		a bind x
		b connect x
		b send 1
		a recv 1
		b close
		a none
		a send 0 -> EAGAIN
		c connect x
		c send 2
		a recv 2
		a send 3
		c recv 3`},
	{"a CHANNEL finds its peer again", "3.1 queued for a connected endpoint", wires, "", `
		a CHANNEL
		b CHANNEL
		c CHANNEL
		b bind x
		a connect x
		a send 1
		b recv 1
		b close
		a send 2
		c bind x
		c recv 2
		c send 3
		a recv 3`},
	{"a CHANNEL does not talk to a PAIR", "3 accepts peers", wires, "", `
		a CHANNEL
		p PAIR
		b CHANNEL
		a bind x
		p connect x refused
		b connect x
		a send 1
		b recv 1`},
}
