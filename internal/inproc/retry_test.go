package inproc_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// contested has pairs of socket types in which the binder admits only one of
// two connectors.
var contested = []struct {
	bound, connected pattern.Type
	why              error
}{
	{pattern.PAIR, pattern.PAIR, pattern.ErrPeerExists},
	{pattern.CHANNEL, pattern.CHANNEL, pattern.ErrPeerExists},
	{pattern.ROUTER, pattern.DEALER, pattern.ErrDuplicateRoutingID},
	{pattern.ROUTER, pattern.ROUTER, pattern.ErrDuplicateRoutingID},
}

// send sends from a connector to a binder whose routing ID is "bound".
func send(t *testing.T, s *st.Socket, text string) {
	t.Helper()
	var err error
	if s.Type() == pattern.ROUTER {
		err = s.TrySendTo("bound", st.Of(text))
	} else {
		err = s.TrySend(st.Of(text))
	}
	if err != nil {
		t.Errorf("sending %q: %v", text, err)
	}
}

// reply sends from a binder to the connector whose routing ID is "same".
func reply(t *testing.T, s *st.Socket, text string) {
	t.Helper()
	var err error
	if s.Type() == pattern.ROUTER {
		err = s.TrySendTo("same", st.Of(text))
	} else {
		err = s.TrySend(st.Of(text))
	}
	if err != nil {
		t.Errorf("sending %q: %v", text, err)
	}
}

// connect connects to the binder. A ROUTER assigns the routing ID "bound" to
// it.
func connect(t *testing.T, s *st.Socket, ep string) {
	t.Helper()
	alias := ""
	if s.Type() == pattern.ROUTER {
		alias = "bound"
	}
	if err := s.ConnectAs(ep, alias); err != nil {
		t.Fatal(err)
	}
}

// The link then delivers the messages sent meanwhile. The first peer may use
// inproc or a connection, and may end in several ways.
func TestBlockedLinkIsJoinedWhenFirstPeerDisconnects(t *testing.T) {
	for _, c := range contested {
		for _, ep := range []string{name, "mem://a"} {
			for end, leave := range map[string]func(bound, first *st.Socket){
				"Close":      func(_, first *st.Socket) { first.CloseIn(0) },
				"Disconnect": func(_, first *st.Socket) { first.Disconnect(ep) },
				"Unbind":     func(bound, _ *st.Socket) { bound.Unbind(ep) },
			} {
				if end == "Unbind" && ep == name {
					continue // Unbind keeps links
				}
				t.Run(fmt.Sprint(pattern.Types[c.connected].Name, " ", ep, " ", end), func(t *testing.T) {
					st.Run(t, func(w *st.World) {
						bound, first, second := w.Socket(c.bound), w.Socket(c.connected, st.ID("same")), w.Socket(c.connected, st.ID("same"))
						bound.MustBind(name)
						if ep != name {
							bound.MustBind(ep)
						}
						connect(t, first, ep)
						first.WaitPeers(1)
						connect(t, second, name)
						for _, s := range []*st.Socket{bound, second} {
							if r := s.EventsOf(session.PeerRefused); len(r) != 1 || !errors.Is(r[0].Err, c.why) {
								t.Errorf("refused %+v", r)
							}
						}
						for i := range 10 {
							send(t, second, fmt.Sprint(i))
						}
						time.Sleep(time.Hour)
						bound.WantNone()
						leave(bound, first)
						for i := range 10 {
							bound.WantRecv(fmt.Sprint(i))
						}
						second.WaitPeers(1)
						reply(t, bound, "back")
						second.WantRecv("back")
						second.WantDrops(nil)
						if n := len(second.EventsOf(session.PeerRefused)); n != 1 {
							t.Errorf("%d PeerRefused events", n)
						}
					})
				})
			}
		}
	}
}

// The end that refuses a peer may be the connector.
func TestConnectingRouterJoinsBlockedLinkWhenRoutingIDIsFree(t *testing.T) {
	st.Run(t, func(w *st.World) {
		router, first, second := w.Socket(pattern.ROUTER), w.Socket(pattern.DEALER, st.ID("same")), w.Socket(pattern.DEALER, st.ID("same"))
		first.MustBind("inproc://first")
		second.MustBind("inproc://second")
		router.MustConnect("inproc://first")
		router.MustConnect("inproc://second")
		if r := router.EventsOf(session.PeerRefused); len(r) != 1 || !errors.Is(r[0].Err, pattern.ErrDuplicateRoutingID) {
			t.Errorf("refused %+v", r)
		}
		second.WantFull()
		first.CloseIn(0)
		second.MustSend("x")
		router.WantRecv("x")
		if err := router.TrySendTo("same", st.Of("y")); err != nil {
			t.Error(err)
		}
		second.WantRecv("y")
	})
}

// The only peer of a bound PAIR may be one that the PAIR has connected to, also
// by a name that is not bound.
func TestDisconnectOfBoundPairJoinsBlockedLink(t *testing.T) {
	for _, ep := range []string{"inproc://unbound", "inproc://bound", "mem://a"} {
		st.Run(t, func(w *st.World) {
			pair, other, waiting := w.Socket(pattern.PAIR), w.Socket(pattern.PAIR), w.Socket(pattern.PAIR)
			other.MustBind("inproc://bound")
			pair.MustBind(name)
			pair.MustConnect(ep)
			waiting.MustConnect(name)
			waiting.MustSend("x")
			pair.WantNone()
			if err := pair.Disconnect(ep); err != nil {
				t.Fatal(err)
			}
			pair.WantRecv("x")
		})
	}
}

// Each time the peer of a PAIR disconnects, the next link is joined.
func TestBlockedLinksAreJoinedInOrder(t *testing.T) {
	st.Run(t, func(w *st.World) {
		bound := w.Socket(pattern.PAIR)
		bound.MustBind(name)
		var pairs []*st.Socket
		for i := range 5 {
			p := w.Socket(pattern.PAIR)
			p.MustConnect(name)
			p.MustSend(fmt.Sprint(i))
			pairs = append(pairs, p)
		}
		for i, p := range pairs {
			bound.WantRecv(fmt.Sprint(i))
			bound.WantNone()
			p.CloseIn(0)
		}
		bound.WantFull()
	})
}

// TestBlockedLinkIsJoinedByNextBinder: when the socket that refused the link
// unbinds the name or closes, the next socket that binds the name receives all
// messages of the link. A Close of the first binder has no effect on them.
func TestBlockedLinkIsJoinedByNextBinder(t *testing.T) {
	unbind := func(s *st.Socket) {
		if err := s.Unbind(name); err != nil {
			t.Fatal(err)
		}
	}
	shut := func(s *st.Socket) { s.CloseIn(0) }
	keep := func(*st.Socket) {}
	for _, c := range contested {
		for _, at := range []string{name, "mem://a", "inproc://first"} { // where the first peer is
			for _, h := range []struct {
				name                         string
				before, afterBind, afterRecv func(old *st.Socket)
			}{
				{"Unbind", unbind, keep, keep},
				{"Close", shut, keep, keep},
				{"Unbind and Close", func(s *st.Socket) { unbind(s); shut(s) }, keep, keep},
				{"Close after the next bind", unbind, shut, keep},
				{"Close after the first message", unbind, keep, shut},
			} {
				t.Run(fmt.Sprint(pattern.Types[c.connected].Name, " ", at, " ", h.name), func(t *testing.T) {
					st.Run(t, func(w *st.World) {
						old, next := w.Socket(c.bound), w.Socket(c.bound)
						first, second := w.Socket(c.connected, st.ID("same")), w.Socket(c.connected, st.ID("same"))
						old.MustBind(name)
						if at == name {
							connect(t, first, name)
						} else {
							first.MustBind(at)
							old.MustConnect(at)
						}
						old.WaitPeers(1)
						connect(t, second, name)
						for i := range 10 {
							send(t, second, fmt.Sprint(i))
						}
						wantUntouched(t, old)
						h.before(old)
						if n := len(second.Peers()); n != 0 {
							t.Errorf("%d peers", n)
						}
						next.MustBind(name)
						second.WaitPeers(1)
						h.afterBind(old)
						next.WantRecv("0")
						h.afterRecv(old)
						for i := range 9 {
							next.WantRecv(fmt.Sprint(i + 1))
						}
						reply(t, next, "back")
						second.WantRecv("back")
						send(t, second, "later")
						next.WantRecv("later")
						second.WantDrops(nil)
						wantUntouched(t, old)
						if sent, received := second.Stats().MsgsSent, next.Stats().MsgsReceived; sent != received {
							t.Errorf("%d messages sent, %d received", sent, received)
						}
					})
				})
			}
		}
	}
}

// wantUntouched fails the test if s has messages to receive, or has received or
// dropped any.
func wantUntouched(t *testing.T, s *st.Socket) {
	t.Helper()
	if n := s.Stats(); n.QueuedRecv != 0 || n.MsgsReceived != 0 {
		t.Errorf("%d messages to receive, %d received", n.QueuedRecv, n.MsgsReceived)
	}
	s.WantDrops(nil)
}

// TestBinderRefusedByTheConnectorIsNotNotified: a bound socket that admits the
// connector and is refused by it receives no notification of it and none of its
// messages. The next binder receives its own notification first.
func TestBinderRefusedByTheConnectorIsNotNotified(t *testing.T) {
	notify := func(o *socket.Options) { o.Pattern.NotifyConnect, o.Pattern.NotifyDisconnect = true, true }
	for _, closes := range []bool{false, true} {
		st.Run(t, func(w *st.World) {
			router, first := w.Socket(pattern.ROUTER, st.ID("router")), w.Socket(pattern.DEALER, st.ID("same"))
			old, next := w.Socket(pattern.ROUTER, st.ID("same"), notify), w.Socket(pattern.ROUTER, st.ID("next"), notify)
			first.MustBind("inproc://first")
			old.MustBind(name)
			router.MustConnect("inproc://first")
			router.MustConnect(name)
			if r := router.EventsOf(session.PeerRefused); len(r) != 1 || !errors.Is(r[0].Err, pattern.ErrDuplicateRoutingID) {
				t.Errorf("refused %+v", r)
			}
			old.WantNone()
			wantUntouched(t, old)
			if n := len(old.Peers()); n != 0 {
				t.Errorf("%d peers", n)
			}
			if closes {
				old.CloseIn(0)
			} else if err := old.Unbind(name); err != nil {
				t.Fatal(err)
			}
			next.MustBind(name)
			if err := router.TrySendTo("next", st.Of("x")); err != nil {
				t.Error(err)
			}
			if _, from := next.MustRecv(); from.Notification != msg.ConnectNotification || from.RoutingID != "router" {
				t.Errorf("received from %+v first, want a connect notification", from)
			}
			next.WantRecv("x")
			next.WantNone()
			wantUntouched(t, old)
		})
	}
}

// TestConnectNotificationPrecedesTheMessagesSentBeforeTheBind: a connector sends
// messages before its name is bound. The binder receives its connect
// notification first.
func TestConnectNotificationPrecedesTheMessagesSentBeforeTheBind(t *testing.T) {
	st.Run(t, func(w *st.World) {
		dealer := w.Socket(pattern.DEALER, st.ID("id"))
		router := w.Socket(pattern.ROUTER, func(o *socket.Options) { o.Pattern.NotifyConnect = true })
		dealer.MustConnect(name)
		dealer.MustSend("x")
		router.MustBind(name)
		if _, from := router.MustRecv(); from.Notification != msg.ConnectNotification {
			t.Errorf("received from %+v first, want a connect notification", from)
		}
		router.WantRecv("x")
	})
}

// TestBlockedLinkLingers: queued messages are delivered if the link is joined within
// the linger period, and counted as dropped if not.
func TestBlockedLinkLingers(t *testing.T) {
	for _, free := range []bool{true, false} {
		for _, by := range []string{"Close", "Disconnect"} {
			t.Run(fmt.Sprint(by, " ", free), func(t *testing.T) {
				st.Run(t, func(w *st.World) {
					bound, first := w.Socket(pattern.PAIR), w.Socket(pattern.PAIR)
					second := w.Socket(pattern.PAIR, func(o *socket.Options) { o.Linger = time.Minute })
					bound.MustBind(name)
					first.MustConnect(name)
					second.MustConnect(name)
					second.MustSend("x")
					want, dropped := time.Minute, 1
					if free {
						want, dropped = time.Second, 0
						time.AfterFunc(want, func() { first.CloseIn(0) })
					}
					if by == "Disconnect" {
						if err := second.Disconnect(name); err != nil {
							t.Fatal(err)
						}
						second.WantFull()
						time.Sleep(want)
						w.Settle()
						want = 0
					}
					unsent := 0
					if d := st.After(func() { unsent = second.CloseIn(time.Minute) }); d != want {
						t.Errorf("Close took %v", d)
					}
					if by == "Close" && unsent != dropped {
						t.Errorf("Close returned %d unsent messages", unsent)
					}
					if !free {
						second.WantDrops(map[pipe.Drop]uint64{pipe.DropLinger: 1})
						first.CloseIn(0)
						bound.WantNone()
						return
					}
					second.WantDrops(nil)
					bound.WantRecv("x")
					bound.WantFull()
				})
			})
		}
	}
}

// A second link between the same two sockets is refused instead of blocked. It
// would get half of the messages and deliver them only after the first ends.
func TestDuplicateLinkIsRefused(t *testing.T) {
	st.Run(t, func(w *st.World) {
		router, dealer := w.Socket(pattern.ROUTER), w.Socket(pattern.DEALER, st.ID("id"))
		router.MustBind(name)
		dealer.MustConnect(name)
		dealer.MustConnect(name)
		if r := dealer.EventsOf(session.PeerRefused); len(r) != 1 || !errors.Is(r[0].Err, pattern.ErrDuplicateRoutingID) {
			t.Errorf("refused %+v", r)
		}
		for i := range 10 {
			dealer.MustSend(fmt.Sprint(i))
		}
		for i := range 10 {
			router.WantRecv(fmt.Sprint(i))
		}
	})
}

// This test runs in real time. Many sockets connect to a binder that admits one
// of them at a time. Each sends one message and closes. No message is lost and
// no socket waits forever.
func TestEveryBlockedLinkIsEventuallyJoined(t *testing.T) {
	const sockets, each = 8, 50
	for _, c := range contested[:3] {
		w := st.New(t, 1)
		bound := w.Socket(c.bound)
		bound.MustBind(name)
		var wg sync.WaitGroup
		for range sockets {
			wg.Go(func() {
				for range each {
					s := w.Socket(c.connected, st.ID("same"))
					if err := errors.Join(s.Connect(name), s.Send(context.Background(), st.Of("x"))); err != nil {
						t.Error(err)
					}
					if loss := s.Close(context.Background()); loss.Unsent != 0 {
						t.Errorf("%d unsent", loss.Unsent)
					}
				}
			})
		}
		for range sockets * each {
			if err := bound.Recv(t.Context(), new(msg.Msg)); err != nil {
				t.Fatal(err)
			}
		}
		wg.Wait()
		if err := bound.TryRecv(new(msg.Msg)); err != pattern.ErrWouldBlock {
			t.Errorf("TryRecv after the last message: %v", err)
		}
	}
}

// TestDisconnectDuringRefusal disconnects endpoints whose link is refused at the
// same time. The connecting socket then looks for unread messages in the pipe of
// the link, which has no inbound queue while it is refused.
func TestDisconnectDuringRefusal(t *testing.T) {
	const contenders, each = 8, 300
	for _, c := range contested[:3] {
		w := st.New(t, 1)
		bound := w.Socket(c.bound)
		bound.MustBind(name)
		var wg sync.WaitGroup
		for range contenders {
			s := w.Socket(c.connected, st.ID("same"), func(o *socket.Options) { o.Linger = 0 })
			wg.Go(func() {
				for range each {
					if err := errors.Join(s.Connect(name), s.Disconnect(name)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
	}
}

// TestMessagesAreCountedOnceWhileBindersAreReplaced runs in real time. Sockets
// with one routing ID connect to two names, send, disconnect and close, while
// the sockets that bind the names are replaced. Each message is received or
// counted as dropped, once. Connect notifications count as received or dropped,
// so the sum is not exact with them.
func TestMessagesAreCountedOnceWhileBindersAreReplaced(t *testing.T) {
	for _, c := range contested {
		replaceBinders(t, c.bound, c.connected, false)
		if c.bound == pattern.ROUTER {
			replaceBinders(t, c.bound, c.connected, true)
		}
	}
}

func replaceBinders(t *testing.T, bound, connected pattern.Type, notify bool) {
	const binders, contenders, each, rounds = 2, 6, 20, 8
	w := st.New(t, 1)
	var all []*st.Socket
	var mu sync.Mutex // guards all
	open := func(typ pattern.Type, id string) *st.Socket {
		mu.Lock()
		defer mu.Unlock()
		s := w.Socket(typ, st.ID(id), func(o *socket.Options) {
			o.Linger = time.Second
			o.Pattern.NotifyConnect, o.Pattern.NotifyDisconnect = notify, notify
		})
		all = append(all, s)
		return s
	}
	transmit := func(s *st.Socket, to string) {
		if s.Type() == pattern.ROUTER {
			s.TrySendTo(to, st.Of("x"))
		} else {
			s.TrySend(st.Of("x"))
		}
		s.TryRecv(new(msg.Msg))
		s.Stats()
	}
	var binding, connecting sync.WaitGroup
	stop := make(chan struct{})
	for i := range binders {
		ep := fmt.Sprint(name, i)
		binding.Go(func() {
			for {
				s := open(bound, fmt.Sprint("bound", i))
				if _, err := s.Bind(ep); err != nil {
					t.Error(err)
				}
				for range each {
					transmit(s, "same")
					runtime.Gosched()
				}
				// The next socket may bind before this one closes.
				if err := s.Unbind(ep); err != nil {
					t.Error(err)
				}
				binding.Go(func() { s.Close(context.Background()) })
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	for range contenders {
		connecting.Go(func() {
			for range rounds {
				s := open(connected, "same")
				for k := range 10 {
					to, ep, alias := fmt.Sprint("bound", k%binders), fmt.Sprint(name, k%binders), ""
					if connected == pattern.ROUTER {
						alias = to
					}
					s.ConnectAs(ep, alias) // fails if s has a peer, or one with that alias
					transmit(s, to)
					if k%3 == 0 {
						connecting.Go(func() { s.Disconnect(ep) })
					}
					transmit(s, to)
				}
				s.Close(t.Context())
			}
		})
	}
	connecting.Wait()
	close(stop)
	binding.Wait()
	var sent, accounted uint64
	for _, s := range all {
		n := s.Stats()
		sent, accounted = sent+n.MsgsSent, accounted+n.MsgsReceived
		for _, d := range n.Drops {
			accounted += d
		}
		if n.QueuedRecv != 0 || n.QueuedSend != 0 {
			t.Errorf("a closed socket has %d messages to send and %d to receive", n.QueuedSend, n.QueuedRecv)
		}
	}
	if sent > accounted || sent != accounted && !notify {
		t.Errorf("%v: %d messages sent, %d received or dropped", pattern.Types[connected].Name, sent, accounted)
	}
}
