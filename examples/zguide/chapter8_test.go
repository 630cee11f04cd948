package main

import (
	"context"
	"errors"
	"io"
	"testing/synctest"
)

var chapter8 = []scenario{
	{"dechat", func(s *stage) {
		type participant struct {
			*process
			in io.Writer
		}
		chat := func(address, user string) participant {
			ctx, cancel := context.WithCancel(s.ctx)
			in, w := io.Pipe()
			p := &process{s: s, name: "dechat", out: newOutput(), cancel: func() { cancel(); in.Close() }, ended: make(chan struct{})}
			s.started["dechat"] = true
			go func() {
				defer close(p.ended)
				p.err = dechatFrom(ctx, in, p.out, []string{"-at", s.inproc(""), address, address, user})
			}()
			return participant{p, w}
		}
		joe, ann := chat("192.168.55.7", "joe"), chat("192.168.55.8", "ann")
		synctest.Wait()
		check(io.WriteString(joe.in, "hello\n"))
		ann.waitFor(1, "joe: hello\n")
		check(io.WriteString(ann.in, "hi joe\n"))
		joe.waitFor(1, "ann: hi joe\n")
		synctest.Wait() // each also receives its own lines
		s.want(joe.stop(), "joe: hello\nann: hi joe\n")
		s.want(ann.stop(), "joe: hello\nann: hi joe\n")

		usage := s.start("dechat", "nobody")
		if <-usage.ended; usage.err == nil || errors.Is(usage.err, context.Canceled) {
			s.Errorf("dechat without arguments: %v", usage.err)
		}
	}},
	{"eagain", func(s *stage) {
		s.want(s.start("eagain", "-connect", s.inproc("a")).wait(), "(Sending message [0-9]\n){5,9}zmq: send: operation would block\n")
	}},
}
