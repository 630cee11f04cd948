package diff

// streaming is STREAM, of section 3.7, with bytes at the far side.
var streaming = []entry{
	{"a bound STREAM and a client", "3.7 STREAM", wires, "", `
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
	{"a connected STREAM and a server", "3.7 STREAM", wires, "", `
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
	{"two clients of a STREAM", "3.7 STREAM by first frame", wires, "", `
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
	{"a STREAM that tells of nothing", "3.7 STREAM_NOTIFY 0", wires, "", `
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
	{"a connected STREAM that tells of nothing", "3.7 STREAM_NOTIFY 0", wires, "", `
		s STREAM stream_notify=0
		c TCP
		c bind x
		s connect x as name
		s send name | hello
		c recv hello
		c send world
		s recv name | world
		s none`},
	{"a STREAM names whom it connects to", "3.7 CONNECT_ROUTING_ID", wires, "", `
		s STREAM
		c TCP
		c bind x
		s connect x as name
		s recv name | ""
		s send name | hello
		c recv hello
		c send world
		s recv name | world`},
	{"an unknown id of a STREAM", "3 STREAM unknown id EHOSTUNREACH", wires, "", `
		s STREAM
		c TCP
		s bind x
		s send nobody | hello -> EHOSTUNREACH
		c connect x
		s recv $c | ""
		s send nobody | hello -> EHOSTUNREACH
		s send $c | hello
		c recv hello`},
	{"an id of a STREAM that has left", "3 STREAM unknown id EHOSTUNREACH", wires, "", `
		s STREAM
		c TCP
		s bind x
		c connect x
		s recv $c | ""
		c close
		s recv $c | ""
		s none
		s send $c | hello -> EHOSTUNREACH`},
	{"a STREAM ends a connection", "3.7 empty data frame closes", wires, "", `
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
	{"a STREAM ends a connection behind what it has sent", "3.7 empty data frame closes", wires, "", `
		s STREAM
		c TCP
		s bind x
		c connect x
		s recv $c | ""
		s send $c | last words
		c recv last words
		s end c $c
		c eof
		s none`},
	{"a STREAM ends a connection that it has made", "3.7 empty data frame closes", wires, "", `
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
	{"a STREAM connects again", "3.7 Connected STREAM reconnects like others", wires, "", `
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
	{"a STREAM disconnects", "3.7 STREAM", wires, "", `
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
		! $c | "" because who disconnects an endpoint is told when its connection has ended, as of any other`},
	{"a STREAM unbinds", "1.2 zmq_unbind ends every connection accepted", wires, "", `
		s STREAM
		c TCP
		s bind x
		c connect x
		s recv $c | ""
		s unbind x
		s none
		! $c | "" because who unbinds an endpoint is told when its connections have ended, as of any other
		c eof`},
	{"a STREAM closes", "3.7 STREAM", wires, "", `
		s STREAM
		c TCP
		s bind x
		c connect x
		s recv $c | ""
		s send $c | bye
		c recv bye
		s close
		c eof`},
	{"any bytes through a STREAM", "3.7 STREAM", wires, "", `
		s STREAM
		c TCP
		s bind x
		c connect x
		s recv $c | ""
		c send "\x00\xff\x01\n"
		s recv $c | "\x00\xff\x01\n"
		s send $c | "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f"
		c recv "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f"`},
	{"a STREAM reads at most 8192 bytes at once", "3.7 each read chunk", wires, "", `
		s STREAM
		c TCP
		s bind x
		c connect x
		s recv $c | ""
		c send *8193
		s recv $c | *8192 ; $c | 0
		s none`},
	{"a STREAM sends more than fits", "3.7 STREAM", wires, "", `
		s STREAM
		c TCP
		s bind x
		c connect x
		s recv $c | ""
		s send $c | *100000
		s send $c | *300
		c recv *100000
		c recv *300`},
	{"STREAM and STREAM", "3.7 on both connecting and bound side", wires, "", `
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
	{"a STREAM bound and connected", "3.7 STREAM", wires, "", `
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
	{"what has come is readable when the client has left", "3.1 Messages that arrived", wires, "", `
		s STREAM
		c TCP
		s bind x
		c connect x
		c send hello
		c close
		s recv $c | "" ; $c | hello ; $c | ""
		s none`},
	{"a message to nobody yet waits", "3.1 queued for a connected endpoint", wires, "", `
		s STREAM
		c TCP
		s connect x as name
		s send name | early
		c bind x
		c recv early
		s recv name | ""
		s none`},
}
