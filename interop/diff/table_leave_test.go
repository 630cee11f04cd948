package diff

// leaving is section 3.1 too: endpoints and peers that come and go.
var leaving = []entry{
	{"what arrived before its sender left is still read", "3.1 Messages that arrived", "", "", `
		a PUSH
		b PULL
		b bind x
		a connect x
		a send 1
		a send 2 | two
		a send 3
		a close
		b recv 1 ; 2 | two ; 3
		b none`},
	{"what arrived before a binder left is still read", "3.1 Messages that arrived", "", "", `
		a PUSH
		b PULL
		a bind x
		b connect x
		a send 1
		a send 2
		a close
		b recv 1 ; 2
		b none`},
	{"what arrived before a PAIR left is still read", "3.1 Messages that arrived", "", "", `
		a PAIR
		b PAIR
		b bind x
		a connect x
		a send 1
		a send 2
		a close
		b recv 1 ; 2
		b none
		b send 3 -> EAGAIN`},
	{"what arrived before a publisher left is still read", "3.1 Messages that arrived", "", "", `
		p PUB
		s SUB
		s sub ""
		p bind x
		s connect x
		p send 1
		p send 2
		p close
		s recv 1 ; 2
		s none`},
	{"what arrived before a DEALER left is still read by a ROUTER", "3.1 Messages that arrived", "", "", `
		d DEALER routing_id=d
		r ROUTER
		r bind x
		d connect x
		d send 1
		d send 2
		d close
		r recv d | 1 ; d | 2
		r none`},
	{"what arrived before a disconnect is still read", "3.1 Messages that arrived", "", "", `
		a PUSH
		b PULL
		b bind x
		a connect x
		a send 1
		a send 2
		a disconnect x
		a send 3 -> EAGAIN
		b recv 1 ; 2
		b none`},
	{"what is queued for a connected endpoint waits for the binder", "3.1 queued for a connected endpoint", "", "", `
		a PUSH
		b PULL
		a connect x
		a send 1
		a send 2
		b bind x
		a send 3
		b recv 1 ; 2 ; 3
		b none`},
	{"what is queued for a connected endpoint survives its loss", "3.1 queued for a connected endpoint", wires, "", `
		a PUSH
		b PULL
		c PULL
		b bind x
		a connect x
		a send 1
		b recv 1
		b close
		a send 2
		a send 3
		c bind x
		a send 4
		c recv 2 ; 3 ; 4
		c none`},
	{"a DEALER's queue survives the loss of its peer", "3.1 queued for a connected endpoint", wires, "", `
		a DEALER
		b DEALER
		c DEALER
		b bind x
		a connect x
		b send hello
		a recv hello
		b close
		a send 2
		c bind x
		c recv 2
		c send back
		a recv back`},
	{"a PAIR's queue survives the loss of its peer", "3.1 queued for a connected endpoint", wires, "", `
		a PAIR
		b PAIR
		c PAIR
		b bind x
		a connect x
		b close
		a send 1
		c bind x
		c recv 1
		c send 2
		a recv 2`},
	{"an inproc connection does not come back", "3.1 queued for a connected endpoint, 5.3 inproc", inside, "", `
		a PUSH
		b PULL
		c PULL
		b bind x
		a connect x
		b close
		a send 1 -> EAGAIN
		c bind x
		a send 1 -> EAGAIN
		a connect x
		a send 2
		c recv 2`},
	{"what is queued for an accepted peer goes with it", "3.1 queued for a vanished accepted peer", "", "", `
		a PUSH
		b PULL
		c PULL
		a bind x
		b connect x
		a send 1
		a send 2
		b close
		a send 3 -> EAGAIN
		c connect x
		a send 4
		c recv 4
		c none`},
	{"what is queued for an accepted DEALER goes with it", "3.1 queued for a vanished accepted peer", "", "", `
		a DEALER
		b DEALER
		c DEALER
		a bind x
		b connect x
		a send 1
		a send 2
		b disconnect x
		a none
		a send 3 -> EAGAIN
		c connect x
		a send 4
		c recv 4
		c none`},
	{"unbind ends who came in there, and not others", "3.1 Messages that arrived", wires, "", `
		a PUSH
		b PULL
		c PULL
		a bind x
		a bind y
		b connect x
		c connect y
		a send 1
		a send 2
		b recv 1
		c recv 2
		a unbind x
		a send 3
		a send 4
		c recv 3 ; 4
		b none`},
	{"unbind leaves inproc connections alone", "3.1 Messages that arrived, 5.3 inproc", inside, "", `
		a PUSH
		b PULL
		c PULL
		a bind x
		b connect x
		a unbind x
		c connect x
		a send 1
		a send 2
		b recv 1 ; 2
		c none`},
	{"a name is free again after unbind", "3.1 any type may bind or connect", "", "", `
		a PULL
		b PULL
		c PUSH
		a bind x
		a unbind x
		b bind x
		c connect x
		c send 1
		b recv 1
		a none`},
	{"bind twice", "3.1 any type may bind or connect", "tcp inproc", "", `
		a PULL
		b PULL
		a bind x
		b bind x -> EADDRINUSE
		a bind x -> EADDRINUSE`},
	{"unbind what is not bound", "3.1 any type may bind or connect", "", "", `
		a PULL
		b PUSH
		a bind x
		b connect x
		a unbind y -> ENOENT
		b disconnect y -> ENOENT
		b send 1
		a recv 1`},
	{"malformed endpoints", "3.1 any type may bind or connect", inside, "", `
		a PULL
		a bind nothing:// -> EINVAL
		a connect foo://bar -> EPROTONOSUPPORT
		a bind foo://bar -> EPROTONOSUPPORT
		a connect tcp:// -> EINVAL
		a none`},
	{"a socket bound and connected", "3.1 any type may bind or connect", "", "", `
		a PUSH
		b PULL
		c PULL
		a bind x
		b connect x
		c bind y
		a connect y
		a send 1
		a send 2
		b recv 1
		c recv 2`},
	{"three transports at one socket", "3.1 any type may bind or connect", "tcp", "", `
		a PULL
		b PUSH
		c PUSH
		d PUSH
		a bind x@tcp
		a bind y@ipc
		a bind z@inproc
		b connect x@tcp
		c connect y@ipc
		d connect z@inproc
		b send tcp
		c send ipc
		d send inproc
		a any tcp ; ipc ; inproc
		a none`},
}
