package socket_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// overMemAndInproc runs a test over a connection of the memory network and over
// inproc.
func overMemAndInproc(t *testing.T, f func(w *st.World, ep string)) {
	for _, ep := range []string{"mem://a", "inproc://a"} {
		t.Run(ep, func(t *testing.T) {
			st.Run(t, func(w *st.World) { f(w, ep) })
		})
	}
}

// TestHelloMessageIsSentFirst: on every connection the Hello message precedes
// all queued messages.
func TestHelloMessageIsSentFirst(t *testing.T) {
	overMemAndInproc(t, func(w *st.World, ep string) {
		hello := func(o *socket.Options) { o.Hello = []byte("hello") }
		a, b := w.Socket(pattern.DEALER, hello), w.Socket(pattern.DEALER, hello)
		a.MustConnect(ep)
		a.MustSend("queued")
		b.MustBind(ep)
		b.WantRecv("hello")
		b.WantRecv("queued")
		a.WantRecv("hello")
		b.WantNone()
		if ep == "inproc://a" {
			return
		}
		w.Net.Links()[0].Cut(memnet.RST)
		w.Settle()
		a.MustSend("queued again")
		b.WantRecv("hello")
		b.WantRecv("queued again")
		a.WantRecv("hello")
	})
}

// TestPushSendsNoHelloMessage: a PUSH ignores the option.
func TestPushSendsNoHelloMessage(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push := w.Socket(pattern.PUSH, func(o *socket.Options) { o.Hello = []byte("hello") })
		pull := w.Socket(pattern.PULL)
		push.MustConnect(pull.MustBind("mem://a"))
		push.MustSend("x")
		pull.WantRecv("x")
	})
}

// TestDisconnectMessageFollowsLastMessage: when a peer disconnects or is lost,
// the bound socket receives its DisconnectMessage after the messages of the
// peer. The connected socket receives its Hiccup message.
func TestDisconnectMessageFollowsLastMessage(t *testing.T) {
	overMemAndInproc(t, func(w *st.World, ep string) {
		router := w.Socket(pattern.ROUTER, func(o *socket.Options) { o.Disconnect = []byte("disconnected") })
		router.MustBind(ep)
		dealer := w.Socket(pattern.DEALER, func(o *socket.Options) {
			o.RoutingID, o.Hiccup, o.Disconnect = "d", []byte("hiccup"), []byte("not for a dealer")
		})
		dealer.MustConnect(ep)
		dealer.MustSend("x")
		router.WantRecv("x")
		dealer.MustSend("last")
		if ep != "inproc://a" {
			w.Settle()
			w.Net.Links()[0].Cut(memnet.RST)
			w.Settle()
			router.WantRecv("last")
			if frames, peer := router.MustRecv(); frames[0] != "disconnected" || peer.RoutingID != "d" {
				t.Errorf("%q from %q", frames, peer.RoutingID)
			}
			dealer.WantRecv("hiccup")
			dealer.WaitPeers(1)
			dealer.MustSend("last")
			w.Settle()
		}
		dealer.CloseIn(time.Second)
		w.Settle()
		router.WantRecv("last")
		router.WantRecv("disconnected")
		router.WantNone()
	})
}

// TestNoDisconnectMessageForPeerNotAdmitted: a peer whose handshake did not
// finish, and a refused peer, produce no DisconnectMessage.
func TestNoDisconnectMessageForPeerNotAdmitted(t *testing.T) {
	st.Run(t, func(w *st.World) {
		router := w.Socket(pattern.ROUTER, func(o *socket.Options) { o.Disconnect = []byte("disconnected") })
		router.MustBind("mem://a")
		p := w.Dial("a")
		p.MustWrite(st.Greeting())
		p.Close()
		named := func(o *socket.Options) { o.RoutingID = "id" }
		first, second := w.Socket(pattern.DEALER, named), w.Socket(pattern.DEALER, named)
		first.MustConnect("mem://a")
		first.WaitPeers(1)
		router.WaitPeers(1) // otherwise the second socket might connect first
		second.MustConnect("mem://a")
		time.Sleep(time.Minute)
		router.WantNone()
	})
}

// TestHandoverReplacesEarlierPeer: a later peer with the same routing ID takes
// it over, and the earlier peer is disconnected.
func TestHandoverReplacesEarlierPeer(t *testing.T) {
	overMemAndInproc(t, func(w *st.World, ep string) {
		router := w.Socket(pattern.ROUTER, func(o *socket.Options) { o.Pattern.Handover = true })
		router.MustBind(ep)
		named := func(o *socket.Options) {
			o.RoutingID = "id"
			o.ReconnectInterval = 0 // else the two would take the ID from each other repeatedly
		}
		first, second := w.Socket(pattern.DEALER, named), w.Socket(pattern.DEALER, named)
		first.MustConnect(ep)
		first.MustSend("from the first")
		w.Settle()
		second.MustConnect(ep)
		second.MustSend("from the second")
		w.Settle()
		for range 2 {
			if _, peer := router.MustRecv(); peer.RoutingID != "id" {
				t.Errorf("from %q", peer.RoutingID)
			}
		}
		if err := router.TrySendTo("id", st.Of("x")); err != nil {
			t.Fatal(err)
		}
		second.WantRecv("x")
		first.WantNone()
		if n := len(router.Peers()); n != 1 {
			t.Errorf("%d peers", n)
		}
		if ep == "mem://a" {
			ends := router.EventsOf(session.Disconnected)
			if len(ends) != 1 || !errors.Is(ends[0].Err, pattern.ErrHandover) {
				t.Errorf("disconnect events %+v", ends)
			}
		}
	})
}

// TestConnectAsNamesPeerBeforeItConnects: the alias is a valid route at once.
// It replaces the routing ID of the peer.
func TestConnectAsNamesPeerBeforeItConnects(t *testing.T) {
	overMemAndInproc(t, func(w *st.World, ep string) {
		router := w.Socket(pattern.ROUTER)
		if err := router.ConnectAs(ep, "alias"); err != nil {
			t.Fatal(err)
		}
		if err := router.TrySendTo("alias", st.Of("early")); err != nil {
			t.Fatal(err)
		}
		dealer := w.Socket(pattern.DEALER, func(o *socket.Options) { o.RoutingID = "own" })
		dealer.MustBind(ep)
		dealer.WantRecv("early")
		dealer.MustSend("back")
		if _, peer := router.MustRecv(); peer.RoutingID != "alias" {
			t.Errorf("from %q", peer.RoutingID)
		}
		if err := router.TrySendTo("own", st.Of("x")); err != pattern.ErrNoRoute {
			t.Errorf("sending to the routing ID of the peer: %v", err)
		}
		if err := router.ConnectAs(ep, "alias"); !errors.Is(err, pattern.ErrDuplicateRoutingID) {
			t.Errorf("a second alias: %v", err)
		}
		if err := router.ConnectAs(ep, "\x00x"); !errors.Is(err, socket.ErrInvalidOption) {
			t.Errorf("an alias that begins with a zero byte: %v", err)
		}
	})
}

// TestConflateKeepsNewestMessage: of the queued messages only the newest is
// kept, with all its frames. No high-water mark applies.
func TestConflateKeepsNewestMessage(t *testing.T) {
	conflate := func(o *socket.Options) { o.Conflate = true }
	for _, side := range []string{"sender", "receiver"} {
		for _, pair := range []struct{ from, to pattern.Type }{
			{pattern.PUSH, pattern.PULL}, {pattern.DEALER, pattern.DEALER}, {pattern.PUB, pattern.SUB},
		} {
			overMemAndInproc(t, func(w *st.World, ep string) {
				var from, to *st.Socket
				if side == "sender" {
					from, to = w.Socket(pair.from, conflate), w.Socket(pair.to)
				} else {
					from, to = w.Socket(pair.from), w.Socket(pair.to, conflate)
				}
				if pair.to == pattern.SUB {
					subscribe(t, to, true, "")
				}
				to.MustConnect(from.MustBind(ep))
				to.WaitPeers(1)
				w.Settle()
				if side == "sender" && ep == "mem://a" {
					w.Net.Links()[0].Down().Stall()
					w.Net.Links()[0].Up().Stall()
					w.Net.Links()[0].Down().SetBuffer(1)
				}
				for i := range 3000 {
					from.MustSend("topic", fmt.Sprint(i))
					if side == "receiver" {
						w.Settle()
					}
				}
				if side == "sender" && ep == "mem://a" {
					w.Net.Links()[0].Down().Resume()
					w.Net.Links()[0].Up().Resume()
				}
				w.Settle()
				var last []string
				n := 0
				for m := new(msg.Msg); to.TryRecv(m) == nil; n++ {
					last = st.Frames(m)
				}
				if n > 3 || len(last) != 2 || last[1] != "2999" {
					t.Errorf("%s conflates %v: received %d messages, the last %q", side, pair, n, last)
				}
				dropped := from.Stats().Drops[pipe.DropConflated] + to.Stats().Drops[pipe.DropConflated]
				if uint64(n)+dropped != 3000 {
					t.Errorf("%s conflates %v: received %d and counted %d of 3000", side, pair, n, dropped)
				}
			})
		}
	}
}

// TestHandoverQueuesNoDisconnectMessage: the receiver would attribute the
// message to the later peer.
func TestHandoverQueuesNoDisconnectMessage(t *testing.T) {
	overMemAndInproc(t, func(w *st.World, ep string) {
		router := w.Socket(pattern.ROUTER, func(o *socket.Options) {
			o.Pattern.Handover, o.Disconnect = true, []byte("disconnected")
		})
		router.MustBind(ep)
		named := func(o *socket.Options) { o.RoutingID, o.ReconnectInterval = "id", 0 }
		first, second := w.Socket(pattern.DEALER, named), w.Socket(pattern.DEALER, named)
		first.MustConnect(ep)
		first.MustSend("from the first")
		router.WantRecv("from the first")
		second.MustConnect(ep)
		second.MustSend("from the second")
		router.WantRecv("from the second")
		router.WantNone()
		second.CloseIn(time.Second)
		w.Settle()
		router.WantRecv("disconnected")
		router.WantNone()
	})
}

// TestConflatingSubKeepsAllSubscriptions: the Conflate option does not drop
// subscriptions, also over inproc, where they are in a queue.
func TestConflatingSubKeepsAllSubscriptions(t *testing.T) {
	for _, binds := range []bool{false, true} {
		overMemAndInproc(t, func(w *st.World, ep string) {
			xpub := w.Socket(pattern.XPUB)
			sub := w.Socket(pattern.SUB, func(o *socket.Options) { o.Conflate = true })
			if binds {
				sub.MustBind(ep)
				xpub.MustConnect(ep)
			} else {
				xpub.MustBind(ep)
				sub.MustConnect(ep)
			}
			sub.WaitPeers(1)
			subscribe(t, sub, true, "a", "b", "c")
			for _, topic := range []string{"a", "b", "c"} {
				xpub.WantRecv("\x01" + topic)
			}
		})
	}
}

// TestEmptyHelloAndWelcomeAreSent: an empty message is a message; nil disables
// the option.
func TestEmptyHelloAndWelcomeAreSent(t *testing.T) {
	overMemAndInproc(t, func(w *st.World, ep string) {
		empty := func(o *socket.Options) { o.Hello, o.Pattern.Welcome = []byte{}, []byte{} }
		dealer, router := w.Socket(pattern.DEALER, empty), w.Socket(pattern.ROUTER)
		router.MustBind(ep)
		dealer.MustConnect(ep)
		router.WantRecv("")
		xpub, xsub := w.Socket(pattern.XPUB, empty), w.Socket(pattern.XSUB)
		xpub.MustBind(ep + "2")
		xsub.MustConnect(ep + "2")
		xsub.WantRecv("")
	})
}
