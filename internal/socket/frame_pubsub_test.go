package socket_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// subscribed returns a SUB whose subscriptions the publisher has received.
func subscribed(w *st.World, pub *st.Socket, ep string, topics ...string) *st.Socket {
	sub := w.Socket(pattern.SUB)
	for _, topic := range topics {
		sub.Subscribe(topic, true)
	}
	sub.MustConnect(ep)
	w.Settle()
	return sub
}

// TestFirstFrameSelectsSubscribers: all frames go to the subscribers that match
// the first frame. Later frames are not matched, and subscriptions changed
// since do not apply.
func TestFirstFrameSelectsSubscribers(t *testing.T) {
	for _, scheme := range []string{"mem", "inproc"} {
		for _, typ := range []pattern.Type{pattern.PUB, pattern.XPUB} {
			st.Run(t, func(w *st.World) {
				pub := w.Socket(typ)
				ep := pub.MustBind(scheme + "://a")
				a, b := subscribed(w, pub, ep, "a"), subscribed(w, pub, ep, "b")
				for _, f := range []string{"a1+", "b+", st.Large(20_000) + "+"} {
					wantTry(t, pub, f, nil)
				}
				a.WantNone()
				a.Subscribe("a", false)
				b.Subscribe("a", true)
				late := subscribed(w, pub, ep, "")
				w.Settle()
				pub.MustSend("b", "whole") // does not end the incomplete message
				wantTry(t, pub, "last", nil)
				wantTry(t, pub, "a2+", nil)
				wantTry(t, pub, "", nil)
				w.Settle()
				wantReady(t, a, false, false) // the subscriber has cancelled, and filters the message
				a.WantDrops(map[pipe.Drop]uint64{pipe.DropFiltered: 1})
				wantFrames(t, b, "b+", "whole", "a2+", "")
				wantFrames(t, late, "b+", "whole", "a2+", "")
				late.WantNone()
				pub.WantDrops(nil)
				if n := pub.Stats().MsgsSent; n != 3 {
					t.Errorf("%d messages sent, want 3", n)
				}
			})
		}
	}
}

// TestPublisherSendsFramesToAllSubscribers sends small and large frames to
// several subscribers.
func TestPublisherSendsFramesToAllSubscribers(t *testing.T) {
	for _, scheme := range []string{"mem", "inproc"} {
		for _, size := range []int{10, 2 * msg.LargeFrame} {
			st.Run(t, func(w *st.World) {
				pub := w.Socket(pattern.PUB)
				ep := pub.MustBind(scheme + "://a")
				var subs []*st.Socket
				for range 3 {
					subs = append(subs, subscribed(w, pub, ep, "t"))
				}
				for range 2 {
					if err := try(pub, "t+", st.Large(size)+"+", "end"); err != nil {
						t.Fatal(err)
					}
				}
				for _, sub := range subs {
					wantFrames(t, sub, "t+", st.Large(size)+"+", "end", "t+", st.Large(size)+"+", "end")
				}
			})
		}
	}
}

// TestPublishedFramesShareNoMemory: a subscriber that overwrites a received
// frame, and a queue that returns its memory to the pool, do not change the
// frame of another subscriber.
func TestPublishedFramesShareNoMemory(t *testing.T) {
	for _, scheme := range []string{"mem", "inproc"} {
		st.Run(t, func(w *st.World) {
			pub := w.Socket(pattern.PUB)
			ep := pub.MustBind(scheme + "://a")
			subs := []*st.Socket{subscribed(w, pub, ep, ""), subscribed(w, pub, ep, "")}
			const rounds, size = 20, 4 * msg.LargeFrame
			for i := range rounds {
				buf := msg.NewBuf(size)
				buf.B = append(buf.B, bytes.Repeat([]byte{byte(i)}, size)...)
				if err := pub.TrySendFrame(&msg.Frame{Body: buf.B, Buf: buf, More: true}); err != nil {
					t.Fatal(err)
				}
				wantTry(t, pub, "", nil)
				if i%2 == 0 {
					w.Settle() // written, so that its memory is returned to the pool
				}
			}
			for _, sub := range subs {
				for i := range rounds {
					var f msg.Frame
					if err := sub.RecvFrame(context.Background(), &f); err != nil {
						t.Fatal(err)
					}
					if len(f.Body) != size || bytes.Count(f.Body, []byte{byte(i)}) != size {
						t.Fatalf("frame %d was overwritten", i)
					}
					clear(f.Body)
					wantFrames(t, sub, "")
				}
			}
		})
	}
}

// TestSubscriberDisconnectsBetweenFrames: the other subscribers receive the
// whole message.
func TestSubscriberDisconnectsBetweenFrames(t *testing.T) {
	for _, scheme := range []string{"mem", "inproc"} {
		st.Run(t, func(w *st.World) {
			pub := w.Socket(pattern.PUB)
			ep := pub.MustBind(scheme + "://a")
			a, b := subscribed(w, pub, ep, ""), subscribed(w, pub, ep, "")
			wantTry(t, pub, "1+", nil)
			a.CloseIn(0)
			w.Settle()
			wantTry(t, pub, "2+", nil)
			wantTry(t, pub, "3", nil)
			wantFrames(t, b, "1+", "2+", "3")
			wantTry(t, pub, "4+", nil)
			b.CloseIn(0)
			w.Settle()
			wantTry(t, pub, "5+", nil)
			wantTry(t, pub, "6", nil)
			pub.WantDrops(map[pipe.Drop]uint64{pipe.DropConnLost: 2})
			wantTry(t, pub, "without subscribers+", nil)
			if n := pub.CloseIn(0); n != 0 {
				t.Errorf("%d messages unsent", n)
			}
		})
	}
}

// TestFullSubscriberIsSkippedAtFirstFrame: a subscriber whose queue is full at
// the first frame does not receive the message. With Block the first frame
// blocks instead.
func TestFullSubscriberIsSkippedAtFirstFrame(t *testing.T) {
	for _, noDrop := range []bool{false, true} {
		st.Run(t, func(w *st.World) {
			pub := w.Socket(pattern.PUB, st.HWM(1, 1), func(o *socket.Options) { o.Pattern.Block = noDrop })
			pub.MustBind("inproc://a")
			sub := w.Socket(pattern.SUB, st.HWM(1, 1))
			sub.Subscribe("a", true)
			sub.MustConnect("inproc://a")
			w.Settle()
			if err := try(pub, "a+", "1", "a+", "2"); err != nil {
				t.Fatal(err)
			}
			wantReady(t, pub, false, true)
			wantTry(t, pub, "b+", nil) // does not match the full subscriber
			wantTry(t, pub, "", nil)
			if noDrop {
				wantTry(t, pub, "a+", pattern.ErrWouldBlock)
				sent := make(chan error, 1)
				go func() { sent <- pub.SendFrame(context.Background(), frame("a+")) }()
				time.Sleep(time.Minute)
				if err := pending(sent); err != errNone {
					t.Fatal(err)
				}
				wantFrames(t, sub, "a+", "1", "a+", "2")
				wantNoFrame(t, sub, pattern.ErrWouldBlock)
				if err := <-sent; err != nil {
					t.Fatal(err)
				}
				wantTry(t, pub, "3", nil)
				wantFrames(t, sub, "a+", "3")
				pub.WantDrops(nil)
				return
			}
			wantTry(t, pub, "a+", nil)
			wantFrames(t, sub, "a+", "1", "a+", "2")
			wantTry(t, pub, "3", nil) // the subscriber has room again, but was skipped at the first frame
			wantNoFrame(t, sub, pattern.ErrWouldBlock)
			pub.WantDrops(map[pipe.Drop]uint64{pipe.DropHWM: 1})
		})
	}
}

// TestLastValueAppliesToNextFirstFrame: with LastValue, the next message whose
// first frame is sent goes only to the peer whose subscription was received
// last.
func TestLastValueAppliesToNextFirstFrame(t *testing.T) {
	st.Run(t, func(w *st.World) {
		pub := w.Socket(pattern.XPUB, func(o *socket.Options) { o.Pattern.Manual, o.Pattern.LastValue = true, true })
		ep := pub.MustBind("mem://a")
		assign := func() {
			f := wantFrames(t, pub, "\x01x")
			if err := pub.Assign(f.From, []string{"x"}, true); err != nil {
				t.Fatal(err)
			}
		}
		a := subscribed(w, pub, ep, "x")
		assign()
		wantTry(t, pub, "x+", nil)
		b := subscribed(w, pub, ep, "x")
		assign()
		wantTry(t, pub, "1", nil) // still goes to the first subscriber
		wantTry(t, pub, "x+", nil)
		wantTry(t, pub, "2", nil)
		wantTry(t, pub, "x+", nil)
		wantTry(t, pub, "3", nil)
		wantFrames(t, a, "x+", "1", "x+", "3")
		wantFrames(t, b, "x+", "2", "x+", "3")
	})
}

// TestSubIsNotReadableForFilteredMessages: a SUB filters by the first frame.
func TestSubIsNotReadableForFilteredMessages(t *testing.T) {
	for _, invert := range []bool{false, true} {
		st.Run(t, func(w *st.World) {
			sub := w.Socket(pattern.SUB, func(o *socket.Options) { o.Pattern.Invert = invert })
			sub.MustBind("mem://a")
			sub.Subscribe("a", true)
			p := w.Dial("a")
			p.Handshake("PUB")
			yes, no := "a", "b"
			if invert {
				yes, no = no, yes
			}
			p.MustWrite(st.Message(no, yes), st.Message(no+st.Large(msg.LargeFrame)))
			w.Settle()
			wantReady(t, sub, false, false)
			sub.WantDrops(map[pipe.Drop]uint64{pipe.DropFiltered: 2})
			p.MustWrite(st.Message(no), st.Message(yes, no, ""))
			w.Settle()
			wantReady(t, sub, true, false)
			wantFrames(t, sub, yes+"+")
			wantReady(t, sub, true, false)
			wantFrames(t, sub, no+"+", "")
			wantReady(t, sub, false, false)
		})
	}
}

// connectedXPubAndXSub returns a connected XPUB and XSUB.
func connectedXPubAndXSub(w *st.World, scheme string, set ...func(*socket.Options)) (xpub, xsub *st.Socket) {
	return connected(w, scheme, pattern.XPUB, pattern.XSUB, set...)
}

func onlyFirst(o *socket.Options) { o.Pattern.OnlyFirst = true }

// TestXSubFramesSubscribeInAnyPosition: each frame of an XSUB that begins with
// 1 or 0 is a subscription or a cancellation, alone or inside a message. The
// other frames of the message form a message. The XPUB receives both.
//
// libzmq differs: its XPUB receives the frames in the order user, \x01B, more.
// MORE stays set on user if the last frame of the message was a cancellation.
func TestXSubFramesSubscribeInAnyPosition(t *testing.T) {
	for _, scheme := range []string{"mem", "inproc"} {
		st.Run(t, func(w *st.World) {
			xpub, xsub := connectedXPubAndXSub(w, scheme)
			want := func(frames ...string) {
				t.Helper()
				for _, f := range frames {
					w.Settle()
					wantReady(t, xpub, true, true)
					wantFrames(t, xpub, f)
				}
				w.Settle()
				wantReady(t, xpub, false, true)
				wantNoFrame(t, xpub, pattern.ErrWouldBlock)
			}
			wantReady(t, xsub, false, true)
			wantTry(t, xsub, "\x01A", nil)
			want("\x01A")
			wantTry(t, xsub, "user+", nil)
			wantTry(t, xsub, "\x01B+", nil)
			want("\x01B")
			wantTry(t, xsub, "more", nil)
			want("user+", "more")
			if err := try(xsub, "\x01C+", "user+", "\x00A"); err != nil {
				t.Fatal(err)
			}
			w.Settle()
			got := map[string]bool{}
			for range 3 {
				var f msg.Frame
				if err := xpub.TryRecvFrame(&f); err != nil {
					t.Fatal(err)
				}
				got[frameText(&f)] = true
			}
			if !got["\x01C"] || !got["user"] || !got["\x00A"] {
				t.Errorf("received %v", got)
			}
			want()
			wantTry(t, xsub, "\x00unknown", nil)
			want()
			if err := try(xsub, "u+", "v", ""); err != nil {
				t.Fatal(err)
			}
			want("u+", "v", "")
			xpub.MustSend("A cancelled")
			xpub.MustSend("B", "2")
			wantFrames(t, xsub, "B+", "2")
			if n := xsub.TopicCount(); n != 2 {
				t.Errorf("%d topics", n)
			}
			if n := xsub.Stats().MsgsSent; n != 4 {
				t.Errorf("%d messages sent", n)
			}
		})
	}
}

// TestOnlyFirstFrameSubscribesWithOption: with ZMQ_ONLY_FIRST_SUBSCRIBE, a
// message that does not begin with a subscription contains none. A message that
// does may contain several.
func TestOnlyFirstFrameSubscribesWithOption(t *testing.T) {
	st.Run(t, func(w *st.World) {
		xpub, xsub := connectedXPubAndXSub(w, "mem", onlyFirst)
		if err := try(xsub, "user+", "\x01A"); err != nil {
			t.Fatal(err)
		}
		wantFrames(t, xpub, "user+", "\x01A")
		if err := try(xsub, "\x01B+", "\x01C"); err != nil {
			t.Fatal(err)
		}
		wantFrames(t, xpub, "\x01B", "\x01C")
		if n := xsub.TopicCount(); n != 2 {
			t.Errorf("%d topics", n)
		}
	})
}

// TestXSubDropsMessagesToFullPublisher: messages to a PUB, which receives none,
// are dropped too.
func TestXSubDropsMessagesToFullPublisher(t *testing.T) {
	st.Run(t, func(w *st.World) {
		xsub, pub := w.Socket(pattern.XSUB, st.HWM(1, 1)), w.Socket(pattern.PUB)
		xsub.MustConnect("mem://later")
		if err := try(xsub, "1+", "1", "2+", "2"); err != nil {
			t.Fatal(err)
		}
		xsub.WantDrops(map[pipe.Drop]uint64{pipe.DropHWM: 1})
		xsub.MustConnect(pub.MustBind("inproc://a"))
		w.Settle()
		wantTry(t, xsub, "3+", nil)
		wantTry(t, xsub, "\x01A", nil) // ends the message
		xsub.WantDrops(map[pipe.Drop]uint64{pipe.DropHWM: 2, pipe.DropUpstream: 1})
		xpub := w.Socket(pattern.XPUB)
		xpub.MustBind("mem://later")
		xpub.WantRecv("\x01A")
		xpub.WantRecv("1", "1")
		xpub.WantNone()
	})
}

// TestXPubReceivesCancellationAsFrame: a subscriber disconnects.
func TestXPubReceivesCancellationAsFrame(t *testing.T) {
	st.Run(t, func(w *st.World) {
		xpub := w.Socket(pattern.XPUB)
		sub := subscribed(w, xpub, xpub.MustBind("mem://a"), "x")
		sub.CloseIn(0)
		w.Settle()
		wantReady(t, xpub, true, true)
		wantFrames(t, xpub, "\x01x", "\x00x")
		wantReady(t, xpub, false, true)
	})
}
