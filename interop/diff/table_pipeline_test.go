package diff

// pipeline is section 3.4: DEALER, PUSH, PULL and PAIR.
var pipeline = []entry{
	{"DEALER adds nothing", "3.4 DEALER sends frames as given", "", "", `
		a DEALER
		b DEALER
		b bind x
		a connect x
		a send 1
		a send "" | 2
		b send 3 | 4
		b recv 1 ; "" | 2
		a recv 3 | 4`},
	{"DEALER sends in turn", "3 DEALER round robin", "", "", `
		a DEALER
		b DEALER
		c DEALER
		a bind x
		b connect x
		c connect x
		a send 1
		a send 2
		a send 3
		b recv 1 ; 3
		c recv 2
		b send to a
		a recv to a
		b none
		c none`},
	{"DEALER to ROUTER and back", "3.4 DEALER sends frames as given", "", "", `
		d DEALER routing_id=me
		r ROUTER
		d bind x
		r connect x
		d send one | two
		r recv me | one | two
		r send me | three
		d recv three`},
	{"PUSH begins with whom it met first", "3.4 PUSH round robin", "", "", `
		p PUSH
		a PULL
		b PULL
		p bind x
		b connect x
		a connect x
		p send 1
		p send 2
		b recv 1
		a recv 2`},
	{"PUSH bound and connected begins with whom it met first", "3.4 PUSH round robin", "", "", `
		p PUSH
		a PULL
		b PULL
		a bind y
		p bind x
		p connect y
		b connect x
		p send 1
		p send 2
		p send 3
		a recv 1 ; 3
		b recv 2`},
	{"half of the messages wait for an endpoint that is not there", "3.4 IMMEDIATE=0", "", "", `
		p PUSH
		a PULL
		a bind x
		p connect x
		p connect y
		p fill 10 -> 10
		a recv 1 ; 3 ; 5 ; 7 ; 9
		a none`},
	{"and are there when it is", "3.4 IMMEDIATE=0", "", "", `
		p PUSH
		a PULL
		b PULL
		a bind x
		p connect x
		p connect y
		p fill 10 -> 10
		b bind y
		a recv 1 ; 3 ; 5 ; 7 ; 9
		b recv 2 ; 4 ; 6 ; 8 ; 10
		a none
		b none`},
	{"a PULL from two PUSHes, one bound and one connected", "3 PULL fair queue", "", "", `
		a PUSH
		b PUSH
		p PULL
		p bind x
		b bind y
		a connect x
		p connect y
		a send 1
		p recv 1
		b send 2
		p recv 2
		a send 3
		p recv 3`},
	{"PAIRs talk both ways", "3.4 PAIR", "", "", `
		a PAIR
		b PAIR
		a bind x
		b connect x
		a send 1
		a send 2
		b send 3
		b recv 1 ; 2
		a recv 3
		b send 4 | 5
		a recv 4 | 5
		a none
		b none`},
	{"a PAIR sends before its peer is there", "3.1 queued for a connected endpoint", "", "", `
		a PAIR
		b PAIR
		b connect x
		b send 1
		b send 2 | 3
		a bind x
		a recv 1 ; 2 | 3
		a send 4
		b recv 4`},
	{"a second PAIR over a wire gets nothing", "3.4 PAIR: first pipe wins", wires, "", `
		a PAIR
		b PAIR
		c PAIR
		a bind x
		b connect x
		c connect x refused
		a send 1
		a send 2
		b recv 1 ; 2
		c none
		b send 3
		a recv 3`},
	{"a second PAIR over inproc gets nothing", "3.4 PAIR: first pipe wins", inside, "", `
		a PAIR
		b PAIR
		c PAIR
		a bind x
		b connect x
		c connect x refused
		a send 1
		a send 2
		b recv 1 ; 2
		c none
		c send no -> EAGAIN
		b send 3
		a recv 3`},
	{"another PAIR when the first is gone", "3.4 PAIR: another may attach", "", "", `
		a PAIR
		b PAIR
		c PAIR
		a bind x
		b connect x
		a send 1
		b recv 1
		b close
		a none
		a send no -> EAGAIN
		c connect x
		a send 2
		c recv 2
		c send 3
		a recv 3`},
	{"another PAIR when the first has disconnected", "3.4 PAIR: another may attach", "", "", `
		a PAIR
		b PAIR
		c PAIR
		a bind x
		b connect x
		b send 1
		b disconnect x
		a recv 1
		a none
		c connect x
		c send 2
		a recv 2
		a send 3
		c recv 3
		b none`},
	{"PAIR sends all parts or none", "3.4 PAIR multipart", "", "", `
		a PAIR
		b PAIR
		a bind x
		b connect x
		a send 1 | 2 | 3 | *1000
		b recv 1 | 2 | 3 | *1000
		b none`},
	{"a long line of messages stays in order", "3.1 Multipart", "", "", `
		a PUSH
		b PULL
		b bind x
		a connect x
		a fill 500 -> 500
		b take 500
		b none`},
	{"disconnect ends one of two endpoints", "3 PUSH round robin", "", "", `
		p PUSH
		a PULL
		b PULL
		a bind x
		b bind y
		p connect x
		p connect y
		p send 1
		p send 2
		a recv 1
		b recv 2
		p disconnect x
		p send 3
		p send 4
		b recv 3 ; 4
		a none`},
	{"connect again after disconnect", "3 PUSH round robin", "", "", `
		p PUSH
		a PULL
		a bind x
		p connect x
		p send 1
		a recv 1
		p disconnect x
		p send no -> EAGAIN
		p connect x
		p send 2
		a recv 2
		a none`},
	{"a worker that leaves loses nothing it has read", "3.1 LB", "", "", `
		p PUSH
		a PULL
		b PULL
		p bind x
		a connect x
		b connect x
		p fill 4 -> 4
		a recv 1 ; 3
		a close
		p send 5
		p send 6
		b recv 2 ; 4 ; 5 ; 6
		b none`},
	{"everybody connects to everybody", "3.1 LB, 3.1 FQ", "", "", `
		p PUSH
		q PUSH
		a PULL
		b PULL
		a bind x
		b bind y
		p connect x
		p connect y
		q connect x
		q connect y
		p fill 4 -> 4
		q fill 4 -> 4
		pool a=4 b=4 : 1 ; 1 ; 2 ; 2 ; 3 ; 3 ; 4 ; 4`},
	{"ventilator, workers and sink", "3 PUSH, 3 PULL", "", "", `
		v PUSH
		i PULL
		o PUSH
		j PULL
		u PUSH
		s PULL
		v bind x
		s bind y
		i connect x
		j connect x
		o connect y
		u connect y
		v send 1
		v send 2
		i recv 1
		j recv 2
		o send one
		u send two
		s any one ; two
		s none`},
	{"a DEALER connected twice to one endpoint", "5.1 one connection for each endpoint", wires,
		"", `
		a DEALER
		b DEALER
		b bind x
		a connect x
		a connect x
		b fill 4 -> 4
		a recv 1 ; 2 ; 3 ; 4`},
	{"a PUSH connected twice to one endpoint", "3.1 One pipe per connection", "", "", `
		a PUSH
		b PULL
		b bind x
		a connect x
		a connect x
		a send 1
		a send 2
		a send 3
		b any 1 ; 2 ; 3
		b none`},
}
