package conformance

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

var (
	relaxed    = options(func(o *pattern.Options) { o.Relaxed = true })
	correlated = options(func(o *pattern.Options) { o.Correlate = true })
)

func TestRule_3_2_1_RequestsHaveAnEnvelope(t *testing.T) {
	clause(t, "an empty frame", func(w *st.World) {
		req := w.Socket(pattern.REQ)
		req.MustBind("mem://a")
		p := handshaken(w, req, 1, "ROUTER")[0]
		req.MustSend("of", "two frames")
		wants(w, p, "", "of", "two frames")
		p.Must(st.Message("", "its", "reply"))
		req.WantRecv("its", "reply")
	})
	clause(t, "and an id", func(w *st.World) {
		var first []uint32
		for i := range 3 {
			name := fmt.Sprint("mem://", i)
			req := w.Socket(pattern.REQ, correlated)
			req.MustBind(name)
			p := w.Dial(fmt.Sprint(i))
			p.Shake("ROUTER")
			var last uint32
			for n := range 3 {
				req.MustSend("question")
				m := patient(p).Message()
				if len(m) != 3 || len(m[0]) != 4 || m[1] != "" || m[2] != "question" {
					w.Fatalf("the request is %q", m)
				}
				// The order of its bytes is nobody's business but ours.
				id := binary.BigEndian.Uint32([]byte(m[0]))
				if n > 0 && id != last+1 {
					w.Errorf("id %d behind %d", id, last)
				}
				if last = id; n == 0 {
					first = append(first, id)
				}
				p.Must(st.Message(m[0], "", "answer"))
				req.WantRecv("answer")
			}
		}
		if first[0] == first[1] && first[1] == first[2] {
			w.Errorf("three sockets start with the id %d", first[0])
		}
	})
	clause(t, "which the reply must bring back", func(w *st.World) {
		req := w.Socket(pattern.REQ, correlated)
		req.MustBind("mem://a")
		p := handshaken(w, req, 1, "ROUTER")[0]
		req.MustSend("question")
		id := patient(p).Message()[0]
		p.Must(st.Message("", "without"), st.Message("\x00\x00\x00\x00", "", "other"), st.Message(id, "", "right"))
		req.WantRecv("right")
	})
}

func TestRule_3_2_2_StrictTurns(t *testing.T) {
	everywhere(t, "out of turn", func(w *st.World, ep string) {
		rep, req := w.Socket(pattern.REP), w.Socket(pattern.REQ)
		meet(w, ep, rep, req)
		for range 2 {
			is(w, "receiving first", req.Recv(context.Background(), new(msg.Msg)), pattern.ErrInvalidState)
			req.MustSend("question")
			is(w, "sending twice", try(req, "again"), pattern.ErrInvalidState)
			rep.WantRecv("question")
			rep.MustSend("answer")
			w.Settle()
			is(w, "sending before receiving", try(req, "again"), pattern.ErrInvalidState)
			req.WantRecv("answer")
		}
		rep.WantNone()
	})
	clause(t, "one peer gets all frames", func(w *st.World) {
		req := w.Socket(pattern.REQ)
		req.MustBind("mem://a")
		peers := handshaken(w, req, 2, "REP")
		for i := range 4 {
			req.MustSend("of", "several", "frames")
			wants(w, peers[i%2], "", "of", "several", "frames")
			peers[i%2].Must(st.Message("", "answer"))
			req.WantRecv("answer")
		}
	})
}

func TestRule_3_2_3_ANewRequestDropsLateReplies(t *testing.T) {
	clause(t, "over a connection", func(w *st.World) {
		req := w.Socket(pattern.REQ)
		req.MustBind("mem://a")
		p := handshaken(w, req, 1, "REP")[0]
		req.MustSend("one")
		p.Message()
		p.Must(st.Message("", "answer"), st.Message("", "once more"))
		req.WantRecv("answer")
		p.Must(st.Message("", "too late"))
		w.Settle()
		req.MustSend("two")
		p.Message()
		p.Must(st.Message("", "second answer"))
		req.WantRecv("second answer")
		req.WantDrops(map[pipe.Drop]uint64{pipe.DropStaleReply: 2})
	})
	clause(t, "over inproc", func(w *st.World) {
		req, router := w.Socket(pattern.REQ, st.ID("req")), w.Socket(pattern.ROUTER)
		meet(w, "inproc://a", router, req)
		req.MustSend("one")
		router.MustSend("req", "", "answer")
		router.MustSend("req", "", "once more")
		req.WantRecv("answer")
		req.MustSend("two")
		router.MustSend("req", "", "second answer")
		req.WantRecv("second answer")
	})
}

func TestRule_3_2_4_WhoseReplyIsTaken(t *testing.T) {
	clause(t, "of the peer asked, or of any when that is gone", func(w *st.World) {
		req := w.Socket(pattern.REQ)
		req.MustBind("mem://a")
		peers := handshaken(w, req, 2, "REP")
		req.MustSend("question")
		wants(w, peers[0], "", "question")
		peers[1].Must(st.Message("", "not asked"))
		w.Settle()
		peers[0].Must(st.Message("", "asked"))
		req.WantRecv("asked")
		req.MustSend("question")
		wants(w, peers[1], "", "question")
		peers[1].Close()
		w.Settle()
		peers[0].Must(st.Message("", "for another"))
		req.WantRecv("for another")
		req.WantDrops(map[pipe.Drop]uint64{pipe.DropStaleReply: 1})
	})
	clause(t, "nothing is sent again", func(w *st.World) {
		l := w.Listen("a")
		req := w.Socket(pattern.REQ)
		req.MustConnect("mem://a")
		p := l.Accept()
		p.Shake("REP")
		req.MustSend("question")
		wants(w, p, "", "question")
		p.Close()
		q := l.Accept()
		q.Shake("REP")
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		is(w, "receiving", req.Recv(ctx, new(msg.Msg)), context.DeadlineExceeded)
		silent(w, q)
		is(w, "asking again", try(req, "again"), pattern.ErrInvalidState)
	})
}

func TestRule_3_2_5_Relaxed(t *testing.T) {
	for _, correlates := range []bool{false, true} {
		clause(t, fmt.Sprint("correlates ", correlates), func(w *st.World) {
			req := w.Socket(pattern.REQ, options(func(o *pattern.Options) { o.Relaxed, o.Correlate = true, correlates }))
			req.MustBind("mem://a")
			p := handshaken(w, req, 1, "REP")[0]
			is(w, "receiving first", req.Recv(context.Background(), new(msg.Msg)), pattern.ErrInvalidState)
			req.MustSend("one")
			req.MustSend("two")
			first, second := patient(p).Message(), p.Message()
			reply := func(to []string, answer string) {
				p.Must(st.Message(append(to[:len(to)-1:len(to)-1], answer)...))
			}
			reply(first, "to the first")
			w.Settle()
			reply(second, "to the second")
			want := "to the first" // for nothing tells the two apart
			if correlates {
				want = "to the second"
			}
			req.WantRecv(want)
			w.Settle()
			req.WantDrops(map[pipe.Drop]uint64{pipe.DropStaleReply: 1})
		})
	}
	clause(t, "a reply that waits to be read is given up too", func(w *st.World) {
		req := w.Socket(pattern.REQ, relaxed)
		req.MustBind("mem://a")
		p := handshaken(w, req, 1, "REP")[0]
		req.MustSend("one")
		p.Message()
		p.Must(st.Message("", "to the first"))
		w.Settle()
		req.MustSend("two")
		p.Message()
		p.Must(st.Message("", "to the second"))
		req.WantRecv("to the second")
	})
}

func TestRule_3_2_6_MalformedReplies(t *testing.T) {
	for _, bad := range [][]string{{"x"}, {""}, {"x", "y"}, {"four"}, {"four", ""}, {"four", "x", "y"}, {"three", "", "y"}} {
		clause(t, fmt.Sprintf("%q ends the connection", bad), func(w *st.World) {
			l := w.Listen("a")
			req := w.Socket(pattern.REQ)
			req.MustConnect("mem://a")
			p := l.Accept()
			p.Shake("REP")
			req.MustSend("question")
			p.Message()
			p.Must(st.Message(bad...), st.Message("", "behind it"))
			ends(w, p)
			w.Settle()
			if n := req.Stats().QueuedRecv; n != 0 {
				w.Errorf("%d messages to receive", n)
			}
			l.Accept().Shake("REP") // we dial again, and libzmq does not
			req.MustMeet(1)
		})
		clause(t, fmt.Sprintf("%q is skipped over inproc", bad), func(w *st.World) {
			req, router := w.Socket(pattern.REQ, st.ID("req")), w.Socket(pattern.ROUTER)
			meet(w, "inproc://a", router, req)
			req.MustSend("question")
			router.MustSend(append([]string{"req"}, bad...)...)
			router.MustSend("req", "", "answer")
			req.WantRecv("answer")
			drops := req.Stats().Drops
			if n := drops[pipe.DropMalformed] + drops[pipe.DropStaleReply]; n != 1 {
				w.Errorf("%d dropped, want 1", n)
			}
		})
	}
	for _, good := range [][]string{{"", "body"}, {"", "", "body"}} {
		clause(t, fmt.Sprintf("%q is taken", good), func(w *st.World) {
			req := w.Socket(pattern.REQ)
			req.MustBind("mem://a")
			p := handshaken(w, req, 1, "REP")[0]
			req.MustSend("question")
			p.Must(st.Message(good...))
			req.WantRecv(good[1:]...)
			req.WantFaults(map[engine.Fault]uint64{})
		})
	}
}

func TestRule_3_2_7_WithoutAPeer(t *testing.T) {
	everywhere(t, "try again, and nothing has changed", func(w *st.World, ep string) {
		req, rep := w.Socket(pattern.REQ), w.Socket(pattern.REP)
		req.MustBind(ep)
		for range 2 {
			is(w, "sending", try(req, "x"), pattern.ErrWouldBlock)
			is(w, "receiving", req.TryRecv(new(msg.Msg)), pattern.ErrInvalidState)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		is(w, "waiting", req.Send(ctx, st.Of("x")), context.DeadlineExceeded)
		is(w, "receiving", req.TryRecv(new(msg.Msg)), pattern.ErrInvalidState)
		rep.MustConnect(ep)
		req.MustSend("the first")
		rep.WantRecv("the first")
		w.Settle()
		if n := rep.Stats().QueuedRecv; n != 0 {
			w.Errorf("%d more have arrived", n)
		}
	})
}

func TestRule_3_2_8_RepKeepsTheEnvelope(t *testing.T) {
	for _, envelope := range [][]string{{""}, {"a", ""}, {"a", "b", "c", ""}} {
		clause(t, fmt.Sprintf("%q", envelope), func(w *st.World) {
			rep := w.Socket(pattern.REP)
			rep.MustBind("mem://a")
			p := handshaken(w, rep, 1, "DEALER")[0]
			p.Must(st.Message(append(envelope[:len(envelope):len(envelope)], "question", "", "more")...))
			rep.WantRecv("question", "", "more")
			rep.MustSend("answer", "", "more")
			wants(w, p, append(envelope[:len(envelope):len(envelope)], "answer", "", "more")...)
		})
	}
	for _, bad := range [][]string{{"x"}, {"x", "y"}, {"x", "y", "z"}} {
		everywhere(t, fmt.Sprintf("%q has none and is dropped", bad), func(w *st.World, ep string) {
			rep, dealer := w.Socket(pattern.REP), w.Socket(pattern.DEALER)
			meet(w, ep, rep, dealer)
			dealer.MustSend(bad...)
			dealer.MustSend("", "good")
			rep.WantRecv("good")
			rep.WantDrops(map[pipe.Drop]uint64{pipe.DropMalformed: 1})
			rep.WantFaults(nil)
		})
	}
	clause(t, "out of turn", func(w *st.World) {
		rep, req := w.Socket(pattern.REP), w.Socket(pattern.DEALER)
		meet(w, "inproc://a", rep, req)
		for range 2 {
			is(w, "replying to nobody", try(rep, "answer"), pattern.ErrInvalidState)
			req.MustSend("", "question")
			w.Settle()
			is(w, "replying to what is not received", try(rep, "answer"), pattern.ErrInvalidState)
			rep.WantRecv("question")
			is(w, "receiving twice", rep.TryRecv(new(msg.Msg)), pattern.ErrInvalidState)
			rep.MustSend("answer")
			req.WantRecv("", "answer")
		}
	})
}

// More hops than anybody has brokers would only cost memory.
func TestRule_3_2_8_EnvelopesThatAreDropped(t *testing.T) {
	for name, bad := range map[string][]string{
		"nothing behind it": {"a", ""}, "only a delimiter": {""},
		"too many hops": append(strings.Split(strings.Repeat("x", 300), ""), "", "question"),
	} {
		clause(t, name, func(w *st.World) {
			rep := w.Socket(pattern.REP)
			rep.MustBind("mem://a")
			p := handshaken(w, rep, 1, "DEALER")[0]
			p.Must(st.Message(bad...), st.Message("", "good"))
			rep.WantRecv("good")
			rep.WantDrops(map[pipe.Drop]uint64{pipe.DropMalformed: 1})
		})
	}
}

func TestRule_3_2_9_OptionsOfTheOther(t *testing.T) {
	clause(t, "REQ probes", func(w *st.World) {
		req := w.Socket(pattern.REQ, options(func(o *pattern.Options) { o.Probe = true }))
		req.MustBind("mem://a")
		p := handshaken(w, req, 1, "ROUTER")[0]
		wants(w, p, "")
		req.MustSend("question")
		wants(w, p, "", "question")
	})
	clause(t, "peers of a REP with one id are both served", func(w *st.World) {
		rep := w.Socket(pattern.REP)
		rep.MustBind("mem://a")
		peers := handshaken(w, rep, 2, "REQ", "Identity", "same")
		for i, p := range peers {
			p.Must(st.Message("", "question"))
			rep.WantRecv("question")
			rep.MustSend(fmt.Sprint(i))
			wants(w, p, "", fmt.Sprint(i))
		}
	})
	for _, ep := range places {
		clause(t, "a request of who is gone is received, and its reply dropped "+ep, func(w *st.World) {
			rep := w.Socket(pattern.REP, options(func(o *pattern.Options) { o.Mandatory = true }))
			req := w.Socket(pattern.REQ)
			meet(w, ep, rep, req)
			req.MustSend("question")
			req.CloseIn(time.Second)
			w.Settle()
			rep.WantRecv("question")
			is(w, "replying", try(rep, "answer"), nil)
			rep.WantDrops(map[pipe.Drop]uint64{pipe.DropRequester: 1})
		})
	}
	clause(t, "what ROUTER must, REP need not", func(w *st.World) {
		rep := w.Socket(pattern.REP, options(func(o *pattern.Options) { o.Mandatory = true }))
		req := w.Socket(pattern.REQ)
		meet(w, "inproc://a", rep, req)
		req.MustSend("question")
		rep.WantRecv("question")
		req.CloseIn(0)
		w.Settle()
		is(w, "replying to who is gone", try(rep, "answer"), nil)
	})
}
