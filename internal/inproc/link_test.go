package inproc_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/endpoint"
	"github.com/zerobroker/zmq/internal/inproc"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

const name = "inproc://x"

// Bind joins the connectors in the order of their Connect, and receives the
// messages they sent before.
func TestBindJoinsWaitingConnectorsInOrder(t *testing.T) {
	st.Run(t, func(w *st.World) {
		var dealers []*st.Socket
		for i := range 5 {
			d := w.Socket(pattern.DEALER, st.ID(fmt.Sprint("dealer ", i)))
			d.MustConnect(name)
			for k := range 3 {
				d.MustSend(fmt.Sprint(k))
			}
			dealers = append(dealers, d)
		}
		router := w.Socket(pattern.ROUTER)
		router.MustBind(name)
		// Fair queuing: the first message of each, in the order of Connect,
		// then the second.
		for k := range 3 {
			for i := range dealers {
				m, from := router.MustRecv()
				if m[0] != fmt.Sprint(k) || from.RoutingID != fmt.Sprint("dealer ", i) {
					t.Errorf("message %q from %q, want message %d of dealer %d", m, from.RoutingID, k, i)
				}
			}
		}
		for i, d := range dealers {
			if err := router.TrySendTo(fmt.Sprint("dealer ", i), st.Of("hello")); err != nil {
				t.Error(err)
			}
			d.WantRecv("hello")
			if n := d.Stats().Peers; n != 1 {
				t.Errorf("%d peers", n)
			}
		}
	})
}

// The order holds in both directions, while both sockets send and the binder
// binds.
func TestLinkDeliversMessagesInOrder(t *testing.T) {
	const n = 3000
	st.Run(t, func(w *st.World) {
		a, b := w.Socket(pattern.PAIR, st.HWM(5, 5)), w.Socket(pattern.PAIR, st.HWM(5, 5))
		a.MustConnect(name)
		send := func(s *st.Socket) {
			for i := range n {
				if err := s.Send(context.Background(), st.Of(fmt.Sprint(i), "body")); err != nil {
					t.Error(err)
				}
			}
		}
		go send(a)
		w.Settle()
		b.MustBind(name)
		go send(b)
		for i := range n {
			a.WantRecv(fmt.Sprint(i), "body")
			b.WantRecv(fmt.Sprint(i), "body")
		}
	})
}

// The high-water mark of a link is the sum of those of sender and receiver, and
// unlimited if either is.
func TestHWMIsSumOfBothEnds(t *testing.T) {
	const many = 20_000 // counts as unlimited
	for _, c := range []struct{ send, recv, before, sum int }{
		{1, 1, 1, 2},
		{1, 2, 1, 3},
		{3, 4, 3, 7},
		{1000, 1000, 1000, 2000},
		{0, 5, many, many},
		{5, 0, 5, many},
		{0, 0, many, many},
	} {
		fill := func(s *st.Socket, had int) int {
			for n := had; n < many; n++ {
				if s.TrySend(st.Of("fill")) != nil {
					return n
				}
			}
			return many
		}
		// 77 and 99 are the limits of the other direction, which have no
		// effect.
		writer, reader := st.HWM(c.send, 77), st.HWM(99, c.recv)
		t.Run(fmt.Sprint(c.send, "+", c.recv), func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				from, to := w.Socket(pattern.DEALER, writer), w.Socket(pattern.DEALER, reader)
				from.MustConnect(name)
				n := fill(from, 0)
				if n != c.before {
					t.Errorf("before Bind the queue takes %d messages, want %d", n, c.before)
				}
				to.MustBind(name)
				if n = fill(from, n); n != c.sum {
					t.Errorf("from connector to binder the queue takes %d messages, want %d", n, c.sum)
				}
				for range n {
					to.WantRecv("fill")
				}
				to.WantNone()
			})
			st.Run(t, func(w *st.World) {
				from, to := w.Socket(pattern.DEALER, writer), w.Socket(pattern.DEALER, reader)
				from.MustBind(name)
				to.MustConnect(name)
				if n := fill(from, 0); n != c.sum {
					t.Errorf("from binder to connector the queue takes %d messages, want %d", n, c.sum)
				}
			})
		})
	}
}

// Before Bind only the high-water mark of the sender counts. Bind adds that of
// the receiver, so a blocked Send continues.
func TestBindWakesBlockedSender(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push, pull := w.Socket(pattern.PUSH, st.HWM(2, 2)), w.Socket(pattern.PULL, st.HWM(2, 2))
		push.MustConnect(name)
		push.Fill()
		time.AfterFunc(time.Minute, func() { pull.MustBind(name) })
		if d := st.After(func() { push.MustSend("third") }); d != time.Minute {
			t.Errorf("Send waited %v", d)
		}
	})
}

func TestUnbindFreesNameAndKeepsLinks(t *testing.T) {
	st.Run(t, func(w *st.World) {
		old, next := w.Socket(pattern.PAIR), w.Socket(pattern.PAIR)
		first, second := w.Socket(pattern.PAIR), w.Socket(pattern.PAIR)
		old.MustBind(name)
		first.MustConnect(name)
		if _, err := next.Bind(name); !errors.Is(err, inproc.ErrEndpointInUse) {
			t.Errorf("binding a name in use: %v", err)
		}
		if _, err := old.Bind(name); !errors.Is(err, inproc.ErrEndpointInUse) {
			t.Errorf("binding a name twice: %v", err)
		}
		if err := old.Unbind(name); err != nil {
			t.Fatal(err)
		}
		if err := old.Unbind(name); !errors.Is(err, socket.ErrEndpointNotFound) {
			t.Errorf("unbinding a second time: %v", err)
		}
		old.MustSend("still linked")
		first.WantRecv("still linked")
		first.MustSend("still linked")
		old.WantRecv("still linked")

		second.MustConnect(name)
		second.MustSend("to the next")
		next.MustBind(name)
		next.WantRecv("to the next")
		old.WantNone()
		old.WantKinds(session.Listening, session.Ready, session.ListenerClosed)
	})
}

// Unlike a dialer, a link does not reconnect.
func TestLinkIsNotMadeAgainWhenBinderCloses(t *testing.T) {
	st.Run(t, func(w *st.World) {
		old, next, push := w.Socket(pattern.PULL), w.Socket(pattern.PULL), w.Socket(pattern.PUSH)
		old.MustBind(name)
		push.MustConnect(name)
		push.MustSend("x")
		old.CloseIn(0)
		old.WantDrops(map[pipe.Drop]uint64{pipe.DropUnread: 1})
		if n := push.Stats().Peers; n != 0 {
			t.Errorf("%d peers", n)
		}
		next.MustBind(name)
		push.WantFull()
		time.Sleep(time.Hour)
		push.WantFull()
		push.MustConnect(name)
		push.MustSend("y")
		next.WantRecv("y")
	})
}

func TestNamespacesAreIndependent(t *testing.T) {
	st.Run(t, func(w *st.World) {
		other := inproc.NewNamespace()
		here, there := w.Socket(pattern.PULL), w.Socket(pattern.PULL, func(o *socket.Options) { o.Namespace = other })
		here.MustBind(name)
		there.MustBind(name)
		push := w.Socket(pattern.PUSH, func(o *socket.Options) { o.Namespace = other })
		push.MustConnect(name)
		push.MustSend("x")
		there.WantRecv("x")
		here.WantNone()
	})
}

// Close and Disconnect do not wait, because the peer can still read the
// messages queued for it.
func TestPeerReadsQueuedMessagesAfterClose(t *testing.T) {
	const n = 100
	for _, binds := range []bool{true, false} {
		for _, how := range []string{"close", "disconnect"} {
			if binds && how == "disconnect" {
				continue // Unbind keeps links
			}
			st.Run(t, func(w *st.World) {
				from, to := w.Socket(pattern.DEALER), w.Socket(pattern.DEALER)
				if binds {
					from.MustBind(name)
					to.MustConnect(name)
				} else {
					to.MustBind(name)
					from.MustConnect(name)
				}
				for i := range n {
					from.MustSend(fmt.Sprint(i))
				}
				to.MustSend("unread")
				if how == "disconnect" {
					if err := from.Disconnect(name); err != nil {
						t.Fatal(err)
					}
					from.WantRecv("unread")
				}
				var unsent int
				if d := st.After(func() { unsent = from.CloseIn(time.Minute) }); d != 0 || unsent != 0 {
					t.Errorf("binds %v, %s: Close took %v and returned %d unsent messages", binds, how, d, unsent)
				}
				to.WantFull()
				for i := range n {
					to.WantRecv(fmt.Sprint(i))
				}
				to.WantNone()
				if len(to.Peers()) != 0 {
					t.Error("the closed socket is still a peer")
				}
				dropped := map[pipe.Drop]uint64{}
				if how == "close" {
					dropped[pipe.DropUnread] = 1
				}
				from.WantDrops(dropped)
				to.WantDrops(nil)
			})
		}
	}
}

// A link without queued messages ends at once.
func TestDisconnectBeforeBindDeliversQueuedMessages(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push, idle := w.Socket(pattern.PUSH), w.Socket(pattern.PUSH)
		push.MustConnect(name)
		idle.MustConnect(name)
		push.MustSend("x")
		for _, s := range []*st.Socket{push, idle} {
			if err := s.Disconnect(name); err != nil {
				t.Fatal(err)
			}
			s.WantFull()
		}
		pull := w.Socket(pattern.PULL)
		pull.MustBind(name)
		pull.WantRecv("x")
		pull.WantNone()
		for _, s := range []*st.Socket{push, idle, pull} {
			if n := s.Stats().Peers; n != 0 {
				t.Errorf("%d peers", n)
			}
			if d := st.After(func() { s.CloseIn(time.Minute) }); d != 0 {
				t.Errorf("Close took %v", d)
			}
		}
	})
}

// Both ends report the refusal, in either order of Bind and Connect.
func TestLinkOfIncompatibleTypesIsRefused(t *testing.T) {
	for _, bindFirst := range []bool{true, false} {
		st.Run(t, func(w *st.World) {
			push, pub := w.Socket(pattern.PUSH), w.Socket(pattern.PUB)
			if bindFirst {
				pub.MustBind(name)
				push.MustConnect(name)
			} else {
				push.MustConnect(name)
				push.MustSend("x")
				pub.MustBind(name)
				push.WantDrops(map[pipe.Drop]uint64{pipe.DropNoRoute: 1})
			}
			for _, s := range []*st.Socket{push, pub} {
				refused := s.EventsOf(session.PeerRefused)
				if len(refused) != 1 || refused[0].Endpoint != name || refused[0].Err == nil {
					t.Errorf("bind first %v: refused %+v", bindFirst, refused)
				}
				if n := s.Stats().Peers; n != 0 {
					t.Errorf("%d peers", n)
				}
			}
			push.WantFull()
			if d := st.After(func() { push.CloseIn(time.Minute) }); d != 0 {
				t.Errorf("Close took %v", d)
			}
		})
	}
}

// A PAIR refuses a second peer, and a ROUTER a second peer with the same
// routing ID.
func TestSocketRefusesSecondInprocPeer(t *testing.T) {
	for _, c := range []struct {
		bound, connected pattern.Type
		want             error
	}{
		{pattern.PAIR, pattern.PAIR, pattern.ErrPeerExists},
		{pattern.ROUTER, pattern.DEALER, pattern.ErrDuplicateRoutingID},
	} {
		st.Run(t, func(w *st.World) {
			bound := w.Socket(c.bound)
			bound.MustBind(name)
			first, second := w.Socket(c.connected, st.ID("same")), w.Socket(c.connected, st.ID("same"))
			first.MustConnect(name)
			second.MustConnect(name)
			for _, s := range []*st.Socket{bound, second} {
				refused := s.EventsOf(session.PeerRefused)
				if len(refused) != 1 || !errors.Is(refused[0].Err, c.want) {
					t.Errorf("refused %+v, want %v", refused, c.want)
				}
			}
			second.MustSend("waits")
			first.MustSend("x")
			bound.WantRecv("x")
			bound.WantNone()
			if n := bound.Stats().Peers; n != 1 {
				t.Errorf("%d peers", n)
			}
		})
	}
}

// A blocked link connects until it is joined. A refused link is closed.
func TestEndpointsReportsStateAndErrorOfLink(t *testing.T) {
	st.Run(t, func(w *st.World) {
		want := func(s *st.Socket, state endpoint.State, err error) {
			t.Helper()
			e := s.Endpoints()[0]
			if e.State != state || !errors.Is(e.Err, err) || (e.Err != nil) != (err != nil) {
				t.Errorf("state %v, error %v; want %v, %v", e.State, e.Err, state, err)
			}
		}
		bound, first, second, push := w.Socket(pattern.PAIR), w.Socket(pattern.PAIR), w.Socket(pattern.PAIR), w.Socket(pattern.PUSH)
		first.MustConnect(name)
		want(first, endpoint.Connecting, nil)
		bound.MustBind(name)
		want(first, endpoint.Connected, nil)

		second.MustConnect(name)
		want(second, endpoint.Connecting, pattern.ErrPeerExists)
		first.CloseIn(0)
		want(second, endpoint.Connected, nil)

		push.MustConnect(name)
		if e := push.Endpoints()[0]; e.State != endpoint.Closed || e.Err == nil {
			t.Errorf("state %v, error %v of a link between incompatible types", e.State, e.Err)
		}
	})
}
