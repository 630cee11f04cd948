package diff

// groups are scenarios for RADIO and DISH.
var groups = []entry{
	{"radio-dish-exchange", "RADIO", "", "", `
		r RADIO
		d DISH
		r bind x
		d connect x
		d join g
		r send g | one
		r send h | two
		r send g | ""
		d recv g | one ; g | ""
		d none`},
	{"radio-group-matches-exactly", "groups match exactly", "", "", `
		r RADIO
		d DISH
		r bind x
		d connect x
		d join ab
		r send a | 1
		r send ab | 2
		r send abc | 3
		r send "" | 4
		r send AB | 5
		d recv ab | 2
		d none`},
	{"radio-connects", "RADIO", "", "", `
		r RADIO
		d DISH
		d bind x
		d join g
		r connect x
		r send g | 1
		d recv g | 1
		d none`},
	{"dish-join-before-connect", "groups go to every new RADIO", "", "", `
		r RADIO
		d DISH
		d join g
		d join h
		r bind x
		d connect x
		r send g | 1
		r send h | 2
		d recv g | 1 ; h | 2
		d none`},
	{"dish-join-before-bind", "groups go to every new RADIO", "", "", `
		r RADIO
		d DISH
		d join g
		d connect x
		r bind x
		r send g | 1
		d recv g | 1`},
	{"dish-join-twice-returns-einval", "zmq_join returns EINVAL for a joined group", "", "", `
		r RADIO
		d DISH
		r bind x
		d connect x
		d join g
		d join g -> EINVAL
		r send g | 1
		d recv g | 1
		d leave g
		r send g | 2
		d none
		d leave g -> EINVAL
		d join g
		r send g | 3
		d recv g | 3`},
	{"dish-leave-unjoined-group-returns-einval", "zmq_leave returns EINVAL for a group that is not joined", "", "", `
		r RADIO
		d DISH
		r bind x
		d connect x
		d leave g -> EINVAL
		d join g
		d leave h -> EINVAL
		r send g | 1
		d recv g | 1`},
	{"dish-join-too-long-group-returns-einval", "zmq_join returns EINVAL for a group of more than 255 bytes", "", "", `
		r RADIO
		d DISH
		r bind x
		d connect x
		d join *256 -> EINVAL
		d leave *256 -> EINVAL
		d join *255
		r send *255 | 1
		d recv *255 | 1
		d none`},
	{"radio-send-to-too-long-group", "zmq_msg_set_group and groups of more than 255 bytes", inproc, "", `
		r RADIO
		d DISH
		r bind x
		d connect x
		d join *255
		r send *256 | 1
		! -> EINVAL because a group of 256 bytes is invalid; libzmq truncates it to another group
		d all *255 | 1
		! ok because a group of 256 bytes is invalid; libzmq truncates it to another group`},
	{"dish-without-group-receives-nothing", "RADIO", "", "", `
		r RADIO
		d DISH
		r bind x
		d connect x
		r send g | 1
		r send h | 1
		d join g
		r send h | 2
		r send g | 2
		d recv g | 2
		d none`},
	{"dish-empty-group", "groups match exactly", "", "", `
		r RADIO
		d DISH
		r bind x
		d connect x
		d join ""
		r send g | 1
		r send "" | 2
		d recv "" | 2
		d none`},
	{"dish-several-groups", "DISH", "", "", `
		r RADIO
		d DISH
		r bind x
		d connect x
		d join a
		d join b
		d join c
		r send a | 1
		r send b | 2
		r send c | 3
		r send d | 4
		d recv a | 1 ; b | 2 ; c | 3
		d leave b
		r send b | 5
		r send c | 6
		d recv c | 6
		d none`},
	{"radio-two-dishes", "groups match exactly", "", "", `
		r RADIO
		d DISH
		e DISH
		r bind x
		d connect x
		e connect x
		d join a
		e join b
		d join c
		e join c
		r send a | 1
		r send b | 2
		r send c | 3
		d recv a | 1 ; c | 3
		e recv b | 2 ; c | 3
		d none
		e none`},
	{"dish-receives-from-radios-in-turn", "a DISH receives by fair queueing", inproc, "", `
		r RADIO
		s RADIO
		d DISH
		d join g
		r bind x
		s bind y
		d connect x
		d connect y
		r send g | r1
		r send g | r2
		s send g | s1
		s send g | s2
		d recv g | r1 ; g | s1 ; g | r2 ; g | s2`},
	{"dish-joins-reach-both-radios", "groups go to every RADIO", "", "", `
		r RADIO
		s RADIO
		d DISH
		r bind x
		s bind y
		d connect x
		d join g
		d connect y
		r send g | 1
		d recv g | 1
		s send g | 2
		d recv g | 2
		d none`},
	{"radio-rejects-multipart", "a RADIO returns EINVAL for a multipart message", "", "", `
		r RADIO
		d DISH
		d join g
		r bind x
		d connect x
		r send g | one | two -> EINVAL
		r send g | three
		d recv g | three
		d none`},
	{"radio-drops-for-full-dish", "a RADIO drops for a full or missing DISH", inproc, "", `
		r RADIO sndhwm=1
		d DISH rcvhwm=2
		e DISH rcvhwm=9
		r bind x
		d connect x
		e connect x
		d join g
		e join g
		r send g | 1
		r send g | 2
		r send g | 3
		r send g | 4
		d recv g | 1 ; g | 2 ; g | 3
		d none
		e recv g | 1 ; g | 2 ; g | 3 ; g | 4
		r send g | 5
		d recv g | 5
		e recv g | 5`},
	{"radio-nodrop-would-block", "ZMQ_XPUB_NODROP at a RADIO", inproc, "", `
		r RADIO sndhwm=1 xpub_nodrop=1
		d DISH rcvhwm=1
		r bind x
		d connect x
		d join g
		r send g | 1
		r send g | 2
		r send g | 3 -> EAGAIN
		r send h | 4
		d recv g | 1
		r send g | 5
		d recv g | 2 ; g | 5
		d none`},
	{"dish-disconnects-and-reconnects", "groups belong to a connection", "", "", `
		r RADIO
		d DISH
		e DISH
		r bind x
		d connect x
		d join g
		d disconnect x
		r send g | lost
		d connect x
		r send g | found
		d recv g | found
		e connect x
		e join g
		d close
		r send g | last
		e recv g | last
		e none`},
	{"dish-groups-survive-radio-close", "groups go to the RADIO after a reconnect", wires, "", `
		r RADIO
		s RADIO
		d DISH
		r bind x
		d connect x
		d join g
		d join h
		r send g | 1
		d recv g | 1
		r close
		d leave h
		d join i
		s bind x
		s send h | 2
		s send g | 3
		s send i | 4
		d recv g | 3 ; i | 4
		d none`},
	{"radio-without-dish-drops", "a RADIO drops for a full or missing DISH", "", "", `
		r RADIO
		d DISH
		r bind x
		r send g | lost
		d join g
		d connect x
		r send g | found
		d recv g | found
		d none`},
	{"dish-drops-queued-messages-after-leave", "a DISH filters by its joined groups", inproc, "", `
		r RADIO
		d DISH
		r bind x
		d connect x
		d join g
		d join h
		r send g | 1
		r send h | 2
		r send g | 3
		d leave g
		d recv h | 2
		d none`},
	{"radio-binary-group-and-large-bodies", "RADIO", "", "", `
		r RADIO
		d DISH
		r bind x
		d connect x
		d join "\xff\x01"
		r send "\xff\x01" | *256
		r send "\xff\x01" | *70000
		d recv "\xff\x01" | *256 ; "\xff\x01" | *70000
		d none`},
	{"radio-refuses-sub", "compatible socket types", wires, "", `
		r RADIO
		s SUB
		d DISH
		d join g
		r bind x
		s connect x refused
		d connect x
		r send g | 1
		d recv g | 1`},
}
