package diff

// streams are scenarios for STREAM. Its peer is mostly a plain connection.
var streams = []entry{
	{"stream-bound", "STREAM", wires, "", `
		s STREAM
		c TCP
		s bind x
		c connect x
		s recv $c | ""
		c send hello
		s recv $c | hello
		s send $c | world
		c recv world
		c send again
		s recv $c | again
		c close
		s recv $c | ""
		s none`},
	{"stream-connected", "STREAM", wires, "", `
		s STREAM
		c TCP
		c bind x
		s connect x
		s recv $c | ""
		s send $c | hello
		c recv hello
		c send world
		s recv $c | world
		s none`},
	{"stream-two-clients", "the first frame of a STREAM message is the routing ID", wires, "", `
		s STREAM
		a TCP
		b TCP
		s bind x
		a connect x
		s recv $a | ""
		b connect x
		s recv $b | ""
		s send $b | to b
		s send $a | to a
		a recv to a
		b recv to b
		a send from a
		s recv $a | from a
		b send from b
		s recv $b | from b
		a close
		s recv $a | ""
		b send still here
		s recv $b | still here
		s none`},
	{"stream-notify-off-bound", "ZMQ_STREAM_NOTIFY=0", wires, "", `
		s STREAM stream_notify=0
		c TCP
		s bind x
		c connect x
		c send hello
		s recv $c | hello
		s send $c | world
		c recv world
		c close
		s none`},
	{"stream-notify-off-connected", "ZMQ_STREAM_NOTIFY=0", wires, "", `
		s STREAM stream_notify=0
		c TCP
		c bind x
		s connect x as name
		s send name | hello
		c recv hello
		c send world
		s recv name | world
		s none`},
	{"stream-connect-routing-id", "ZMQ_CONNECT_ROUTING_ID", wires, "", `
		s STREAM
		c TCP
		c bind x
		s connect x as name
		s recv name | ""
		s send name | hello
		c recv hello
		c send world
		s recv name | world`},
	{"stream-unknown-routing-id", "a STREAM returns EHOSTUNREACH for an unknown routing ID", wires, "", `
		s STREAM
		c TCP
		s bind x
		s send unknown | hello -> EHOSTUNREACH
		c connect x
		s recv $c | ""
		s send unknown | hello -> EHOSTUNREACH
		s send $c | hello
		c recv hello`},
	{"stream-routing-id-of-closed-connection", "a STREAM returns EHOSTUNREACH for an unknown routing ID", wires, "", `
		s STREAM
		c TCP
		s bind x
		c connect x
		s recv $c | ""
		c close
		s recv $c | ""
		s none
		s send $c | hello -> EHOSTUNREACH`},
	{"stream-closes-one-of-two-connections", "an empty message closes a STREAM connection", wires, "", `
		s STREAM
		a TCP
		b TCP
		s bind x
		a connect x
		s recv $a | ""
		b connect x
		s recv $b | ""
		s end a $a
		a eof
		s send $a | hello -> EHOSTUNREACH
		s send $b | hello
		b recv hello
		b send there
		s recv $b | there
		s none`},
	{"stream-closes-connection-after-sent-data", "an empty message closes a STREAM connection", wires, "", `
		s STREAM
		c TCP
		s bind x
		c connect x
		s recv $c | ""
		s send $c | final data
		c recv final data
		s end c $c
		c eof
		s none`},
	{"stream-closes-connection-that-it-opened", "an empty message closes a STREAM connection", wires, "", `
		s STREAM
		c TCP
		c bind x
		s connect x
		s recv $c | ""
		s send $c | hello
		c recv hello
		s end c $c
		c eof
		s send $c | hello -> EHOSTUNREACH
		s none`},
	{"stream-reconnects", "a connected STREAM reconnects", wires, "", `
		s STREAM
		c TCP
		c bind x
		s connect x as name
		s recv name | ""
		c send one
		s recv name | one
		c hangup
		s recv name | "" ; name | ""
		c send two
		s recv name | two
		s send name | three
		c recv three
		s none`},
	{"stream-disconnect", "STREAM", wires, "", `
		s STREAM
		c TCP
		c bind x
		s connect x
		s recv $c | ""
		c send hello
		s recv $c | hello
		s disconnect x
		c eof
		s none
		! $c | "" because a STREAM also receives a disconnect notification after its own disconnect`},
	{"stream-unbind", "zmq_unbind closes accepted connections", wires, "", `
		s STREAM
		c TCP
		s bind x
		c connect x
		s recv $c | ""
		s unbind x
		s none
		! $c | "" because a STREAM also receives a disconnect notification after its own unbind
		c eof`},
	{"stream-close", "STREAM", wires, "", `
		s STREAM
		c TCP
		s bind x
		c connect x
		s recv $c | ""
		s send $c | bye
		c recv bye
		s close
		c eof`},
	{"stream-binary-data", "STREAM", wires, "", `
		s STREAM
		c TCP
		s bind x
		c connect x
		s recv $c | ""
		c send "\x00\xff\x01\n"
		s recv $c | "\x00\xff\x01\n"
		s send $c | "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f"
		c recv "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f"`},
	{"stream-reads-at-most-8192-bytes", "a STREAM message is the result of one read", wires, "", `
		s STREAM
		c TCP
		s bind x
		c connect x
		s recv $c | ""
		c send *8193
		s recv $c | *8192 ; $c | 0
		s none`},
	{"stream-large-message", "STREAM", wires, "", `
		s STREAM
		c TCP
		s bind x
		c connect x
		s recv $c | ""
		s send $c | *100000
		s send $c | *300
		c recv *100000
		c recv *300`},
	{"stream-stream-exchange", "STREAM connects and binds", wires, "", `
		a STREAM
		b STREAM
		a bind x
		b connect x
		a recv $b | ""
		b recv $a | ""
		b send $a | hello
		a recv $b | hello
		a send $b | world
		b recv $a | world
		b close
		a recv $b | ""
		a none`},
	{"stream-bound-and-connected", "STREAM", wires, "", `
		s STREAM
		c TCP
		d TCP
		s bind x
		d bind y
		c connect x
		s recv $c | ""
		s connect y
		s recv $d | ""
		c send up
		s recv $c | up
		s send $d | up
		d recv up
		d send down
		s recv $d | down
		s send $c | down
		c recv down
		s none`},
	{"stream-received-data-survives-client-close", "received messages stay readable", wires, "", `
		s STREAM
		c TCP
		s bind x
		c connect x
		c send hello
		c close
		s recv $c | "" ; $c | hello ; $c | ""
		s none`},
	{"stream-queues-before-connection", "messages for a connected endpoint stay queued without a peer", wires, "", `
		s STREAM
		c TCP
		s connect x as name
		s send name | early
		c bind x
		c recv early
		s recv name | ""
		s none`},
}
