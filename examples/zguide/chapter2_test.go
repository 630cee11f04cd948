package main

import "github.com/zerobroker/zmq"

// readTwo tests a program that reads from a ventilator and a weather server, both of
// which are sockets of the test.
func readTwo(name, task, update string) func(s *stage) {
	return func(s *stage) {
		push := check(zmq.NewPush(nil))
		defer push.Close()
		check(push.Bind(s.inproc("ventilator")))
		pub := check(zmq.NewPub(nil))
		defer pub.Close()
		check(pub.Bind(s.inproc("weather")))
		p := s.start(name, "-ventilator", s.inproc("ventilator"), "-weather", s.inproc("weather"))
		must(pub.WaitSubscribers(s.ctx, 1, "10001 "))
		must(push.Send(s.ctx, []byte("17")))
		p.waitFor(1, task+": 17\n")
		must(pub.Send(s.ctx, []byte("10002 1 2")))
		must(pub.Send(s.ctx, []byte("10001 3 4")))
		p.waitFor(1, update+": 10001 3 4\n")
		s.want(p.stop(), task+": 17\n"+update+": 10001 3 4\n")
	}
}

// broker tests a broker with two clients and two workers.
func broker(name string) func(s *stage) {
	return func(s *stage) {
		front, back := s.inproc("front"), s.inproc("back")
		b := s.start(name, "-front", front, "-back", back)
		one := s.start("rrclient", "-connect", front)
		two := s.start("rrclient", "-connect", front)
		worker := s.start("rrworker", "-connect", back)
		other := s.start("rrworker", "-connect", back)
		s.want(one.wait(), `(Received reply [0-9] \[World\]\n){10}`)
		s.want(two.wait(), `(Received reply [0-9] \[World\]\n){10}`)
		s.want(worker.stop()+other.stop(), `(Received request: \[Hello\]\n){20}`)
		s.want(b.stop(), "")
	}
}

var chapter2 = []scenario{
	{"msreader", readTwo("msreader", "PULL", "SUB")},
	{"mspoller", readTwo("mspoller", "task", "update")},
	{"rrbroker rrclient rrworker", broker("rrbroker")},
	{"msgqueue rrclient rrworker", broker("msgqueue")},
	{"wuproxy wuserver wuclient", func(s *stage) {
		proxy := s.start("wuproxy", "-connect", s.inproc("server"), "-bind", s.inproc("clients"))
		server := s.start("wuserver", "-bind", s.inproc("server"))
		client := s.start("wuclient", "-connect", s.inproc("clients"), "-filter", "2")
		s.want(client.wait(), "Collecting.*\nAverage temperature for zipcode '2' was -?[0-9]+F\n")
		s.want(server.stop(), "")
		s.want(proxy.stop(), "")
	}},
	{"tasksink2 taskwork2 taskvent", func(s *stage) {
		vent, sink, control := s.inproc("ventilator"), s.inproc("sink"), s.inproc("control")
		collector := s.start("tasksink2", "-bind", sink, "-control", control)
		var workers []*process
		for range 3 {
			workers = append(workers, s.start("taskwork2", "-ventilator", vent, "-sink", sink, "-control", control))
		}
		ventilator := s.start("taskvent", "-bind", vent, "-sink", sink, "-workers", "3")
		s.want(collector.wait(), "(:[.]{9}){10}\nTotal elapsed time: [0-9]+ msec\n")
		for _, worker := range workers {
			s.want(worker.wait(), "([0-9]+[.])+")
		}
		ventilator.wait()
	}},
	{"mtserver hwclient", func(s *stage) {
		server := s.start("mtserver", "-bind", s.inproc("a"))
		for range 3 {
			client := s.start("hwclient", "-connect", s.inproc("a"))
			defer client.wait()
		}
		server.waitFor(30, `Received request: \[Hello\]\n`)
	}},
	{"mtrelay", func(s *stage) {
		s.want(s.start("mtrelay").wait(), "Step 1 ready, signaling step 2\nStep 2 ready, signaling step 3\nTest successful!\n")
	}},
	{"syncpub syncsub", func(s *stage) {
		updates, sync := s.inproc("updates"), s.inproc("sync")
		publisher := s.start("syncpub", "-bind", updates, "-sync", sync, "-subscribers", "3", "-updates", "5000")
		for range 3 {
			subscriber := s.start("syncsub", "-connect", updates, "-sync", sync)
			defer func() { s.want(subscriber.wait(), "Received 5000 updates\n") }()
		}
		s.want(publisher.wait(), "Waiting for subscribers\nBroadcasting messages\n")
	}},
	{"psenvpub psenvsub", func(s *stage) {
		subscriber := s.start("psenvsub", "-connect", s.inproc("a"))
		publisher := s.start("psenvpub", "-bind", s.inproc("a"))
		subscriber.waitFor(3, "would like")
		publisher.stop()
		s.want(subscriber.stop(), `(\[B\] We would like to see this\n)+`)
	}},
}
