package socket_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// exclusive are the types that refuse a peer because of another peer, with the
// reason that the refused peer receives and the error of the event.
var exclusive = []struct {
	binder, peer pattern.Type
	reason       string
	err          error
}{
	{pattern.ROUTER, pattern.DEALER, "not-admitted:routing-ID-in-use", pattern.ErrDuplicateRoutingID},
	{pattern.ROUTER, pattern.REQ, "not-admitted:routing-ID-in-use", pattern.ErrDuplicateRoutingID},
	{pattern.ROUTER, pattern.ROUTER, "not-admitted:routing-ID-in-use", pattern.ErrDuplicateRoutingID},
	{pattern.PAIR, pattern.PAIR, "not-admitted:socket-has-a-peer-already", pattern.ErrPeerExists},
	{pattern.CHANNEL, pattern.CHANNEL, "not-admitted:socket-has-a-peer-already", pattern.ErrPeerExists},
}

// sendToBinder sends one message to the bound socket.
func sendToBinder(s *st.Socket, text string) error {
	switch s.Type() {
	case pattern.ROUTER:
		return s.TrySendTo("binder", st.Of(text))
	case pattern.REQ:
		return s.TrySend(st.Of(text))
	}
	return s.TrySend(st.Of(text))
}

// recvLastFrame receives a message and returns its last frame.
func recvLastFrame(s *st.Socket) string {
	frames, _ := s.MustRecv()
	return frames[len(frames)-1]
}

// TestRefusedPeerKeepsItsMessages: a second peer is refused and sends messages
// meanwhile. It learns the reason and retries. After the first peer
// disconnects, every message of the second arrives once and in order.
func TestRefusedPeerKeepsItsMessages(t *testing.T) {
	for _, c := range exclusive {
		t.Run(fmt.Sprint(pattern.Types[c.binder].Name, " ", pattern.Types[c.peer].Name), func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				binder := w.Socket(c.binder, st.ID("binder"))
				binder.MustBind("mem://a")
				first := w.Socket(c.peer, st.ID("id"))
				first.MustConnect("mem://a")
				first.WaitPeers(1)
				second := w.Socket(c.peer, st.ID("id"))
				if c.peer == pattern.ROUTER {
					// A ROUTER with an alias can send before it was ever
					// admitted.
					if err := second.ConnectAs("mem://a", "binder"); err != nil {
						t.Fatal(err)
					}
				} else {
					second.MustConnect("mem://a")
				}
				n := 20
				if c.peer == pattern.REQ {
					n = 1
				}
				for i := range n {
					if err := sendToBinder(second, fmt.Sprint(i)); err != nil {
						t.Fatal(err)
					}
					time.Sleep(6 * time.Second / time.Duration(n))
				}
				if got := second.Stats().QueuedSend; got != n {
					t.Errorf("%d messages queued, want all %d", got, n)
				}
				checkRefusal(t, binder, second, c.err, c.reason)

				first.CloseIn(time.Second)
				for i := range n {
					if got := recvLastFrame(binder); got != fmt.Sprint(i) {
						t.Fatalf("received %q, want %d", got, i)
					}
				}
				binder.WantNone()
				binder.WantDrops(nil)
				second.WantDrops(nil)
			})
		})
	}
}

// checkRefusal checks the events of both sockets after a refusal.
func checkRefusal(t *testing.T, binder, refused *st.Socket, err error, reason string) {
	t.Helper()
	if ev := binder.EventsOf(session.PeerRefused); len(ev) == 0 || !errors.Is(ev[0].Err, err) {
		t.Errorf("binder's events %v, want a refusal for %v", ev, err)
	}
	failed := refused.EventsOf(session.HandshakeFailed)
	if len(failed) < 2 {
		t.Fatalf("%d attempts failed, want several", len(failed))
	}
	var peerErr *mechanism.PeerError
	if e := failed[0]; e.Reason != engine.CloseRefused || !errors.As(e.Err, &peerErr) || peerErr.Reason != reason {
		t.Errorf("refused peer's event is %v (%v), want reason %q", e.Reason, e.Err, reason)
	}
	if n := len(refused.EventsOf(session.Ready)); n != 0 {
		t.Errorf("refused peer reported %d completed handshakes, want 0", n)
	}
}

// TestPeerWithoutRetryIsRefusedByClosing: libzmq, for example, does not
// announce that it retries after an ERROR. Such a peer is refused by closing
// the connection, after which it does retry.
func TestPeerWithoutRetryIsRefusedByClosing(t *testing.T) {
	st.Run(t, func(w *st.World) {
		router := w.Socket(pattern.ROUTER)
		router.MustBind("mem://a")
		w.Dial("a").Handshake("DEALER", "Identity", "id")
		p := w.Dial("a")
		p.MustWrite(st.Greeting(), st.Ready("Socket-Type", "DEALER", "Identity", "id"))
		p.ReadN(64)
		if flags, body, err := p.TryFrame(); err == nil {
			t.Errorf("received frame %x %q, want the connection closed", flags, body)
		}
		p = w.Dial("a")
		p.MustWrite(st.Greeting(), st.Ready("Socket-Type", "DEALER", "Identity", "id", "x-on-error", "retry"))
		p.ReadN(64)
		if _, body := p.Frame(); string(body) != "\x05ERROR\x1enot-admitted:routing-ID-in-use" {
			t.Errorf("received %q, want an ERROR", body)
		}
		p.WaitClosed()
	})
}

// TestDisconnectIsNoticedWhileQueueIsFull: the first peer fills the queue of
// the binder, which then stops reading from the connection, and disconnects.
// The second peer is admitted at once. The messages of both are received, and
// under one routing ID in the order in which they were sent.
func TestDisconnectIsNoticedWhileQueueIsFull(t *testing.T) {
	for _, c := range exclusive {
		if c.peer == pattern.REQ {
			continue
		}
		for _, notify := range []bool{false, true} {
			if notify && c.binder != pattern.ROUTER {
				continue
			}
			t.Run(fmt.Sprint(pattern.Types[c.binder].Name, " ", pattern.Types[c.peer].Name, " ", notify), func(t *testing.T) {
				st.Run(t, func(w *st.World) {
					binder := w.Socket(c.binder, st.ID("binder"), st.HWM(10, 10), func(o *socket.Options) {
						o.Pattern.NotifyConnect, o.Pattern.NotifyDisconnect = notify, notify
					})
					binder.MustBind("mem://a")
					const n = 500 // of 500 bytes: exceed the queue and a read buffer, but not the connection buffers on top
					want := []string{}
					for i, s := range []*st.Socket{
						w.Socket(c.peer, st.ID("id"), st.HWM(0, 0)), w.Socket(c.peer, st.ID("id"), st.HWM(0, 0)),
					} {
						s.MustConnect("mem://a")
						s.WaitPeers(1)
						if notify {
							want = append(want, "connected")
						}
						for k := range n {
							text := fmt.Sprint(i, " ", k, st.Large(500))
							if err := sendToBinder(s, text); err != nil {
								t.Fatal(err)
							}
							want = append(want, text)
						}
						w.Settle()
						if i == 0 {
							if left := s.CloseIn(5 * time.Second); left != 0 {
								t.Skipf("%d messages unsent: the buffers of the connection are too small", left)
							}
						}
						if notify && i == 0 {
							want = append(want, "disconnected")
						}
					}
					wantInOrder(t, binder, c.binder == pattern.ROUTER, want)
					binder.WantDrops(nil)
				})
			})
		}
	}
}

// wantInOrder receives the wanted messages. Without a routing ID the messages
// of two peers may interleave.
func wantInOrder(t *testing.T, s *st.Socket, single bool, want []string) {
	t.Helper()
	peers := map[byte][]string{}
	for _, text := range want {
		peer := byte(0)
		if !single {
			peer = text[0]
		}
		peers[peer] = append(peers[peer], text)
	}
	for range want {
		frames, from := s.MustRecv()
		got := frames[len(frames)-1]
		if from != nil {
			switch from.Notification {
			case msg.ConnectNotification:
				got = "connected"
			case msg.DisconnectNotification:
				got = "disconnected"
			}
		}
		peer := byte(0)
		if !single {
			peer = got[0]
		}
		if next := peers[peer]; len(next) == 0 || got != next[0] {
			t.Fatalf("received %.20q, want %.20q", got, next[0])
		}
		peers[peer] = peers[peer][1:]
	}
	s.WantNone()
}

// TestReconnectAfterDisconnectDropsNothing: the peer disconnects and connects
// again at once, with the same routing ID and one message each time.
func TestReconnectAfterDisconnectDropsNothing(t *testing.T) {
	for _, c := range exclusive {
		if c.peer == pattern.REQ || c.peer == pattern.ROUTER {
			continue
		}
		for _, latency := range []time.Duration{0, 3 * time.Millisecond} {
			t.Run(fmt.Sprint(pattern.Types[c.binder].Name, latency), func(t *testing.T) {
				st.Run(t, func(w *st.World) {
					w.Net.OnLink(func(l *memnet.Link) { l.SetLatency(latency) })
					binder := w.Socket(c.binder)
					binder.MustBind("mem://a")
					peer := w.Socket(c.peer, st.ID("id"))
					const rounds = 50
					got := map[string]int{}
					for i := range rounds {
						peer.MustConnect("mem://a")
						peer.MustSend(fmt.Sprint(i))
						if i%2 == 0 {
							got[recvLastFrame(binder)]++
						}
						if err := peer.Disconnect("mem://a"); err != nil {
							t.Fatal(err)
						}
					}
					for len(got) < rounds {
						got[recvLastFrame(binder)]++
					}
					binder.WantNone()
					for text, n := range got {
						if n != 1 {
							t.Errorf("received %q %d times", text, n)
						}
					}
					for why, n := range peer.Stats().Drops {
						if n != 0 {
							t.Errorf("%d messages dropped for %v", n, pipe.Drop(why))
						}
					}
				})
			})
		}
	}
}

// TestDealerCountsMessagesRefusedByConnectingRouter: a ROUTER connects to two
// sockets with the same routing ID. It sends READY before it knows the second
// ID, so the second socket may already send. That socket learns the reason, and
// counts its dropped messages.
func TestDealerCountsMessagesRefusedByConnectingRouter(t *testing.T) {
	st.Run(t, func(w *st.World) {
		w.Net.OnLink(func(l *memnet.Link) { l.SetLatency(20 * time.Millisecond) })
		first, second := w.Socket(pattern.DEALER, st.ID("id")), w.Socket(pattern.DEALER, st.ID("id"), st.HWM(0, 0))
		first.MustBind("mem://a")
		second.MustBind("mem://b")
		router := w.Socket(pattern.ROUTER)
		router.MustConnect("mem://a")
		router.WaitPeers(1)
		sent := 0
		router.MustConnect("mem://b")
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
			if second.TrySend(st.Of("message")) == nil {
				sent++
			}
			time.Sleep(5 * time.Millisecond)
		}
		w.Settle()
		router.WantNone()
		st := second.Stats()
		lost := 0
		for _, n := range st.Drops {
			lost += int(n)
		}
		if sent == 0 || lost != sent || st.QueuedSend != 0 || st.Drops[pipe.DropRejected] == 0 {
			t.Errorf("sent %d messages, %d dropped (%d as rejected), %d queued; want all dropped",
				sent, lost, st.Drops[pipe.DropRejected], st.QueuedSend)
		}
		ended := second.EventsOf(session.Disconnected)
		if len(ended) == 0 || ended[0].Reason != engine.CloseRefused {
			t.Errorf("events %v, want a refusal by the peer", ended)
		}
		if n := len(router.EventsOf(session.PeerRefused)); n == 0 {
			t.Error("the ROUTER reported no refusal")
		}
	})
}
