package main

import (
	"fmt"
	"slices"
	"strings"
)

var scenarios = slices.Concat(chapter1, chapter2, chapter3, chapter4, chapter5, chapter7, chapter8)

var chapter1 = []scenario{
	{"hwclient hwserver", func(s *stage) {
		client := s.start("hwclient", "-connect", s.inproc("a"))
		server := s.start("hwserver", "-bind", s.inproc("a"))
		var want strings.Builder
		want.WriteString("Connecting to hello world server...\n")
		for i := range 10 {
			fmt.Fprintf(&want, "Sending Hello %d...\nReceived World %d\n", i, i)
		}
		s.want(client.wait(), want.String())
		s.want(server.stop(), "(Received Hello\n){10}")
	}},
	{"version", func(s *stage) {
		s.want(s.start("version").wait(), "The newest protocol of this library is ZMTP 3.1\n(.*\n)*")
	}},
	{"wuclient wuserver", func(s *stage) {
		client := s.start("wuclient", "-connect", s.inproc("a"), "-filter", "1")
		server := s.start("wuserver", "-bind", s.inproc("a"))
		s.want(client.wait(), "Collecting.*\nAverage temperature for zipcode '1' was -?[0-9]+F\n")
		s.want(server.stop(), "")
	}},
	{"taskvent taskwork tasksink", func(s *stage) {
		vent, sink := s.inproc("ventilator"), s.inproc("sink")
		ventilator := s.start("taskvent", "-bind", vent, "-sink", sink, "-workers", "4")
		collector := s.start("tasksink", "-bind", sink)
		var workers []*process
		for range 4 {
			workers = append(workers, s.start("taskwork", "-ventilator", vent, "-sink", sink))
		}
		s.want(ventilator.wait(), "Waiting for 4 workers\nSending tasks to workers...\nTotal expected cost: [0-9]+ msec\n")
		s.want(collector.wait(), "(:[.]{9}){10}\nTotal elapsed time: [0-9]+ msec\n")
		for _, worker := range workers {
			s.want(worker.stop(), "([0-9]+[.]){20,30}")
		}
	}},
}
