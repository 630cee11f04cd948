package pattern_test

import (
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// unwanted lists each type whose Recv drops messages, with a message that it
// drops and one that it returns.
var unwanted = []struct {
	name   string
	typ    pattern.Type
	set    func(*pattern.Options)
	topic  string // subscription or group
	drop   []string
	keep   []string
	got    []string // the frames that Recv returns for keep
	reason pipe.Drop
}{
	{"SUB", pattern.SUB, nil, "good", []string{"bad"}, []string{"good"}, []string{"good"}, pipe.DropFiltered},
	{"SUB inverted", pattern.SUB, func(o *pattern.Options) { o.Invert = true }, "bad", []string{"bad", "x"}, []string{"good"}, []string{"good"}, pipe.DropFiltered},
	{"DISH", pattern.DISH, nil, "good", []string{"bad", ""}, []string{"good", "x"}, []string{"good", "x"}, pipe.DropFiltered},
	{"REP", pattern.REP, nil, "", []string{"no envelope"}, []string{"", "x"}, []string{"x"}, pipe.DropMalformed},
	{"CLIENT", pattern.CLIENT, nil, "", []string{"two", "frames"}, []string{"x"}, []string{"x"}, pipe.DropMalformed},
	{"SERVER", pattern.SERVER, nil, "", []string{"two", "frames"}, []string{"x"}, []string{"x"}, pipe.DropMalformed},
	{"PEER", pattern.PEER, nil, "", []string{"two", "frames"}, []string{"x"}, []string{"x"}, pipe.DropMalformed},
	{"GATHER", pattern.GATHER, nil, "", []string{"three", "", ""}, []string{"x"}, []string{"x"}, pipe.DropMalformed},
	{"CHANNEL", pattern.CHANNEL, nil, "", []string{"two", "frames"}, []string{"x"}, []string{"x"}, pipe.DropMalformed},
}

// eachUnwanted calls f for each type in unwanted, with a socket that has a
// peer.
func eachUnwanted(t *testing.T, f func(t *testing.T, s *socket, i int)) {
	for i, c := range unwanted {
		t.Run(c.name, func(t *testing.T) {
			set := []func(*pattern.Options){func(*pattern.Options) {}}
			if c.set != nil {
				set = append(set, c.set)
			}
			s := newSocket(t, c.typ, set...)
			if c.topic != "" {
				s.change(c.topic, true)
			}
			f(t, s, i)
		})
	}
}

// most is more than the number of frames that one call may drop.
const most = 2048

// A call returns ErrYield after some of them. Later calls find the wanted
// message.
func TestRecvDropsBoundedNumberOfUnwantedMessages(t *testing.T) {
	const n = 5000
	calls := map[string]func(s *socket) error{
		"Recv":     func(s *socket) error { _, err := s.recv(); return err },
		"Readable": func(s *socket) error { return s.receiver().(pattern.Readable).Readable() },
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			eachUnwanted(t, func(t *testing.T, s *socket, i int) {
				c, f := unwanted[i], s.connect("a")
				for range n {
					f.sends(c.drop...)
				}
				f.sends(c.keep...)
				before, yields := uint64(0), 0
				for {
					err := call(s)
					now := s.drops[c.reason].Load()
					if frames := (now - before) * uint64(len(c.drop)); frames > most {
						t.Fatalf("one call dropped %d frames", frames)
					}
					before = now
					if err == nil {
						break
					}
					if yields++; err != pattern.ErrYield || yields > n {
						t.Fatalf("%v after %d drops in %d calls", err, now, yields)
					}
				}
				if yields == 0 {
					t.Error("one call dropped all messages")
				}
				if name == "Readable" {
					s.receives(c.got...)
				}
				s.wantDrops(c.reason, n)
			})
		})
	}
}

func TestUnwantedMessagesDelayOthersByOneTurn(t *testing.T) {
	eachUnwanted(t, func(t *testing.T, s *socket, i int) {
		c := unwanted[i]
		if c.typ == pattern.CHANNEL {
			t.Skip("has one peer")
		}
		flooder, good := s.connect("a"), s.connect("b")
		for range 5000 {
			flooder.sends(c.drop...)
		}
		good.sends(c.keep...)
		s.receives(c.got...)
		if n := s.drops[c.reason].Load(); n > 1 {
			t.Errorf("%d messages of one peer had their turn before the first of another", n)
		}
	})
}

func TestReqAdmitsOneReplyForEachRequest(t *testing.T) {
	for _, correlate := range []bool{false, true} {
		s := newSocket(t, pattern.REQ, func(o *pattern.Options) { o.Correlate = correlate })
		req := s.pat.(*pattern.Req)
		a, b := s.connect("a"), s.connect("b")
		admit := func(f *far, want bool, frames message) {
			t.Helper()
			m := frames.msg()
			if got := req.Admit(f.p, &m); got != want {
				t.Fatalf("Admit of %q is %v", frames, got)
			}
			if want {
				f.sends(frames...)
			}
		}
		reply := func(f *far, body string) message {
			m := f.next()
			return append(m[:len(m)-1], body)
		}
		admit(a, false, message{"", "unasked"})
		admit(a, false, message{"none", "", "unasked"})
		s.sent("1")
		one := reply(a, "re 1")
		admit(b, false, one) // it got no request
		admit(a, true, one)
		admit(a, false, one) // the first reply is queued
		s.processInput()
		admit(a, false, one) // the first reply was received
		s.receives("re 1")
		admit(a, false, one)
		s.sent("2")
		admit(a, false, message{"", "late"})
		admit(b, true, reply(b, "re 2"))
		s.receives("re 2")

		var c pattern.Call
		if err := req.Begin(message{"3"}.msg(), &c); err != nil {
			t.Fatal(err)
		}
		m := a.next()
		answer := append(m[:len(m)-1], "re 3")
		admit(b, false, answer)
		admit(a, true, answer)
		admit(a, false, answer)
		s.processInput()
		if !c.Done() || string(c.Reply.First) != "re 3" {
			t.Errorf("the call has %v %q", c.Done(), c.Reply.First)
		}
		admit(a, false, answer)
	}
}

// next returns the next message that was queued to the peer.
func (f *far) next() message {
	f.s.t.Helper()
	var m msg.Msg
	if !f.p.Out.Next(&m) {
		f.s.t.Fatal("no message was queued to the peer")
	}
	return framesOf(&m)
}
