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

// everywhere runs a test over a connection and within the process.
func everywhere(t *testing.T, f func(w *st.World, ep string)) {
	for _, ep := range []string{"mem://a", "inproc://a"} {
		t.Run(ep, func(t *testing.T) {
			st.Run(t, func(w *st.World) { f(w, ep) })
		})
	}
}

// TestHelloMessage goes before all that is queued, on every connection.
// conformance.md 3.8
func TestHelloMessage(t *testing.T) {
	everywhere(t, func(w *st.World, ep string) {
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

// TestHelloMessageOfTypes: other types have none.
func TestHelloMessageOfTypes(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push := w.Socket(pattern.PUSH, func(o *socket.Options) { o.Hello = []byte("hello") })
		pull := w.Socket(pattern.PULL)
		push.MustConnect(pull.MustBind("mem://a"))
		push.MustSend("x")
		pull.WantRecv("x")
	})
}

// TestDisconnectMessage is received by the side that was connected to, when a
// peer is lost or leaves, behind what it sent. conformance.md 3.8
func TestDisconnectMessage(t *testing.T) {
	everywhere(t, func(w *st.World, ep string) {
		router := w.Socket(pattern.ROUTER, func(o *socket.Options) { o.DisconnectMessage = []byte("gone") })
		router.MustBind(ep)
		dealer := w.Socket(pattern.DEALER, func(o *socket.Options) {
			o.RoutingID, o.Hiccup, o.DisconnectMessage = "d", []byte("hiccup"), []byte("not for a dealer")
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
			if frames, peer := router.MustRecv(); frames[0] != "gone" || peer.RoutingID != "d" {
				t.Errorf("%q from %q", frames, peer.RoutingID)
			}
			dealer.WantRecv("hiccup")
			dealer.MustMeet(1)
			dealer.MustSend("last")
			w.Settle()
		}
		dealer.CloseIn(time.Second)
		w.Settle()
		router.WantRecv("last")
		router.WantRecv("gone")
		router.WantNone()
	})
}

// TestNoDisconnectMessageWithoutHandshake: who never got in does not leave.
func TestNoDisconnectMessageWithoutHandshake(t *testing.T) {
	st.Run(t, func(w *st.World) {
		router := w.Socket(pattern.ROUTER, func(o *socket.Options) { o.DisconnectMessage = []byte("gone") })
		router.MustBind("mem://a")
		p := w.Dial("a")
		p.Must(st.Greeting())
		p.Close()
		named := func(o *socket.Options) { o.RoutingID = "id" }
		first, second := w.Socket(pattern.DEALER, named), w.Socket(pattern.DEALER, named)
		first.MustConnect("mem://a")
		first.MustMeet(1)
		router.MustMeet(1) // or the second might be the first
		second.MustConnect("mem://a")
		time.Sleep(time.Minute)
		router.WantNone()
	})
}

// TestHandover: the peer that comes later has the id, and the earlier one is
// sent away. conformance.md 3.3
func TestHandover(t *testing.T) {
	everywhere(t, func(w *st.World, ep string) {
		router := w.Socket(pattern.ROUTER, func(o *socket.Options) { o.Pattern.Handover = true })
		router.MustBind(ep)
		named := func(o *socket.Options) {
			o.RoutingID = "id"
			o.ReconnectInterval = 0 // or they would take it from each other for ever
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
			ends := router.Heard(session.Disconnected)
			if len(ends) != 1 || !errors.Is(ends[0].Err, pattern.ErrHandover) {
				t.Errorf("ends %+v", ends)
			}
		}
	})
}

// TestConnectAs: the routing id that we give to the far end is good from then
// on, whoever is there and whatever they call themselves. conformance.md 3.3
func TestConnectAs(t *testing.T) {
	everywhere(t, func(w *st.World, ep string) {
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
			t.Errorf("to its own name: %v", err)
		}
		if err := router.ConnectAs(ep, "alias"); !errors.Is(err, pattern.ErrDuplicateRoutingID) {
			t.Errorf("a second alias: %v", err)
		}
		if err := router.ConnectAs(ep, "\x00x"); !errors.Is(err, socket.ErrInvalidOption) {
			t.Errorf("an alias that begins with zero: %v", err)
		}
	})
}

// TestConflate: of what waits only the newest message is kept, whole, and no
// high-water mark holds anybody up. conformance.md 3.1
func TestConflate(t *testing.T) {
	conflate := func(o *socket.Options) { o.Conflate = true }
	for _, side := range []string{"sender", "receiver"} {
		for _, pair := range []struct{ from, to pattern.Type }{
			{pattern.PUSH, pattern.PULL}, {pattern.DEALER, pattern.DEALER}, {pattern.PUB, pattern.SUB},
		} {
			everywhere(t, func(w *st.World, ep string) {
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
				to.MustMeet(1)
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
					t.Errorf("%s conflates %v: received %d, the last %q", side, pair, n, last)
				}
				dropped := from.Stats().Drops[pipe.DropConflated] + to.Stats().Drops[pipe.DropConflated]
				if uint64(n)+dropped != 3000 {
					t.Errorf("%s conflates %v: received %d and counted %d of 3000", side, pair, n, dropped)
				}
			})
		}
	}
}

// TestHandoverIsNoFarewell: a peer whose id another takes over has no last
// words, for whoever reads them would take them for the other's.
func TestHandoverIsNoFarewell(t *testing.T) {
	everywhere(t, func(w *st.World, ep string) {
		router := w.Socket(pattern.ROUTER, func(o *socket.Options) {
			o.Pattern.Handover, o.DisconnectMessage = true, []byte("gone")
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
		router.WantRecv("gone")
		router.WantNone()
	})
}

// TestConflatingSubscriberSubscribes to all it wants, over inproc too, where its
// subscriptions lie in a queue.
func TestConflatingSubscriberSubscribes(t *testing.T) {
	for _, binds := range []bool{false, true} {
		everywhere(t, func(w *st.World, ep string) {
			xpub := w.Socket(pattern.XPUB)
			sub := w.Socket(pattern.SUB, func(o *socket.Options) { o.Conflate = true })
			if binds {
				sub.MustBind(ep)
				xpub.MustConnect(ep)
			} else {
				xpub.MustBind(ep)
				sub.MustConnect(ep)
			}
			sub.MustMeet(1)
			subscribe(t, sub, true, "a", "b", "c")
			for _, topic := range []string{"a", "b", "c"} {
				xpub.WantRecv("\x01" + topic)
			}
		})
	}
}

// TestEmptyAutomaticMessages are messages too: who wants none says nothing.
func TestEmptyAutomaticMessages(t *testing.T) {
	everywhere(t, func(w *st.World, ep string) {
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
