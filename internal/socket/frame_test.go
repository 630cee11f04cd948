package socket_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// The expected results of these tests were recorded from libzmq 4.3.4, frame by
// frame. Where this library differs on purpose, the test says so.

// frame returns a frame with that text. A "+" at the end sets MORE.
func frame(text string) *msg.Frame {
	body, more := strings.CutSuffix(text, "+")
	return &msg.Frame{Body: []byte(body), More: more}
}

// frameText is the reverse of frame.
func frameText(f *msg.Frame) string {
	if f.More {
		return string(f.Body) + "+"
	}
	return string(f.Body)
}

// try sends frames without blocking and returns the first error.
func try(s *st.Socket, frames ...string) error {
	for _, f := range frames {
		if err := s.TrySendFrame(frame(f)); err != nil {
			return err
		}
	}
	return nil
}

// wantTry sends one frame without blocking and compares the error.
func wantTry(t *testing.T, s *st.Socket, f string, want error) {
	t.Helper()
	if err := s.TrySendFrame(frame(f)); !errors.Is(err, want) {
		t.Errorf("%s sends %q: %v, want %v", pattern.Types[s.Type()].Name, f, err, want)
	}
}

// wantFrames receives frames and compares them.
func wantFrames(t *testing.T, s *st.Socket, frames ...string) (last *msg.Frame) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	last = new(msg.Frame)
	for _, want := range frames {
		if err := s.RecvFrame(ctx, last); err != nil || frameText(last) != want {
			t.Fatalf("%s received %q, %v, want %q", pattern.Types[s.Type()].Name, frameText(last), err, want)
		}
	}
	return last
}

// wantNoFrame tries to receive a frame and compares the error.
func wantNoFrame(t *testing.T, s *st.Socket, want error) {
	t.Helper()
	var f msg.Frame
	if err := s.TryRecvFrame(&f); !errors.Is(err, want) {
		t.Errorf("%s received %q, %v, want %v", pattern.Types[s.Type()].Name, frameText(&f), err, want)
	}
}

// wantReady compares Readable and Writable, the flags of ZMQ_EVENTS.
func wantReady(t *testing.T, s *st.Socket, readable, writable bool) {
	t.Helper()
	if r, w := s.Readable(), s.Writable(); r != readable || w != writable {
		t.Errorf("%s: readable %v, writable %v, want %v, %v", pattern.Types[s.Type()].Name, r, w, readable, writable)
	}
}

// connected returns two sockets that are connected to each other. The first is
// bound.
func connected(w *st.World, scheme string, a, b pattern.Type, set ...func(*socket.Options)) (*st.Socket, *st.Socket) {
	x, y := w.Socket(a, set...), w.Socket(b, set...)
	y.MustConnect(x.MustBind(scheme + "://connected"))
	x.WaitPeers(1)
	y.WaitPeers(1)
	return x, y
}

// balancing are the types that block until a peer has room, and the types of
// their peers.
var balancing = []struct {
	typ, peer pattern.Type
	several   bool // messages may have several frames
}{
	{pattern.PUSH, pattern.PULL, true}, {pattern.DEALER, pattern.DEALER, true}, {pattern.PAIR, pattern.PAIR, true},
	{pattern.REQ, pattern.REP, true}, {pattern.CLIENT, pattern.SERVER, false}, {pattern.SCATTER, pattern.GATHER, false},
	{pattern.CHANNEL, pattern.CHANNEL, false},
}

// TestMessageIsReceivedAfterItsLastFrame: a message of small and large frames
// is not readable before its last frame is sent.
func TestMessageIsReceivedAfterItsLastFrame(t *testing.T) {
	large := st.Large(3 * msg.LargeFrame)
	for _, scheme := range []string{"mem", "inproc"} {
		for _, c := range balancing {
			if !c.several {
				continue
			}
			st.Run(t, func(w *st.World) {
				s, r := connected(w, scheme, c.typ, c.peer)
				for _, f := range []string{"one+", "+", large + "+"} {
					wantTry(t, s, f, nil)
					r.WantNone()
					wantReady(t, r, false, r.Writable())
				}
				wantTry(t, s, "last", nil)
				w.Settle()
				if !r.Readable() {
					t.Errorf("%v: not readable", c.typ)
				}
				wantFrames(t, r, "one+", "+", large+"+", "last")
				wantReady(t, r, false, r.Writable())
				if a, b := s.Stats(), r.Stats(); a.MsgsSent != 1 || b.MsgsReceived != 1 ||
					a.BytesSent != uint64(7+len(large)) || b.BytesReceived != a.BytesSent {
					t.Errorf("%d messages of %d bytes sent, %d of %d received", a.MsgsSent, a.BytesSent,
						b.MsgsReceived, b.BytesReceived)
				}
			})
		}
	}
}

// TestFirstFrameBlocksUntilPeerConnects: without a peer the first frame returns
// ErrWouldBlock or blocks.
func TestFirstFrameBlocksUntilPeerConnects(t *testing.T) {
	for _, c := range balancing {
		st.Run(t, func(w *st.World) {
			s, r := w.Socket(c.typ), w.Socket(c.peer)
			first := "first"
			if c.several {
				first = "first+"
			}
			s.MustBind("mem://a")
			wantReady(t, s, false, false)
			wantTry(t, s, first, pattern.ErrWouldBlock)
			if err := s.SendFrame(st.Ended(), frame(first)); err != context.Canceled {
				t.Errorf("%v: SendFrame with an ended context: %v", c.typ, err)
			}
			if n := s.Stats().MsgsSent; n != 0 {
				t.Errorf("%d messages sent", n)
			}
			sent := make(chan error, 1)
			go func() { sent <- s.SendFrame(context.Background(), frame(first)) }()
			time.Sleep(time.Hour)
			if err := pending(sent); err != errNone {
				t.Fatalf("%v: SendFrame returned %v", c.typ, err)
			}
			r.MustConnect("mem://a")
			if err := <-sent; err != nil {
				t.Error(err)
			}
			if c.several {
				wantReady(t, s, false, true)
				wantTry(t, s, "last", nil)
			}
			wantFrames(t, r, first)
		})
	}
}

// TestFramesOfMessageGoToOnePeer: all frames go to the peer of the first frame,
// and the next message goes to the next peer. Whole messages sent between
// frames go to other peers.
func TestFramesOfMessageGoToOnePeer(t *testing.T) {
	for _, c := range []struct{ typ, peer pattern.Type }{
		{pattern.PUSH, pattern.PULL}, {pattern.DEALER, pattern.DEALER},
	} {
		st.Run(t, func(w *st.World) {
			s := w.Socket(c.typ)
			s.MustBind("mem://a")
			var peers []*st.Socket
			for i := range 3 {
				p := w.Socket(c.peer)
				p.MustConnect("mem://a")
				s.WaitPeers(i + 1)
				peers = append(peers, p)
			}
			if err := try(s, "a1+", "a2+"); err != nil {
				t.Fatal(err)
			}
			s.MustSend("whole", "1")
			wantTry(t, s, "a3", nil)
			if err := try(s, "b1+", "b2"); err != nil {
				t.Fatal(err)
			}
			s.MustSend("whole", "2")
			peers[0].WantRecv("a1", "a2", "a3")
			peers[1].WantRecv("whole", "1")
			peers[2].WantRecv("b1", "b2")
			peers[0].WantRecv("whole", "2")
			s.WantDrops(nil)
		})
	}
}

// TestOnlyFirstFrameNeedsRoom: a message whose first frame was accepted is
// queued, although other messages have filled the queue since.
func TestOnlyFirstFrameNeedsRoom(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push := w.Socket(pattern.PUSH, st.HWM(3, 3))
		push.MustConnect("mem://later")
		wantTry(t, push, "a+", nil)
		if n := push.Fill(); n != 3 {
			t.Errorf("%d messages queued", n)
		}
		wantReady(t, push, false, true)
		wantTry(t, push, "b", nil)
		wantReady(t, push, false, false)
		wantTry(t, push, "c+", pattern.ErrWouldBlock)
		pull := w.Socket(pattern.PULL)
		pull.MustBind("mem://later")
		for range 3 {
			pull.WantRecv("fill")
		}
		pull.WantRecv("a", "b")
		pull.WantNone()
		wantReady(t, push, false, true)
	})
}

// peerLoss are ways in which the peer of an incomplete message is lost.
var peerLoss = map[string]func(w *st.World, s, peer *st.Socket, typ pattern.Type){
	"mem":    func(_ *st.World, _, peer *st.Socket, _ pattern.Type) { peer.CloseIn(0) },
	"inproc": func(_ *st.World, _, peer *st.Socket, _ pattern.Type) { peer.CloseIn(0) },
}

// TestPeerDisconnectsBetweenFrames: the next frame returns ErrWouldBlock if the
// call does not block, or no error if it may. The remaining frames are
// discarded, and the next message goes to another peer.
//
// PAIR behaves like the other types. In libzmq the remaining frames of a PAIR
// go to its next peer as a message.
func TestPeerDisconnectsBetweenFrames(t *testing.T) {
	for scheme, disconnect := range peerLoss {
		for _, c := range balancing {
			if !c.several || c.typ == pattern.REQ {
				continue
			}
			for _, mayWait := range []bool{false, true} {
				t.Run(fmt.Sprint(scheme, " ", pattern.Types[c.typ].Name, " ", mayWait), func(t *testing.T) {
					st.Run(t, func(w *st.World) {
						s, r := connected(w, scheme, c.typ, c.peer)
						send := func(f string, want error) {
							t.Helper()
							if !mayWait {
								wantTry(t, s, f, want)
							} else if err := s.SendFrame(context.Background(), frame(f)); err != nil {
								t.Errorf("%q: %v", f, err)
							}
						}
						send("a+", nil)
						disconnect(w, s, r, c.peer)
						w.Settle()
						send("b+", pattern.ErrWouldBlock)
						send("c+", nil)
						wantReady(t, s, false, true)
						send("d", nil)
						wantReady(t, s, false, false)
						wantTry(t, s, "e", pattern.ErrWouldBlock)

						r = w.Socket(c.peer)
						r.MustConnect(scheme + "://connected")
						s.WaitPeers(1)
						send("f+", nil)
						r.CloseIn(0)
						w.Settle()
						send("g", pattern.ErrWouldBlock) // ends the message

						r = w.Socket(c.peer)
						r.MustConnect(scheme + "://connected")
						s.WaitPeers(1)
						send("h+", nil)
						send("i", nil)
						r.WantRecv("h", "i")
						s.WantDrops(map[pipe.Drop]uint64{pipe.DropConnLost: 2})
					})
				})
			}
		}
	}
}

// TestIncompleteMessageSurvivesReconnect: an incomplete message to a connected
// endpoint stays valid, like queued messages, and goes to the next connection.
func TestIncompleteMessageSurvivesReconnect(t *testing.T) {
	st.Run(t, func(w *st.World) {
		l := w.Listen("a")
		push := w.Socket(pattern.PUSH)
		push.MustConnect("mem://a")
		p := l.Accept()
		p.Handshake("PULL")
		w.Settle()
		wantTry(t, push, "a+", nil)
		p.Close()
		w.Settle()
		wantTry(t, push, "b+", nil)
		p = l.Accept()
		p.Handshake("PULL")
		wantTry(t, push, "c", nil)
		if got := p.Message(); !slices.Equal(got, []string{"a", "b", "c"}) {
			t.Errorf("received %q", got)
		}
		push.WantDrops(nil)
	})
}

func TestDisconnectBetweenFramesDropsMessage(t *testing.T) {
	for _, scheme := range []string{"mem", "inproc"} {
		for _, c := range []struct {
			typ, peer pattern.Type
			id        bool
			want      error
		}{
			{typ: pattern.PUSH, peer: pattern.PULL, want: pattern.ErrWouldBlock},
			{typ: pattern.DEALER, peer: pattern.DEALER, want: pattern.ErrWouldBlock},
			{typ: pattern.PAIR, peer: pattern.PAIR, want: pattern.ErrWouldBlock},
			{typ: pattern.ROUTER, peer: pattern.DEALER, id: true},
			{typ: pattern.XSUB, peer: pattern.XPUB},
			{typ: pattern.XPUB, peer: pattern.SUB},
		} {
			st.Run(t, func(w *st.World) {
				s, r := w.Socket(c.typ), w.Socket(c.peer, st.ID("id"))
				if c.peer == pattern.SUB {
					r.Subscribe("", true)
				}
				ep := r.MustBind(scheme + "://a")
				s.MustConnect(ep)
				s.WaitPeers(1)
				w.Settle()
				if c.id {
					s.MustSend("id", "before")
					wantTry(t, s, "id+", nil)
				} else {
					s.MustSend("before")
				}
				wantTry(t, s, "a+", nil)
				if err := s.Disconnect(ep); err != nil {
					t.Fatal(err)
				}
				wantTry(t, s, "b", c.want)
				r.WantRecv("before")
				r.WantNone()
				s.WantDrops(map[pipe.Drop]uint64{pipe.DropConnLost: 1})
			})
		}
	}
}

// TestCloseDropsIncompleteMessage: an incomplete message counts as unsent, and
// the unread frames of a message as unread.
func TestCloseDropsIncompleteMessage(t *testing.T) {
	for _, c := range balancing {
		if !c.several {
			continue
		}
		st.Run(t, func(w *st.World) {
			s, r := connected(w, "mem", c.typ, c.peer)
			wantTry(t, s, st.Large(100_000)+"+", nil)
			if n := s.CloseIn(time.Minute); n != 1 {
				t.Errorf("%v: %d messages unsent, want 1", c.typ, n)
			}
			wantTry(t, s, "rest", socket.ErrClosed)
			s.WantDrops(map[pipe.Drop]uint64{pipe.DropLinger: 1})
			r.WantNone()
		})
	}
	st.Run(t, func(w *st.World) {
		push, pull := connected(w, "mem", pattern.PUSH, pattern.PULL)
		push.MustSend("a", "b")
		wantFrames(t, pull, "a+")
		pull.CloseIn(0)
		wantNoFrame(t, pull, socket.ErrClosed)
		wantReady(t, pull, false, false)
		pull.WantDrops(map[pipe.Drop]uint64{pipe.DropUnread: 1})
	})
}

// TestRecvBetweenFramesReturnsNextMessage: Recv returns the next whole message.
// The remaining frames of the current message stay for RecvFrame.
func TestRecvBetweenFramesReturnsNextMessage(t *testing.T) {
	for _, typ := range []pattern.Type{pattern.PULL, pattern.SUB} {
		st.Run(t, func(w *st.World) {
			send := pattern.PUSH
			if typ == pattern.SUB {
				send = pattern.PUB
			}
			s, r := w.Socket(send), w.Socket(typ)
			if typ == pattern.SUB {
				r.Subscribe("", true)
			}
			r.MustConnect(s.MustBind("mem://a"))
			s.WaitPeers(1)
			w.Settle()
			s.MustSend("a", "b", "c")
			s.MustSend("d", "e")
			s.MustSend("f", "g")
			wantFrames(t, r, "a+")
			r.WantRecv("d", "e")
			wantFrames(t, r, "b+", "c", "f+")
			r.WantNone()
			wantReady(t, r, true, false)
			wantFrames(t, r, "g")
			wantReady(t, r, false, false)
		})
	}
}

// TestFramesStayReadableAfterSenderDisconnects: after the first frame of a
// message was received, its sender disconnects.
func TestFramesStayReadableAfterSenderDisconnects(t *testing.T) {
	for _, scheme := range []string{"mem", "inproc"} {
		st.Run(t, func(w *st.World) {
			pull, push := connected(w, scheme, pattern.PULL, pattern.PUSH)
			push.MustSend("a", "b")
			first := wantFrames(t, pull, "a+")
			push.CloseIn(time.Minute)
			w.Settle()
			if last := wantFrames(t, pull, "b"); first.From == nil || last.From != first.From {
				t.Errorf("sent by %v and %v", first.From, last.From)
			}
			pull.WantDrops(nil)
		})
	}
}

// TestFrameCallsReturnErrDirection: sending on a receive-only type and
// receiving on a send-only type fail in every state (ENOTSUP in libzmq). Such a
// socket is never ready in this direction, except that a DISH is writable.
func TestFrameCallsReturnErrDirection(t *testing.T) {
	for typ, info := range pattern.Types {
		st.Run(t, func(w *st.World) {
			s := w.Socket(typ)
			wantReady(t, s, false, s.Writable() && (info.Sends || typ == pattern.DISH))
			if err := s.TrySendFrame(frame("x")); (err == socket.ErrDirection) == info.Sends {
				t.Errorf("%s: TrySendFrame: %v", info.Name, err)
			}
			if err := s.SendFrame(st.Ended(), frame("x")); (err == socket.ErrDirection) == info.Sends {
				t.Errorf("%s: SendFrame: %v", info.Name, err)
			}
			if err := s.TryRecvFrame(new(msg.Frame)); (err == socket.ErrDirection) == info.Receives {
				t.Errorf("%s: TryRecvFrame: %v", info.Name, err)
			}
			if err := s.RecvFrame(st.Ended(), new(msg.Frame)); (err == socket.ErrDirection) == info.Receives {
				t.Errorf("%s: RecvFrame: %v", info.Name, err)
			}
		})
	}
}

// TestFramesDoNotMixWithConcurrentMessages: one goroutine sends frame by frame
// while others send whole messages. Every message arrives whole.
func TestFramesDoNotMixWithConcurrentMessages(t *testing.T) {
	const n, senders = 200, 3
	st.Run(t, func(w *st.World) {
		pull, push := connected(w, "mem", pattern.PULL, pattern.PUSH, st.HWM(10, 10))
		errs := make(chan error, 1+senders)
		send := func(f *msg.Frame) error { return push.SendFrame(context.Background(), f) }
		go func() {
			var err error
			for i := 0; i < n && err == nil; i++ {
				for _, f := range []string{"0+", fmt.Sprint(i, "+"), "0"} {
					if err == nil {
						err = send(frame(f))
					}
				}
			}
			errs <- err
		}()
		for k := range senders {
			go func() {
				var err error
				for i := 0; i < n && err == nil; i++ {
					err = push.Send(context.Background(), st.Of(fmt.Sprint(k+1), fmt.Sprint(i), fmt.Sprint(k+1)))
				}
				errs <- err
			}()
		}
		var next [1 + senders]int
		for range n * (1 + senders) {
			var frames []string
			for more := true; more; {
				f := new(msg.Frame)
				if err := pull.RecvFrame(context.Background(), f); err != nil {
					t.Fatal(err)
				}
				frames, more = append(frames, string(f.Body)), f.More
			}
			k := int(frames[0][0] - '0')
			if want := []string{frames[0], fmt.Sprint(next[k]), frames[0]}; !slices.Equal(frames, want) {
				t.Fatalf("received %q, want %q", frames, want)
			}
			next[k]++
		}
		for range 1 + senders {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
	})
}
