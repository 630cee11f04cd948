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

// The tests in this file send and receive messages frame by frame, as libzmq's
// interface does.

func TestFramesAreReceivedOnlyAfterTheLastIsSent(t *testing.T) {
	for _, row := range []struct{ typ, far pattern.Type }{
		{pattern.PUSH, pattern.PULL}, {pattern.DEALER, pattern.DEALER}, {pattern.PAIR, pattern.PAIR}, {pattern.XPUB, pattern.XSUB},
	} {
		overEachTransport(t, typeNames[row.typ], func(w *st.World, ep string) {
			s := w.Socket(row.typ)
			one, two := w.Socket(row.far), w.Socket(row.far)
			if row.typ == pattern.PAIR {
				two = one
			}
			connect(w, ep, s, one)
			if two != one {
				connect(w, ep, s, two)
			}
			if row.typ == pattern.XPUB {
				setSubscribed(w, one, true, "")
				recvAll(w, s)
			}
			for _, f := range []string{"one+", "+"} {
				wantErr(w, "sending", trySendFrames(s, f), nil)
				one.WantNone()
			}
			wantErr(w, "sending", trySendFrames(s, "three"), nil)
			one.WantRecv("one", "", "three")
			two.WantNone()
		})
	}
}

func TestPipeClosedWithinMessageDropsRemainingFrames(t *testing.T) {
	for _, typ := range []pattern.Type{pattern.PUSH, pattern.DEALER} {
		for _, blocks := range []bool{false, true} {
			overEachTransport(t, fmt.Sprint(typeNames[typ], ", blocking ", blocks), func(w *st.World, ep string) {
				far := map[pattern.Type]pattern.Type{pattern.PUSH: pattern.PULL, pattern.DEALER: pattern.DEALER}[typ]
				s, closing, remaining := w.Socket(typ), w.Socket(far), w.Socket(far)
				connect(w, ep, s, closing)
				send := func(f string) error {
					if !blocks {
						return trySendFrames(s, f)
					}
					ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
					defer cancel()
					return s.SendFrame(ctx, frame(f))
				}
				wantErr(w, "the first frame", send("1+"), nil)
				closing.CloseIn(0)
				connect(w, ep, s, remaining)
				// A non-blocking call fails once; a blocking call succeeds.
				var want error
				if !blocks {
					want = pattern.ErrWouldBlock
				}
				wantErr(w, "the second frame", send("2+"), want)
				wantErr(w, "the third frame", send("3+"), nil)
				wantErr(w, "the last frame", send("4"), nil)
				wantErr(w, "the next message", send("5+"), nil)
				wantErr(w, "its last frame", send("6"), nil)
				remaining.WantRecv("5", "6")
				remaining.WantNone()
				s.WantDrops(map[pipe.Drop]uint64{pipe.DropConnLost: 1})
			})
		}
	}
}

func TestSingleFrameTypesRejectFramesWithMore(t *testing.T) {
	for _, typ := range []pattern.Type{
		pattern.CLIENT, pattern.SERVER, pattern.PEER, pattern.CHANNEL, pattern.SCATTER, pattern.RADIO,
	} {
		subtest(t, typeNames[typ], func(w *st.World) {
			s := w.Socket(typ)
			s.MustConnect("mem://absent")
			wantErr(w, "a frame with More", trySendFrames(s, "x+"), pattern.ErrInvalidMessage)
			if n := s.Stats().MsgsSent + uint64(s.Stats().QueuedSend); n != 0 {
				w.Errorf("%d messages were sent or queued, want 0", n)
			}
		})
	}
}

func TestReqFramesGoToOnePeer(t *testing.T) {
	subtest(t, "one peer gets all frames, no reply before the last", func(w *st.World) {
		req := w.Socket(pattern.REQ)
		req.MustBind("mem://a")
		peers := dialRawPeers(w, req, 2, "REP")
		for i := range 4 {
			wantErr(w, "the first frame", trySendFrames(req, "one+"), nil)
			wantErr(w, "receiving", req.TryRecvFrame(new(msg.Frame)), pattern.ErrInvalidState)
			wantErr(w, "the others", trySendFrames(req, "two+", "three"), nil)
			wantErr(w, "another request", trySendFrames(req, "x"), pattern.ErrInvalidState)
			wantPeerRecv(w, peers[i%2], "", "one", "two", "three")
			peers[i%2].MustWrite(st.Message("", "a", "b"))
			wantFrames(w, req, "a+")
			wantErr(w, "a request before the last frame of the reply", trySendFrames(req, "x"), pattern.ErrInvalidState)
			wantFrames(w, req, "b")
		}
	})
}

func TestRepMayReceiveAfterTheLastFrameOfItsReply(t *testing.T) {
	subtest(t, "the turn changes with the last frame", func(w *st.World) {
		rep, dealer := w.Socket(pattern.REP), w.Socket(pattern.DEALER)
		connect(w, "inproc://a", rep, dealer)
		for range 2 {
			dealer.MustSend("hop", "", "one", "two")
			wantFrames(w, rep, "one+")
			wantErr(w, "replying", trySendFrames(rep, "x"), pattern.ErrInvalidState)
			wantFrames(w, rep, "two")
			wantErr(w, "receiving", rep.TryRecvFrame(new(msg.Frame)), pattern.ErrInvalidState)
			wantErr(w, "replying", trySendFrames(rep, "a+"), nil)
			wantErr(w, "receiving", rep.TryRecvFrame(new(msg.Frame)), pattern.ErrInvalidState)
			dealer.WantNone()
			wantErr(w, "replying", trySendFrames(rep, "b"), nil)
			wantErr(w, "replying again", trySendFrames(rep, "c"), pattern.ErrInvalidState)
			dealer.WantRecv("hop", "", "a", "b")
		}
	})
}

func TestRouterFirstFrameIsTheRoutingID(t *testing.T) {
	overEachTransport(t, "every frame carries the peer", func(w *st.World, ep string) {
		router, dealer := w.Socket(pattern.ROUTER), w.Socket(pattern.DEALER, st.ID("id"))
		connect(w, ep, router, dealer)
		dealer.MustSend("", "body")
		dealer.MustSend("next")
		for _, want := range []string{"id+", "+", "body", "id+", "next"} {
			if f := wantFrames(w, router, want); f.From == nil || f.From.SocketType != "DEALER" {
				w.Errorf("%q is from %+v", want, f.From)
			}
		}
	})
}

func TestRouterFrameErrorIsReturnedForTheRoutingID(t *testing.T) {
	subtest(t, "the frame of the routing ID returns the error", func(w *st.World) {
		router, dealer := w.Socket(pattern.ROUTER, st.HWM(1, 1), mandatory), w.Socket(pattern.DEALER, st.HWM(1, 1), st.ID("id"))
		connect(w, "inproc://a", router, dealer)
		wantErr(w, "to an unknown peer", trySendFrames(router, "other+"), pattern.ErrNoRoute)
		for range 2 {
			wantErr(w, "while the queue has capacity", trySendFrames(router, "id+", "body"), nil)
		}
		wantErr(w, "while the queue is full", trySendFrames(router, "id+"), pattern.ErrWouldBlock)
		dealer.WantRecv("body")
		dealer.WantRecv("body")
		dealer.WantNone()
	})
	subtest(t, "the frames after an unknown ID are dropped", func(w *st.World) {
		router, dealer := w.Socket(pattern.ROUTER), w.Socket(pattern.DEALER, st.ID("id"))
		connect(w, "inproc://a", router, dealer)
		wantErr(w, "to an unknown peer", trySendFrames(router, "other+", "id+", "body"), nil)
		router.WantDrops(map[pipe.Drop]uint64{pipe.DropNoRoute: 1})
		wantErr(w, "a routing ID alone", trySendFrames(router, "id"), nil)
		wantErr(w, "to a known peer", trySendFrames(router, "id+", "body"), nil)
		dealer.WantRecv("body")
		dealer.WantNone()
	})
}

func TestPairSendsFramesAfterTheLast(t *testing.T) {
	overEachTransport(t, "frames are sent with the last", func(w *st.World, ep string) {
		a, b := w.Socket(pattern.PAIR), w.Socket(pattern.PAIR)
		connect(w, ep, a, b)
		wantErr(w, "sending", trySendFrames(a, "one+", "two+"), nil)
		time.Sleep(time.Minute)
		b.WantNone()
		wantErr(w, "sending", trySendFrames(a, "three"), nil)
		b.WantRecv("one", "two", "three")
	})
	overEachTransport(t, "the next peer gets no remaining frames", func(w *st.World, ep string) {
		a, b, c := w.Socket(pattern.PAIR), w.Socket(pattern.PAIR), w.Socket(pattern.PAIR)
		connect(w, ep, a, b)
		wantErr(w, "the first frame", trySendFrames(a, "one+"), nil)
		b.CloseIn(0)
		w.Settle()
		connect(w, ep, a, c)
		wantErr(w, "the frame after the disconnect", trySendFrames(a, "two+"), pattern.ErrWouldBlock)
		wantErr(w, "the last frame", trySendFrames(a, "three"), nil)
		wantErr(w, "the next message", trySendFrames(a, "four"), nil)
		c.WantRecv("four")
		c.WantNone()
	})
}

func TestPubChoosesSubscribersAtTheFirstFrame(t *testing.T) {
	for _, typ := range publishers {
		overEachTransport(t, typeNames[typ], func(w *st.World, ep string) {
			pub := w.Socket(typ)
			a, b, late := w.Socket(pattern.XSUB), w.Socket(pattern.XSUB), w.Socket(pattern.XSUB)
			connect(w, ep, pub, a)
			connect(w, ep, pub, b)
			setSubscribed(w, a, true, "a")
			setSubscribed(w, b, true, "b")
			wantErr(w, "the first frame", trySendFrames(pub, "a+"), nil)
			setSubscribed(w, late, true, "")
			connect(w, ep, pub, late)
			setSubscribed(w, b, true, "a")
			setSubscribed(w, a, false, "a")
			wantErr(w, "the remaining frames", trySendFrames(pub, "b+", ""), nil)
			a.WantRecv("a", "b", "")
			b.WantNone()
			late.WantNone()
			wantErr(w, "the next message", trySendFrames(pub, "a"), nil)
			a.WantNone()
			b.WantRecv("a")
			late.WantRecv("a")
		})
	}
}

func TestXPubReceivesEachSubscriptionAsOneFrame(t *testing.T) {
	subtest(t, "in order with user messages", func(w *st.World) {
		xpub, xsub := w.Socket(pattern.XPUB), w.Socket(pattern.XSUB)
		connect(w, "inproc://a", xpub, xsub)
		setSubscribed(w, xsub, true, "a")
		wantErr(w, "sending", trySendFrames(xsub, "up+", "two"), nil)
		setSubscribed(w, xsub, false, "a")
		wantFrames(w, xpub, "\x01a", "up+", "two", "\x00a")
	})
}

func TestXSubSubscribesFrameByFrame(t *testing.T) {
	for _, onlyFirst := range []bool{false, true} {
		subtest(t, fmt.Sprint("first frame only: ", onlyFirst), func(w *st.World) {
			s := w.Socket(pattern.XSUB, patternOptions(func(o *pattern.Options) { o.OnlyFirst = onlyFirst }))
			s.MustBind("mem://a")
			p := dialRawPeers(w, s, 1, "XPUB")[0]
			wantErr(w, "subscribing", trySendFrames(s, "\x01a"), nil)
			if got := recvCommand(w, p); got != "SUBSCRIBE a" {
				w.Errorf("the peer read %q, want %q", got, "SUBSCRIBE a")
			}
			wantErr(w, "in a multipart message", trySendFrames(s, "up+", "\x01b"), nil)
			want := []string{"SUBSCRIBE a", "SUBSCRIBE b"}
			if onlyFirst {
				wantPeerRecv(w, p, "up", "\x01b")
				want = want[:1]
			} else {
				// The command and the message may be read in either order.
				read := make(map[string]bool)
				for range 2 {
					_, body := withReadDeadline(p).Frame()
					read[string(body)] = true
				}
				if !read["\x09SUBSCRIBEb"] || !read["up"] {
					w.Errorf("the peer read %v", read)
				}
			}
			q := dialRawPeers(w, s, 1, "XPUB")[0]
			var resent []string
			for range want {
				resent = append(resent, recvCommand(w, q))
			}
			if s.TopicCount() != len(want) || resent[0] == resent[len(resent)-1] && len(resent) > 1 {
				w.Errorf("%d topics; another publisher read %q", s.TopicCount(), resent)
			}
			wantErr(w, "cancelling", trySendFrames(s, "\x00a", "\x00never"), nil)
			if got := recvCommand(w, q); got != "CANCEL a" {
				w.Errorf("the peer read %q, want %q", got, "CANCEL a")
			}
			wantPeerNone(w, q)
		})
	}
}

func TestStreamFirstFrameIsTheRoutingID(t *testing.T) {
	testStreamBothSides(t, "notifications and bytes", func(w *st.World, s *st.Socket, p *st.Peer) {
		var f msg.Frame
		w.Settle()
		wantErr(w, "receiving the connect notification", s.TryRecvFrame(&f), nil)
		id := string(f.Body)
		wantFrames(w, s, "")
		p.MustWrite([]byte("bytes"))
		wantFrames(w, s, id+"+", "bytes")
		p.Close()
		wantFrames(w, s, id+"+", "")
	})
}

func TestStreamSendsFrameByFrame(t *testing.T) {
	testStreamBothSides(t, "a routing ID and one frame", func(w *st.World, s *st.Socket, p *st.Peer) {
		id := recvConnectNotification(w, s)
		wantErr(w, "to an unknown peer", trySendFrames(s, "other+"), pattern.ErrNoRoute)
		wantErr(w, "sending", trySendFrames(s, id+"+", "one"), nil)
		wantErr(w, "More is ignored after the routing ID", trySendFrames(s, id+"+", "two+", id+"+", "three"), nil)
		if got := string(p.ReadN(11)); got != "onetwothree" {
			w.Errorf("the peer read %q, want %q", got, "onetwothree")
		}
		wantErr(w, "a routing ID alone", s.TrySendFrame(&msg.Frame{Body: []byte(id)}), nil) // not by frame: the ID may end in +
		wantErr(w, "a dropped frame and a message", trySendFrames(s, "dropped", id+"+", "four"), nil)
		if got := string(p.ReadN(4)); got != "four" {
			w.Errorf("the peer read %q, want %q", got, "four")
		}
		wantErr(w, "closing the connection", trySendFrames(s, id+"+", ""), nil)
		wantPeerClosed(w, p)
	})
}

func TestServerFramesCarryTheRoutingNumber(t *testing.T) {
	overEachTransport(t, "SERVER frames have a number, CLIENT frames have none", func(w *st.World, ep string) {
		server, client := w.Socket(pattern.SERVER), w.Socket(pattern.CLIENT)
		connect(w, ep, server, client)
		wantErr(w, "sending", trySendFrames(client, "question"), nil)
		f := wantFrames(w, server, "question")
		if f.Number == 0 {
			w.Error("routing number 0")
		}
		wantErr(w, "replying", server.TrySendFrame(&msg.Frame{Body: []byte("answer"), Number: f.Number}), nil)
		wantErr(w, "to an unknown peer", server.TrySendFrame(&msg.Frame{Number: f.Number + 1}), pattern.ErrNoRoute)
		if f := wantFrames(w, client, "answer"); f.Number != 0 {
			w.Errorf("the client received routing number %d", f.Number)
		}
	})
}

func TestRadioAndDishFramesCarryTheGroup(t *testing.T) {
	overEachTransport(t, "sent and received frames", func(w *st.World, ep string) {
		radio, dish := w.Socket(pattern.RADIO), w.Socket(pattern.DISH)
		connect(w, ep, radio, dish)
		wantErr(w, "join", dish.Join("g", true), nil)
		w.Settle()
		for _, g := range []string{"g", "gg", ""} {
			wantErr(w, "sending", radio.TrySendFrame(&msg.Frame{Body: []byte("to " + g), Group: g}), nil)
		}
		if f := wantFrames(w, dish, "to g"); f.Group != "g" {
			w.Errorf("received group %q, want g", f.Group)
		}
		wantErr(w, "a second message", dish.TryRecvFrame(new(msg.Frame)), pattern.ErrWouldBlock)
		wantErr(w, "sending on DISH", trySendFrames(dish, "x"), socket.ErrDirection)
	})
}
