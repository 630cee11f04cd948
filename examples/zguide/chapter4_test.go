package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/zerobroker/zmq"
)

// binaryStar tests a pair of servers: failover when the primary ends, and back when the
// backup ends.
func binaryStar(name string) func(s *stage) {
	return func(s *stage) {
		at := s.inproc("")
		primary := s.start(name, "-p", "-at", at)
		backup := s.start(name, "-b", "-at", at)
		client := s.start("bstarcli", "-at", at)
		client.waitFor(3, "server replied OK")
		s.want(backup.out.String(), "I: backup passive.*\nI: connected to primary .active., ready as passive\n")
		s.want(primary.stop(), "I: primary active, waiting for backup .passive.\nI: connected to backup .passive., ready as active\n")
		client.waitFor(1, "failing over")
		backup.waitFor(1, "I: failover successful, ready as active")
		done := strings.Count(client.out.String(), "OK")
		client.waitFor(done+2, "server replied OK")
		s.want(client.stop(), `I: connecting.*5001\.\.\.\n(I: server replied OK .*\n|W: no response.*\nI: connecting.*\n)+`)
		backup.stop()
	}
}

var chapter4 = []scenario{
	{"lpclient lpserver", func(s *stage) {
		client := s.start("lpclient", "-connect", s.inproc("a"))
		s.want(s.start("lpserver", "-bind", s.inproc("a")).wait(),
			`(I: normal request \([1-3]\)\n){3}I: simulating CPU overload\n(I: normal request \([4-5]\)\n)+I: simulating a crash\n`)
		server := s.start("lpserver", "-bind", s.inproc("a"), "-overload", "0", "-crash", "0")
		client.waitFor(1, `replied OK \(7\)`)
		server.stop()
		got := client.wait()
		if !strings.HasSuffix(got, strings.Repeat("W: no response from server, retrying...\n", 2)+"E: server seems to be offline, abandoning\n") {
			s.Errorf("output:\n%s", got)
		}
		for i := range 7 {
			if text := fmt.Sprintf("OK (%d)\n", i+1); strings.Count(got, text) != 1 {
				s.Errorf("not one reply %q in:\n%s", text, got)
			}
		}
	}},
	{"spqueue spworker lpclient", func(s *stage) {
		queue := s.start("spqueue", "-front", s.inproc("front"), "-back", s.inproc("back"))
		failing := s.start("spworker", "-connect", s.inproc("back"))
		worker := s.start("spworker", "-connect", s.inproc("back"), "-overload", "0", "-crash", "0")
		client := s.start("lpclient", "-connect", s.inproc("front"))
		s.want(failing.wait(), `I: \(....-....\) worker ready\n(I: \(....-....\) normal reply\n){3}I: \(....-....\) simulating CPU overload\n`+
			`(I: \(....-....\) normal reply\n){4}I: \(....-....\) simulating a crash\n`)
		client.waitFor(1, `replied OK \(20\)`)
		s.want(client.stop(), `I: connecting to server...\n(I: server replied OK \([0-9]+\)\n|W: no response from server, retrying...\n)+`)
		worker.stop()
		s.want(queue.stop(), "")
	}},
	{"ppqueue ppworker lpclient", func(s *stage) {
		front, back := s.inproc("front"), s.inproc("back")
		queue := s.start("ppqueue", "-front", front, "-back", back)
		crashing := s.start("ppworker", "-connect", back, "-overload", "0", "-crash", "3")
		worker := s.start("ppworker", "-connect", back, "-overload", "0")
		client := s.start("lpclient", "-connect", front)
		s.want(crashing.wait(), `I: worker ready\n(I: normal reply\n|I: worker heartbeat\n)+I: simulating a crash\n`)
		client.waitFor(1, `replied OK \(10\)`)
		s.want(worker.out.String(), "I: worker ready\n(I: normal reply\n|I: worker heartbeat\n)+")
		s.want(queue.stop(), "")
		worker.waitFor(1, "W: heartbeat failure, can't reach queue\nW: reconnecting in 1000 msec...\n")
		queue = s.start("ppqueue", "-front", front, "-back", back)
		worker.waitFor(2, "I: worker ready\n")
		client.stop()
		client = s.start("lpclient", "-connect", front)
		client.waitFor(1, `replied OK \(3\)`)
		client.stop()
		s.want(queue.stop(), "")
		worker.stop()
	}},
	{"ppqueue ppworker lpclient", func(s *stage) { // a worker that is connected and silent
		front, back := s.inproc("front"), s.inproc("back")
		queue := s.start("ppqueue", "-front", front, "-back", back)
		silent := check(zmq.NewDealer(nil))
		defer silent.Close()
		must(silent.Connect(back))
		must(silent.Send(s.ctx, []byte(pppReady)))
		time.Sleep((pppLiveness + 2) * pppInterval)
		worker := s.start("ppworker", "-connect", back, "-overload", "0")
		client := s.start("lpclient", "-connect", front)
		client.waitFor(1, `replied OK \(3\)`)
		s.want(client.stop(), `I: connecting to server...\n(I: server replied OK \([0-9]\)\n)+`)
		worker.stop()
		queue.stop()
	}},
	{"mdclient mdclient2 mdworker mdbroker mmiecho", func(s *stage) {
		at := s.inproc("broker")
		broker := s.start("mdbroker", "-bind", at)
		s.want(s.start("mmiecho", "-broker", at).wait(), "Lookup echo service: 404\n")
		client := s.start("mdclient", "-broker", at, "-requests", "100")
		one := s.start("mdworker", "-broker", at)
		two := s.start("mdworker", "-broker", at)
		s.want(client.wait(), "100 requests/replies processed\n")
		s.want(s.start("mmiecho", "-broker", at).wait(), "Lookup echo service: 200\n")
		one.stop()
		s.want(s.start("mdclient2", "-broker", at, "-requests", "500").wait(), "500 replies received\n")

		// A worker receives heartbeats. One that sends none is removed.
		silent := check(zmq.NewDealer(nil))
		defer silent.Close()
		must(silent.Connect(at))
		must(silent.Send(s.ctx, nil, []byte(mdpWorker), []byte(mdpReady), []byte("silent")))
		if m := check(silent.Recv(s.ctx)); m.NumFrames() != 3 || string(m.Frame(2)) != mdpHeartbeat {
			s.Errorf("received %q, want a heartbeat", m)
		}
		mmi := check(newMDClient(at))
		defer mmi.close()
		for _, want := range []string{"200", "404"} {
			if reply := check(mmi.send(s.ctx, "mmi.service", []byte("silent"))); string(reply[0]) != want {
				s.Errorf("status of the silent worker %s, want %s", reply[0], want)
			}
			time.Sleep((mdpLiveness + 1) * mdpInterval)
		}

		// Workers that are idle for long are kept by heartbeats.
		time.Sleep(time.Minute)
		s.want(s.start("mdclient", "-broker", at, "-requests", "1").wait(), "1 requests/replies processed\n")
		s.want(broker.stop(), "I: MDP broker is active at .*\n")

		// The worker registers with a new broker.
		broker = s.start("mdbroker", "-bind", at)
		time.Sleep(time.Minute)
		s.want(s.start("mmiecho", "-broker", at).wait(), "Lookup echo service: 200\n")
		two.stop()
		broker.stop()
	}},
	{"tripping", func(s *stage) {
		s.want(s.start("tripping", "-front", s.inproc("front"), "-back", s.inproc("back"), "-requests", "200").wait(),
			"Setting up test...\nSynchronous round-trip test...\n [0-9]+ calls/second\nAsynchronous round-trip test...\n [0-9]+ calls/second\n")
	}},
	{"titanic ticlient mdbroker mdworker", func(s *stage) {
		at := s.inproc("broker")
		dir := s.TempDir()
		broker := s.start("mdbroker", "-bind", at)
		server := s.start("titanic", "-broker", at, "-dir", dir)
		client := s.start("ticlient", "-broker", at)
		client.waitFor(2, "I: no reply yet, trying again...\n")

		// The request is on disk while titanic does not run.
		server.stop()
		server = s.start("titanic", "-broker", at, "-dir", dir)
		worker := s.start("mdworker", "-broker", at)
		s.want(client.wait(), "I: request UUID [0-9A-F]{32}\n(I: no reply yet, trying again...\n)+Reply: Hello world\n")
		server.waitFor(1, "I: processed request [0-9A-F]{32}\n")
		server.stop()
		worker.stop()
		broker.stop()
	}},
	{"bstarsrv bstarcli", binaryStar("bstarsrv")},
	{"bstarsrv2 bstarcli", binaryStar("bstarsrv2")},
	{"flclient1 flserver1", func(s *stage) {
		one, two := s.inproc("1"), s.inproc("2")
		s.want(s.start("flclient1", one).wait(), `(I: trying echo service at .*1\.\.\.\nW: no response from .*1\n){3}`)
		server := s.start("flserver1", two)
		s.want(s.start("flclient1", one, two).wait(),
			`I: trying echo service at .*1\.\.\.\nW: no response from .*1\nI: trying echo service at .*2\.\.\.\nService is running OK\n`)
		s.want(server.stop(), "I: echo service is ready at .*2\n")
	}},
	{"flclient2 flserver2", func(s *stage) {
		one, two, three := s.inproc("1"), s.inproc("2"), s.inproc("3")
		first, second := s.start("flserver2", one), s.start("flserver2", two)
		s.want(s.start("flclient2", "-requests", "300", one, two, three).wait(), "Average round trip cost: [0-9]+ usec\n")
		s.want(first.stop(), "I: service is ready at .*1\n")
		second.stop()
	}},
	{"flclient3 flserver3", func(s *stage) {
		one, two, three := s.inproc("1"), s.inproc("2"), s.inproc("3")
		second := s.start("flserver3", "-bind", two, "-id", two)
		third := s.start("flserver3", "-bind", three, "-id", three)
		client, err := newFLClient([]string{one, two, three})
		must(err)
		if _, err := client.request(s.ctx, []byte("a")); err != errFLTimeout {
			s.Errorf("request to a server that is not known to be dead: %v", err)
		}
		time.Sleep(flTTL)
		for range 10 {
			check(client.request(s.ctx, []byte("b")))
		}
		second.stop()
		time.Sleep(flTTL)
		check(client.request(s.ctx, []byte("c")))
		client.close()

		// A server dies while it has a request.
		silent := check(zmq.NewRouter(nil))
		defer silent.Close()
		check(silent.Bind(s.inproc("silent")))
		client = check(newFLClient([]string{s.inproc("silent"), three}))
		time.Sleep(flTTL - time.Second)
		check(client.request(s.ctx, []byte("d")))
		client.close()
		s.want(s.start("flclient3", "-requests", "100", three).wait(), "Average round trip cost: [0-9]+ usec\n")
		s.want(third.stop(), "I: service is ready at .*3\n")
	}},
}
