package conformance

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// Most rules are about messages, and these about the frames of one that is sent
// or received frame by frame.

func TestRule_3_1_5_FramesAreSeenWithTheLast(t *testing.T) {
	for _, row := range []struct{ typ, far pattern.Type }{
		{pattern.PUSH, pattern.PULL}, {pattern.DEALER, pattern.DEALER}, {pattern.PAIR, pattern.PAIR}, {pattern.XPUB, pattern.XSUB},
	} {
		everywhere(t, names[row.typ], func(w *st.World, ep string) {
			s := w.Socket(row.typ)
			one, two := w.Socket(row.far), w.Socket(row.far)
			if row.typ == pattern.PAIR {
				two = one
			}
			meet(w, ep, s, one)
			if two != one {
				meet(w, ep, s, two)
			}
			if row.typ == pattern.XPUB {
				change(w, one, true, "")
				received(w, s)
			}
			for _, f := range []string{"one+", "+"} {
				is(w, "sending", tryFrames(s, f), nil)
				one.WantNone()
			}
			is(w, "sending", tryFrames(s, "three"), nil)
			one.WantRecv("one", "", "three") // in one piece, to one peer
			two.WantNone()
		})
	}
}

func TestRule_3_1_7_APipeEndsWithinAMessage(t *testing.T) {
	for _, typ := range []pattern.Type{pattern.PUSH, pattern.DEALER} {
		for _, waits := range []bool{false, true} {
			everywhere(t, fmt.Sprint(names[typ], ", waiting ", waits), func(w *st.World, ep string) {
				far := map[pattern.Type]pattern.Type{pattern.PUSH: pattern.PULL, pattern.DEALER: pattern.DEALER}[typ]
				s, goes, stays := w.Socket(typ), w.Socket(far), w.Socket(far)
				meet(w, ep, s, goes)
				send := func(f string) error {
					if !waits {
						return tryFrames(s, f)
					}
					ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
					defer cancel()
					return s.SendFrame(ctx, frame(f))
				}
				is(w, "the first frame", send("1+"), nil)
				goes.CloseIn(0)
				meet(w, ep, s, stays)
				// Who must not wait is told, once; who may hears nothing.
				var want error
				if !waits {
					want = pattern.ErrWouldBlock
				}
				is(w, "the frame that fails", send("2+"), want)
				is(w, "a frame behind it", send("3+"), nil)
				is(w, "the last", send("4"), nil)
				is(w, "another message", send("5+"), nil)
				is(w, "its last", send("6"), nil)
				stays.WantRecv("5", "6")
				stays.WantNone()
				s.WantDrops(map[pipe.Drop]uint64{pipe.DropConnLost: 1})
			})
		}
	}
}

func TestRule_3_1_9_NoMoreFrames(t *testing.T) {
	for _, typ := range []pattern.Type{
		pattern.CLIENT, pattern.SERVER, pattern.PEER, pattern.CHANNEL, pattern.SCATTER, pattern.RADIO,
	} {
		clause(t, names[typ], func(w *st.World) {
			s := w.Socket(typ)
			s.MustConnect("mem://nobody")
			is(w, "a frame with more behind it", tryFrames(s, "x+"), pattern.ErrInvalidMessage)
			if n := s.Stats().MsgsSent + uint64(s.Stats().QueuedSend); n != 0 {
				w.Errorf("%d messages", n)
			}
		})
	}
}

func TestRule_3_2_2_FramesOfARequest(t *testing.T) {
	clause(t, "go to one peer, and no reply is received before the last", func(w *st.World) {
		req := w.Socket(pattern.REQ)
		req.MustBind("mem://a")
		peers := handshaken(w, req, 2, "REP")
		for i := range 4 {
			is(w, "the first", tryFrames(req, "one+"), nil)
			is(w, "receiving", req.TryRecvFrame(new(msg.Frame)), pattern.ErrInvalidState)
			is(w, "the others", tryFrames(req, "two+", "three"), nil)
			is(w, "another request", tryFrames(req, "x"), pattern.ErrInvalidState)
			wants(w, peers[i%2], "", "one", "two", "three")
			peers[i%2].Must(st.Message("", "a", "b"))
			wantFrames(w, req, "a+")
			is(w, "before the reply is received to its end", tryFrames(req, "x"), pattern.ErrInvalidState)
			wantFrames(w, req, "b")
		}
	})
}

func TestRule_3_2_8_FramesOfAReply(t *testing.T) {
	clause(t, "turns change with the last frame", func(w *st.World) {
		rep, dealer := w.Socket(pattern.REP), w.Socket(pattern.DEALER)
		meet(w, "inproc://a", rep, dealer)
		for range 2 {
			dealer.MustSend("hop", "", "one", "two")
			wantFrames(w, rep, "one+")
			is(w, "replying", tryFrames(rep, "x"), pattern.ErrInvalidState)
			wantFrames(w, rep, "two")
			is(w, "receiving", rep.TryRecvFrame(new(msg.Frame)), pattern.ErrInvalidState)
			is(w, "replying", tryFrames(rep, "a+"), nil)
			is(w, "receiving", rep.TryRecvFrame(new(msg.Frame)), pattern.ErrInvalidState)
			dealer.WantNone()
			is(w, "replying", tryFrames(rep, "b"), nil)
			is(w, "replying again", tryFrames(rep, "c"), pattern.ErrInvalidState)
			dealer.WantRecv("hop", "", "a", "b")
		}
	})
}

func TestRule_3_3_1_TheIDIsTheFirstFrame(t *testing.T) {
	everywhere(t, "with what is known of the peer", func(w *st.World, ep string) {
		router, dealer := w.Socket(pattern.ROUTER), w.Socket(pattern.DEALER, st.ID("id"))
		meet(w, ep, router, dealer)
		dealer.MustSend("", "body")
		dealer.MustSend("next")
		for _, want := range []string{"id+", "+", "body", "id+", "next"} {
			if f := wantFrames(w, router, want); f.From == nil || f.From.SocketType != "DEALER" {
				w.Errorf("%q is from %+v", want, f.From)
			}
		}
	})
}

func TestRule_3_3_3_FramesOfAMessageThatIsRouted(t *testing.T) {
	clause(t, "the error comes with the id", func(w *st.World) {
		router, dealer := w.Socket(pattern.ROUTER, st.HWM(1, 1), mandatory), w.Socket(pattern.DEALER, st.HWM(1, 1), st.ID("id"))
		meet(w, "inproc://a", router, dealer)
		is(w, "to nobody", tryFrames(router, "other+"), pattern.ErrNoRoute)
		for range 2 {
			is(w, "with room", tryFrames(router, "id+", "body"), nil) // the first of it begins a message
		}
		is(w, "without room", tryFrames(router, "id+"), pattern.ErrWouldBlock)
		dealer.WantRecv("body")
		dealer.WantRecv("body")
		dealer.WantNone()
	})
	clause(t, "the rest of what has no route is dropped", func(w *st.World) {
		router, dealer := w.Socket(pattern.ROUTER), w.Socket(pattern.DEALER, st.ID("id"))
		meet(w, "inproc://a", router, dealer)
		is(w, "to nobody", tryFrames(router, "other+", "id+", "body"), nil)
		router.WantDrops(map[pipe.Drop]uint64{pipe.DropNoRoute: 1})
		is(w, "an id alone", tryFrames(router, "id"), nil)
		is(w, "to somebody", tryFrames(router, "id+", "body"), nil)
		dealer.WantRecv("body")
		dealer.WantNone()
	})
}

func TestRule_3_4_3_FramesOfAPair(t *testing.T) {
	everywhere(t, "go out with the last", func(w *st.World, ep string) {
		a, b := w.Socket(pattern.PAIR), w.Socket(pattern.PAIR)
		meet(w, ep, a, b)
		is(w, "sending", tryFrames(a, "one+", "two+"), nil)
		time.Sleep(time.Minute)
		b.WantNone()
		is(w, "sending", tryFrames(a, "three"), nil)
		b.WantRecv("one", "two", "three")
	})
	everywhere(t, "are not for the next peer", func(w *st.World, ep string) {
		a, b, c := w.Socket(pattern.PAIR), w.Socket(pattern.PAIR), w.Socket(pattern.PAIR)
		meet(w, ep, a, b)
		is(w, "the first", tryFrames(a, "one+"), nil)
		b.CloseIn(0)
		w.Settle()
		meet(w, ep, a, c)
		is(w, "one that fails", tryFrames(a, "two+"), pattern.ErrWouldBlock)
		is(w, "the rest", tryFrames(a, "three"), nil)
		is(w, "another", tryFrames(a, "four"), nil)
		c.WantRecv("four")
		c.WantNone()
	})
}

func TestRule_3_5_1_MatchedOnce(t *testing.T) {
	for _, typ := range publishers {
		everywhere(t, names[typ], func(w *st.World, ep string) {
			pub := w.Socket(typ)
			a, b, late := w.Socket(pattern.XSUB), w.Socket(pattern.XSUB), w.Socket(pattern.XSUB)
			meet(w, ep, pub, a)
			meet(w, ep, pub, b)
			change(w, a, true, "a")
			change(w, b, true, "b")
			is(w, "the first", tryFrames(pub, "a+"), nil)
			change(w, late, true, "")
			meet(w, ep, pub, late)
			change(w, b, true, "a")
			change(w, a, false, "a")
			is(w, "the rest", tryFrames(pub, "b+", ""), nil)
			a.WantRecv("a", "b", "")
			b.WantNone()
			late.WantNone()
			is(w, "the next", tryFrames(pub, "a"), nil)
			a.WantNone()
			b.WantRecv("a")
			late.WantRecv("a")
		})
	}
}

func TestRule_3_5_2_SubscriptionsAreFrames(t *testing.T) {
	clause(t, "of one each", func(w *st.World) {
		xpub, xsub := w.Socket(pattern.XPUB), w.Socket(pattern.XSUB)
		meet(w, "inproc://a", xpub, xsub)
		change(w, xsub, true, "a")
		is(w, "sending", tryFrames(xsub, "up+", "two"), nil)
		change(w, xsub, false, "a")
		wantFrames(w, xpub, "\x01a", "up+", "two", "\x00a")
	})
}

func TestRule_3_6_5_FramesOfXSub(t *testing.T) {
	for _, onlyFirst := range []bool{false, true} {
		clause(t, fmt.Sprint("subscribe and are remembered, only first ", onlyFirst), func(w *st.World) {
			s := w.Socket(pattern.XSUB, options(func(o *pattern.Options) { o.OnlyFirst = onlyFirst }))
			s.MustBind("mem://a")
			p := handshaken(w, s, 1, "XPUB")[0]
			is(w, "subscribing", tryFrames(s, "\x01a"), nil)
			if got := command(w, p); got != "SUBSCRIBE a" {
				w.Errorf("it says %q", got)
			}
			is(w, "in a message", tryFrames(s, "up+", "\x01b"), nil)
			want := []string{"SUBSCRIBE a", "SUBSCRIBE b"}
			if onlyFirst {
				wants(w, p, "up", "\x01b")
				want = want[:1]
			} else {
				// Beside the rest of the message: either may be first.
				heard := make(map[string]bool)
				for range 2 {
					_, body := patient(p).Frame()
					heard[string(body)] = true
				}
				if !heard["\x09SUBSCRIBEb"] || !heard["up"] {
					w.Errorf("it says %v", heard)
				}
			}
			q := handshaken(w, s, 1, "XPUB")[0]
			var again []string
			for range want {
				again = append(again, command(w, q))
			}
			if s.TopicCount() != len(want) || again[0] == again[len(again)-1] && len(again) > 1 {
				w.Errorf("%d topics; another publisher hears %q", s.TopicCount(), again)
			}
			is(w, "taking it back", tryFrames(s, "\x00a", "\x00never"), nil)
			if got := command(w, q); got != "CANCEL a" {
				w.Errorf("it says %q", got)
			}
			silent(w, q)
		})
	}
}

func TestRule_3_7_1_TheIDIsTheFirstFrame(t *testing.T) {
	streamSides(t, "of what a STREAM receives", func(w *st.World, s *st.Socket, p *st.Peer) {
		var f msg.Frame
		w.Settle()
		is(w, "that it has come", s.TryRecvFrame(&f), nil)
		id := string(f.Body)
		wantFrames(w, s, "")
		p.Must([]byte("bytes"))
		wantFrames(w, s, id+"+", "bytes")
		p.Close()
		wantFrames(w, s, id+"+", "")
	})
}

func TestRule_3_7_2_FramesOfAStream(t *testing.T) {
	streamSides(t, "an id and one more", func(w *st.World, s *st.Socket, p *st.Peer) {
		id := came(w, s)
		is(w, "to nobody", tryFrames(s, "other+"), pattern.ErrNoRoute)
		is(w, "sending", tryFrames(s, id+"+", "one"), nil)
		is(w, "More means nothing behind the id", tryFrames(s, id+"+", "two+", id+"+", "three"), nil)
		if got := string(p.Skip(11)); got != "onetwothree" {
			w.Errorf("the peer read %q", got)
		}
		is(w, "an id alone", s.TrySendFrame(&msg.Frame{Body: []byte(id)}), nil) // which may end in +
		is(w, "what then goes nowhere, and what goes", tryFrames(s, "dropped", id+"+", "four"), nil)
		if got := string(p.Skip(4)); got != "four" {
			w.Errorf("the peer read %q", got)
		}
		is(w, "ending it", tryFrames(s, id+"+", ""), nil)
		ends(w, p)
	})
}

func TestRule_3_7_4_FramesCarryTheNumber(t *testing.T) {
	everywhere(t, "of a SERVER, and none of a CLIENT", func(w *st.World, ep string) {
		server, client := w.Socket(pattern.SERVER), w.Socket(pattern.CLIENT)
		meet(w, ep, server, client)
		is(w, "sending", tryFrames(client, "question"), nil)
		f := wantFrames(w, server, "question")
		if f.Number == 0 {
			w.Error("number 0")
		}
		is(w, "replying", server.TrySendFrame(&msg.Frame{Body: []byte("answer"), Number: f.Number}), nil)
		is(w, "to nobody", server.TrySendFrame(&msg.Frame{Number: f.Number + 1}), pattern.ErrNoRoute)
		if f := wantFrames(w, client, "answer"); f.Number != 0 {
			w.Errorf("the client sees number %d", f.Number)
		}
	})
}

func TestRule_3_7_7_FramesCarryTheGroup(t *testing.T) {
	everywhere(t, "of RADIO and of DISH", func(w *st.World, ep string) {
		radio, dish := w.Socket(pattern.RADIO), w.Socket(pattern.DISH)
		meet(w, ep, radio, dish)
		is(w, "join", dish.Join("g", true), nil)
		w.Settle()
		for _, g := range []string{"g", "gg", ""} {
			is(w, "sending", radio.TrySendFrame(&msg.Frame{Body: []byte("to " + g), Group: g}), nil)
		}
		if f := wantFrames(w, dish, "to g"); f.Group != "g" {
			w.Errorf("group %q", f.Group)
		}
		is(w, "another", dish.TryRecvFrame(new(msg.Frame)), pattern.ErrWouldBlock)
		is(w, "sending on DISH", tryFrames(dish, "x"), socket.ErrDirection)
	})
}
