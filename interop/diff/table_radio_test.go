package diff

// groups is RADIO and DISH, of section 3.7.
var groups = []entry{
	{"RADIO and DISH", "3.7 RADIO", "", "", `
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
	{"a group is a whole name", "3.7 group compared exactly", "", "", `
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
	{"a RADIO that connects", "3.7 RADIO", "", "", `
		r RADIO
		d DISH
		d bind x
		d join g
		r connect x
		r send g | 1
		d recv g | 1
		d none`},
	{"joined before connecting", "3.7 joins cached and replayed on connect", "", "", `
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
	{"joined before anybody binds", "3.7 joins cached and replayed on connect", "", "", `
		r RADIO
		d DISH
		d join g
		d connect x
		r bind x
		r send g | 1
		d recv g | 1`},
	{"joining twice", "1.2 zmq_join: joining twice EINVAL", "", "", `
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
	{"leaving what was not joined", "1.2 zmq_leave: an unjoined group EINVAL", "", "", `
		r RADIO
		d DISH
		r bind x
		d connect x
		d leave g -> EINVAL
		d join g
		d leave h -> EINVAL
		r send g | 1
		d recv g | 1`},
	{"names that are too long", "1.2 zmq_join: group >255 chars EINVAL", "", "", `
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
	{"no group joined, no message", "3.7 RADIO", "", "", `
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
	{"the group without a name", "3.7 group compared exactly", "", "", `
		r RADIO
		d DISH
		r bind x
		d connect x
		d join ""
		r send g | 1
		r send "" | 2
		d recv "" | 2
		d none`},
	{"a DISH of several groups", "3.7 DISH", "", "", `
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
	{"each DISH gets its own", "3 RADIO exact group match", "", "", `
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
	{"a DISH of two RADIOs", "3 DISH fair queue", inside, "", `
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
	{"two RADIOs hear of a group", "3.7 joins cached and replayed", "", "", `
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
	{"RADIO sends one frame", "3.7 RADIO multipart EINVAL", "", "", `
		r RADIO
		d DISH
		d join g
		r bind x
		d connect x
		r send g | one | two -> EINVAL
		r send g | three
		d recv g | three
		d none`},
	{"a full DISH misses messages", "3 RADIO drop", inside, "", `
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
	{"a RADIO that drops nothing", "3 RADIO XPUB_NODROP: EAGAIN", inside, "", `
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
	{"a DISH that leaves and comes back", "3.7 JOIN/LEAVE maintained per pipe", "", "", `
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
	{"groups survive the loss of a RADIO", "3.7 joins replayed on reconnect", wires, "", `
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
	{"a RADIO without a DISH", "3 RADIO drop", "", "", `
		r RADIO
		d DISH
		r bind x
		r send g | lost
		d join g
		d connect x
		r send g | found
		d recv g | found
		d none`},
	{"a DISH drops what it no longer wants", "3.7 local filter by joined set", inside, "", `
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
	{"sizes and bytes of groups", "3.7 RADIO", "", "", `
		r RADIO
		d DISH
		r bind x
		d connect x
		d join "\xff\x01"
		r send "\xff\x01" | *256
		r send "\xff\x01" | *70000
		d recv "\xff\x01" | *256 ; "\xff\x01" | *70000
		d none`},
	{"a RADIO does not talk to a SUB", "3 accepts peers", wires, "", `
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
