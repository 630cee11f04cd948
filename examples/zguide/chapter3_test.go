package main

// balancer tests a load-balancing broker.
func balancer(name string) func(s *stage) {
	return func(s *stage) {
		got := s.start(name, "-front", s.inproc("front"), "-back", s.inproc("back")).wait()
		s.want(sorted(got), "(Client: OK\n){10}(Worker: HELLO\n){10}")
	}
}

var chapter3 = []scenario{
	{"identity", func(s *stage) {
		s.want(s.start("identity").wait(), `-+\nID \[005\] ".*"\n\[000\] \n\[034\] ROUTER assigns an ID of five bytes\n`+
			`-+\nID \[005\] "PEER2"\n\[000\] \n\[029\] ROUTER uses the ID of the REQ\n`)
	}},
	{"rtreq", func(s *stage) {
		s.want(s.start("rtreq", "-endpoint", s.inproc("a")).wait(), "(Completed: [0-9]+ tasks\n){10}")
	}},
	{"rtdealer", func(s *stage) {
		s.want(s.start("rtdealer", "-endpoint", s.inproc("a")).wait(), "(Completed: [0-9]+ tasks\n){10}")
	}},
	{"lbbroker", balancer("lbbroker")},
	{"lbbroker2", balancer("lbbroker2")},
	{"lbbroker3", balancer("lbbroker3")},
	{"asyncsrv", func(s *stage) {
		s.want(s.start("asyncsrv", "-endpoint", s.inproc("a")).wait(), "(CLIENT-[1-3]: request #[1-5]\n)+")
	}},
	{"peering1", func(s *stage) {
		one := s.start("peering1", "-at", s.inproc(""), "DC1", "DC2", "DC3")
		two := s.start("peering1", "-at", s.inproc(""), "DC2", "DC1", "DC3")
		three := s.start("peering1", "-at", s.inproc(""), "DC3", "DC1", "DC2")
		for _, p := range []*process{one, two, three} {
			p.waitFor(6, "DC[1-3] - [0-9] workers free\n")
		}
		two.stop()
		three.stop()
		s.want(one.stop(), "I: preparing broker at DC1...\n(I: connecting to state backend at 'DC[23]'\n){2}(DC[23] - [0-9] workers free\n){6,}")
	}},
	{"peering2", func(s *stage) {
		one := s.start("peering2", "-at", s.inproc(""), "DC1", "DC2")
		two := s.start("peering2", "-at", s.inproc(""), "DC2", "DC1")
		one.waitFor(50, "Client: OK\n")
		two.waitFor(50, "Client: OK\n")
		one.stop()
		s.want(two.stop(), "I: preparing broker at DC2...\n((Worker: HELLO|Client: OK)\n)+")
	}},
	{"peering3", func(s *stage) {
		one := s.start("peering3", "-at", s.inproc(""), "DC1", "DC2")
		two := s.start("peering3", "-at", s.inproc(""), "DC2", "DC1")
		one.waitFor(200, "[0-9A-F]{4}\n")
		two.waitFor(200, "[0-9A-F]{4}\n")
		two.stop()
		s.want(one.stop(), "I: preparing broker at DC1...\n([0-9A-F]{4}\n)+")
	}},
}
