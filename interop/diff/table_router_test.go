package diff

// routing are scenarios for ROUTER.
var routing = []entry{
	{"router-receives-routing-id-of-sender", "a ROUTER prepends the routing ID", "", "", `
		r ROUTER
		a DEALER routing_id=a
		b DEALER routing_id=bb
		r bind x
		a connect x
		b connect x
		a send 1
		r recv a | 1
		b send 2 | two
		r recv bb | 2 | two
		r send a | one
		r send bb | two | too
		a recv one
		b recv two | too
		a none
		b none`},
	{"router-connects", "a ROUTER prepends the routing ID", "", "", `
		r ROUTER
		a DEALER routing_id=a
		b DEALER routing_id=b
		a bind x
		b bind y
		r connect x
		r connect y
		r send a | 1
		r send b | 2
		a recv 1
		b recv 2
		b send two
		r recv b | two`},
	{"router-assigns-routing-ids", "routing IDs of a ROUTER", "", "", `
		r ROUTER
		a DEALER
		b DEALER
		r bind x
		a connect x
		b connect x
		a send 1
		r recv $a | 1
		b send 2
		r recv $b | 2
		r send $b | two
		r send $a | one
		a recv one
		b recv two
		a send 3
		r recv $a | 3`},
	{"router-assigns-routing-id-to-req", "routing IDs of a ROUTER", "", "", `
		r ROUTER
		q REQ
		r bind x
		q connect x
		q send 1
		r recv $q | "" | 1
		r send $q | "" | one
		q recv one
		q send 2
		r recv $q | "" | 2`},
	{"router-routing-id-of-255-bytes", "routing IDs of a ROUTER", "", "", `
		r ROUTER
		d DEALER routing_id=abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstu
		r bind x
		d connect x
		d send 1
		r recv $d | 1
		r send $d | one
		d recv one`},
	{"router-unknown-routing-id", "unknown routing IDs", "", "", `
		r ROUTER
		d DEALER routing_id=d
		r bind x
		d connect x
		r send unknown | 1
		! -> EHOSTUNREACH because SendTo returns ErrNoRoute instead of dropping (docs/decisions/0005-router-in-go.md)
		r send unknown | 1 | 2 | 3
		! -> EHOSTUNREACH because SendTo returns ErrNoRoute instead of dropping (docs/decisions/0005-router-in-go.md)
		r send d | 2
		d recv 2
		d none`},
	{"router-routing-id-of-closed-peer", "unknown routing IDs", "", "", `
		r ROUTER
		d DEALER routing_id=d
		e DEALER routing_id=e
		r bind x
		d connect x
		e connect x
		d close
		r send d | 1
		! -> EHOSTUNREACH because SendTo returns ErrNoRoute instead of dropping (docs/decisions/0005-router-in-go.md)
		r send e | 2
		e recv 2
		e none`},
	{"router-routing-id-reused-after-close", "duplicate routing IDs", "", "", `
		r ROUTER
		d DEALER routing_id=same
		e DEALER routing_id=same
		r bind x
		d connect x
		d send 1
		r recv same | 1
		d close
		r none
		e connect x
		e send 2
		r recv same | 2
		r send same | two
		e recv two`},
	{"router-full-peer", "a ROUTER and a full peer", inproc, "", `
		r ROUTER sndhwm=1
		d DEALER routing_id=d rcvhwm=1
		e DEALER routing_id=e rcvhwm=1
		r bind x
		d connect x
		e connect x
		r send d | 1
		r send d | 2
		r send d | 3
		! -> EAGAIN because SendTo blocks instead of dropping (docs/decisions/0005-router-in-go.md)
		r send e | 4
		d recv 1 ; 2
		d none
		e recv 4`},
	{"router-full-peer-does-not-block-others", "each peer of a ROUTER has its own queue", inproc, "", `
		r ROUTER sndhwm=1 rcvhwm=1
		d DEALER routing_id=d rcvhwm=1 sndhwm=1
		e DEALER routing_id=e rcvhwm=1 sndhwm=1
		r bind x
		d connect x
		e connect x
		d fill 10 -> 2
		r send d | 1
		r send d | 2
		e send 3
		r send e | 4
		e recv 4
		r any d | 1 ; d | 2 ; e | 3
		r none`},
	{"router-duplicate-id", "duplicate routing IDs", "", "", `
		r ROUTER
		d DEALER routing_id=same
		e DEALER routing_id=same
		r bind x
		d connect x
		e connect x refused
		d send 1
		r recv same | 1
		e send 2
		r none
		r send same | one
		d recv one
		e none`},
	{"router-router-exchange", "a ROUTER prepends the routing ID", "", "", `
		a ROUTER routing_id=A
		b ROUTER routing_id=B
		a bind x
		b connect x
		a send B | hello
		b recv A | hello
		b send A | hello | to you
		a recv B | hello | to you`},
	{"router-receives-from-peers-in-turn", "fair queueing", inproc, "", `
		r ROUTER
		a DEALER routing_id=a
		b DEALER routing_id=b
		r bind x
		a connect x
		b connect x
		a send 1
		a send 2
		b send 3
		b send 4
		r recv a | 1 ; b | 3 ; a | 2 ; b | 4`},
	{"router-empty-message", "empty messages", "", "", `
		r ROUTER
		a DEALER routing_id=a
		r bind x
		a connect x
		r send a | ""
		r send a | "" | ""
		a recv "" ; "" | ""
		a send ""
		r recv a | ""`},
	{"router-binary-routing-id", "routing IDs of a ROUTER", "", "", `
		r ROUTER
		a DEALER routing_id=ÿ!
		r bind x
		a connect x
		a send 1
		r recv "\xff!" | 1
		r send "\xff!" | one
		a recv one`},
}
