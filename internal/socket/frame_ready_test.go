package socket_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// TestSingleFrameTypesRefuseMore: a frame with MORE is refused and starts no
// message.
func TestSingleFrameTypesRefuseMore(t *testing.T) {
	for _, typ := range []pattern.Type{pattern.CLIENT, pattern.SERVER, pattern.PEER, pattern.CHANNEL, pattern.SCATTER, pattern.RADIO} {
		st.Run(t, func(w *st.World) {
			s := w.Socket(typ)
			s.MustConnect("mem://later")
			wantTry(t, s, "x+", pattern.ErrInvalidMessage)
			if err := s.SendFrame(context.Background(), frame("x+")); !errors.Is(err, pattern.ErrInvalidMessage) {
				t.Error(err)
			}
			wantTry(t, s, "x+", pattern.ErrInvalidMessage) // no message was started
			if n := s.Stats().MsgsSent; n != 0 {
				t.Errorf("%d messages sent", n)
			}
		})
	}
}

// TestFrameIsSentToRoutingNumber: a SERVER or a PEER sends a frame to the
// routing number in it, and receives frames with the number of their sender.
func TestFrameIsSentToRoutingNumber(t *testing.T) {
	for _, scheme := range []string{"mem", "inproc"} {
		for _, typ := range []pattern.Type{pattern.SERVER, pattern.PEER} {
			st.Run(t, func(w *st.World) {
				peer := pattern.CLIENT
				if typ == pattern.PEER {
					peer = pattern.PEER
				}
				s, c := connected(w, scheme, typ, peer)
				wantTry(t, s, "no number", pattern.ErrNoRoute)
				if peer == pattern.CLIENT {
					wantTry(t, c, "hello", nil)
				} else if err := c.TrySendFrame(&msg.Frame{Body: []byte("hello"), Number: c.Peers()[0].Number}); err != nil {
					t.Fatal(err)
				}
				f := wantFrames(t, s, "hello")
				if f.Number == 0 || f.Number != f.From.Number {
					t.Fatalf("frame from number %d", f.Number)
				}
				if err := s.TrySendFrame(&msg.Frame{Body: []byte("welcome"), Number: f.Number}); err != nil {
					t.Fatal(err)
				}
				if got := wantFrames(t, c, "welcome"); (got.Number == 0) != (peer == pattern.CLIENT) {
					t.Errorf("the reply is from number %d", got.Number)
				}
				c.CloseIn(0)
				w.Settle()
				if err := s.TrySendFrame(&msg.Frame{Number: f.Number}); err != pattern.ErrNoRoute {
					t.Errorf("sending to a disconnected peer: %v", err)
				}
			})
		}
	}
}

func TestServerReturnsErrWouldBlockForFullPeer(t *testing.T) {
	st.Run(t, func(w *st.World) {
		server, client := connected(w, "inproc", pattern.SERVER, pattern.CLIENT, st.HWM(1, 1))
		f := &msg.Frame{Body: []byte("x"), Number: server.Peers()[0].Number}
		for range 2 {
			if err := server.TrySendFrame(f); err != nil {
				t.Fatal(err)
			}
		}
		if err := server.TrySendFrame(f); err != pattern.ErrWouldBlock {
			t.Errorf("sending to a full peer: %v", err)
		}
		wantReady(t, server, false, true)
		wantFrames(t, client, "x", "x")
	})
}

// TestFrameIsSentToGroup: a RADIO sends a frame to the group in it, and a DISH
// receives one frame with its group.
func TestFrameIsSentToGroup(t *testing.T) {
	for _, scheme := range []string{"mem", "inproc"} {
		st.Run(t, func(w *st.World) {
			radio, dish := connected(w, scheme, pattern.RADIO, pattern.DISH)
			dish.Subscribe("news", true)
			w.Settle()
			send := func(group, body string) {
				if err := radio.TrySendFrame(&msg.Frame{Body: []byte(body), Group: group}); err != nil {
					t.Errorf("%q: %v", group, err)
				}
			}
			send("new", "x")
			send("", "x")
			send("news", st.Large(msg.LargeFrame))
			send("news", "")
			f := wantFrames(t, dish, st.Large(msg.LargeFrame))
			if f.Group != "news" || f.From == nil {
				t.Errorf("received %+v", f)
			}
			if f := wantFrames(t, dish, ""); f.Group != "news" {
				t.Errorf("received %+v", f)
			}
			wantNoFrame(t, dish, pattern.ErrWouldBlock)
			if err := radio.TrySendFrame(&msg.Frame{Group: st.Large(pattern.MaxGroup + 1)}); !errors.Is(err, pattern.ErrInvalidGroup) {
				t.Errorf("a long group: %v", err)
			}
		})
	}
}

// TestWritableWithAndWithoutPeer: which types are writable without a peer, and
// which with one.
func TestWritableWithAndWithoutPeer(t *testing.T) {
	for _, c := range []struct {
		typ, peer   pattern.Type
		alone, with bool
		set         func(*socket.Options)
	}{
		{typ: pattern.PAIR, peer: pattern.PAIR, with: true},
		{typ: pattern.PUB, peer: pattern.SUB, alone: true, with: true},
		{typ: pattern.SUB, peer: pattern.PUB},
		{typ: pattern.REQ, peer: pattern.REP, with: true},
		{typ: pattern.REP, peer: pattern.REQ},
		{typ: pattern.DEALER, peer: pattern.DEALER, with: true},
		{typ: pattern.ROUTER, peer: pattern.DEALER, alone: true, with: true},
		{typ: pattern.ROUTER, peer: pattern.DEALER, with: true, set: mandatory},
		{typ: pattern.PULL, peer: pattern.PUSH},
		{typ: pattern.PUSH, peer: pattern.PULL, with: true},
		{typ: pattern.XPUB, peer: pattern.SUB, alone: true, with: true},
		{typ: pattern.XSUB, peer: pattern.PUB, alone: true, with: true},
		{typ: pattern.SERVER, peer: pattern.CLIENT, alone: true, with: true},
		{typ: pattern.CLIENT, peer: pattern.SERVER, with: true},
		{typ: pattern.RADIO, peer: pattern.DISH, alone: true, with: true},
		{typ: pattern.DISH, peer: pattern.RADIO, alone: true, with: true},
		{typ: pattern.GATHER, peer: pattern.SCATTER},
		{typ: pattern.SCATTER, peer: pattern.GATHER, with: true},
		{typ: pattern.PEER, peer: pattern.PEER, alone: true, with: true},
		{typ: pattern.CHANNEL, peer: pattern.CHANNEL, with: true},
		{typ: pattern.STREAM, peer: pattern.STREAM, alone: true, with: true},
	} {
		st.Run(t, func(w *st.World) {
			var set []func(*socket.Options)
			if c.set != nil {
				set = append(set, c.set)
			}
			s := w.Socket(c.typ, set...)
			s.MustBind("mem://a")
			wantReady(t, s, false, c.alone)
			p := w.Socket(c.peer)
			p.MustConnect("mem://a")
			s.WaitPeers(1)
			if got := s.Writable(); got != c.with {
				t.Errorf("%v with a peer: writable %v, want %v", c.typ, got, c.with)
			}
			s.CloseIn(0)
			wantReady(t, s, false, false)
		})
	}
}

// TestWritableFollowsSendQueue: a socket is writable until its queue is full.
// Writable does not change which peer is next.
func TestWritableFollowsSendQueue(t *testing.T) {
	for _, c := range balancing {
		if c.typ == pattern.REQ {
			continue // a REQ can send only one request
		}
		st.Run(t, func(w *st.World) {
			s := w.Socket(c.typ, st.HWM(2, 2))
			s.MustConnect("mem://later")
			for range 2 {
				wantReady(t, s, false, true)
				wantTry(t, s, "x", nil)
			}
			wantReady(t, s, false, false)
			r := w.Socket(c.peer)
			r.MustBind("mem://later")
			s.WaitPeers(1)
			w.Settle()
			wantReady(t, s, false, true)
		})
	}
	st.Run(t, func(w *st.World) {
		push := w.Socket(pattern.PUSH)
		push.MustBind("mem://a")
		var pulls []*st.Socket
		for i := range 2 {
			pull := w.Socket(pattern.PULL)
			pull.MustConnect("mem://a")
			push.WaitPeers(i + 1)
			pulls = append(pulls, pull)
		}
		for i := range 6 {
			wantReady(t, push, false, true)
			push.MustSend(fmt.Sprint(i))
		}
		for i := range 6 {
			pulls[i%2].WantRecv(fmt.Sprint(i))
		}
	})
}

// TestReadableConsumesNoMessage: two sockets receive the same random messages,
// valid and invalid. Readable is called on one of them before each receive. It
// predicts the result, and both sockets receive the same messages and count the
// same drops. REQ is covered by the tests of requests and replies, and types
// that are not listed use the same code.
func TestReadableConsumesNoMessage(t *testing.T) {
	for _, c := range []struct {
		typ  pattern.Type
		peer string
	}{
		{typ: pattern.PULL, peer: "PUSH"}, {typ: pattern.SUB, peer: "PUB"}, {typ: pattern.REP, peer: "DEALER"},
		{typ: pattern.ROUTER, peer: "DEALER"}, {typ: pattern.XPUB, peer: "XSUB"}, {typ: pattern.XSUB, peer: "XPUB"},
		{typ: pattern.SERVER, peer: "CLIENT"}, {typ: pattern.CHANNEL, peer: "CHANNEL"}, {typ: pattern.GATHER, peer: "SCATTER"},
		{typ: pattern.DISH, peer: "RADIO"},
	} {
		for seed := range uint64(20) {
			st.Run(t, func(w *st.World) {
				rnd := rand.New(rand.NewPCG(seed, 1))
				var socks [2]*st.Socket
				var peers [2][]*st.Peer
				for i := range socks {
					s := w.Socket(c.typ)
					if c.typ == pattern.SUB || c.typ == pattern.DISH {
						s.Subscribe("a", true)
					}
					addr := fmt.Sprint("a", i)
					s.MustBind("mem://" + addr)
					for k := range 1 + 2*int(seed%2) {
						if k > 0 && c.typ == pattern.CHANNEL {
							break
						}
						p := w.Dial(addr)
						p.Handshake(c.peer, "Identity", fmt.Sprint("id", k))
						peers[i] = append(peers[i], p)
					}
					socks[i] = s
				}
				for range 100 {
					if rnd.IntN(3) == 0 {
						k, m := rnd.IntN(len(peers[0])), randomMessage(rnd, c.typ)
						peers[0][k].MustWrite(m)
						peers[1][k].MustWrite(m)
						w.Settle()
						continue
					}
					readable := socks[0].Readable()
					if rnd.IntN(4) == 0 && readable != socks[0].Readable() {
						t.Errorf("%v: Readable changed its result", c.typ)
					}
					var f, g msg.Frame
					err, err2 := socks[0].TryRecvFrame(&f), socks[1].TryRecvFrame(&g)
					if readable != (err == nil) || err != err2 || frameText(&f) != frameText(&g) || f.Group != g.Group {
						t.Fatalf("%v, seed %d: readable %v, then %.20q %v; without Readable %.20q %v",
							c.typ, seed, readable, frameText(&f), err, frameText(&g), err2)
					}
					if c.typ == pattern.REP && socks[0].Writable() {
						wantTry(t, socks[0], "reply", nil)
						wantTry(t, socks[1], "reply", nil)
					}
				}
				a, b := socks[0], socks[1]
				for a.TryRecvFrame(new(msg.Frame)) == nil {
				}
				for b.TryRecvFrame(new(msg.Frame)) == nil {
				}
				if a, b := a.Stats(), b.Stats(); !slices.Equal(a.Drops[:], b.Drops[:]) || a.MsgsReceived != b.MsgsReceived {
					t.Errorf("%v: drops %v and %v, received %d and %d", c.typ, a.Drops, b.Drops, a.MsgsReceived, b.MsgsReceived)
				}
			})
		}
	}
}

// randomMessage returns a message that the type receives or drops.
func randomMessage(rnd *rand.Rand, typ pattern.Type) []byte {
	pick := func(of ...string) string { return of[rnd.IntN(len(of))] }
	body := func() string {
		return pick("", "a", "b", "ab", st.Large(300), st.Large(msg.LargeFrame), "\x00a", "\x01a")
	}
	if typ == pattern.DISH {
		return st.Message(pick("a", "b", "ab", ""), body())
	}
	frames := make([]string, 1+rnd.IntN(3))
	for i := range frames {
		frames[i] = body()
	}
	return st.Message(frames...)
}

// TestFramePassesPooledBuffer: a large received frame has a pooled buffer, and
// sending a frame passes its buffer to the queue.
func TestFramePassesPooledBuffer(t *testing.T) {
	st.Run(t, func(w *st.World) {
		pull, push := connected(w, "mem", pattern.PULL, pattern.PUSH)
		big := st.Large(100_000)
		body := func(c byte) *msg.Frame {
			buf := msg.NewBuf(len(big))
			buf.B = append(buf.B, big...)
			buf.B[0] = c
			return &msg.Frame{Body: buf.B, Buf: buf, More: true}
		}
		for i := range 20 {
			for _, f := range []*msg.Frame{body('a'), frame("small+"), body('b')} {
				if err := push.TrySendFrame(f); err != nil {
					t.Fatal(err)
				}
			}
			wantTry(t, push, "end", nil)
			var got []msg.Frame
			for more := true; more; {
				var f msg.Frame
				if err := pull.RecvFrame(context.Background(), &f); err != nil {
					t.Fatal(err)
				}
				got, more = append(got, f), f.More
			}
			if len(got) != 4 || got[0].Body[0] != 'a' || string(got[1].Body) != "small" || got[2].Body[0] != 'b' || string(got[3].Body) != "end" {
				t.Fatalf("frames of message %d differ", i)
			}
			for _, k := range []int{0, 2} {
				if string(got[k].Body[1:]) != big[1:] {
					t.Fatalf("message %d, frame %d was overwritten", i, k)
				}
				got[k].Buf.FreeAll()
			}
			if got[1].Buf != nil || got[3].Buf != nil {
				t.Error("a small frame has a buffer")
			}
		}
	})
}

// TestSentFramesAreFreed: the socket keeps no frames of a message that was
// sent, dropped or discarded.
func TestSentFramesAreFreed(t *testing.T) {
	const frames, size = 20, 1 << 20
	for name, end := range map[string]func(w *st.World, push, pull *st.Socket){
		"sent": func(_ *st.World, push, pull *st.Socket) {
			wantTry(t, push, "end", nil)
			pull.MustRecv()
			pull.WantNone() // the queue has then released the message
		},
		"dropped": func(w *st.World, push, pull *st.Socket) {
			pull.CloseIn(0)
			w.Settle()
			wantTry(t, push, "rest+", pattern.ErrWouldBlock)
		},
		"discarded": func(w *st.World, push, pull *st.Socket) {
			pull.CloseIn(0)
			w.Settle()
			wantTry(t, push, "rest+", pattern.ErrWouldBlock)
			for range frames {
				wantTry(t, push, st.Large(size)+"+", nil)
			}
		},
		"closed": func(_ *st.World, push, _ *st.Socket) { push.CloseIn(0) },
	} {
		st.Run(t, func(w *st.World) {
			pull, push := connected(w, "inproc", pattern.PULL, pattern.PUSH)
			before := heap()
			for range frames {
				if err := push.TrySendFrame(&msg.Frame{Body: make([]byte, size), More: true}); err != nil {
					t.Fatal(err)
				}
			}
			end(w, push, pull)
			if left := heap() - before; left > 3*size {
				t.Errorf("%s: the heap keeps %d bytes", name, left)
			}
			runtime.KeepAlive(push)
			runtime.KeepAlive(pull)
		})
	}
}
