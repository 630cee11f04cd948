package inproc_test

import (
	"context"
	"errors"
	"fmt"
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
						first.MustMeet(1)
						connect(t, second, name)
						for _, s := range []*st.Socket{bound, second} {
							if r := s.Heard(session.PeerRefused); len(r) != 1 || !errors.Is(r[0].Err, c.why) {
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
						second.MustMeet(1)
						if c.bound == pattern.ROUTER {
							if err := bound.TrySendTo("same", st.Of("back")); err != nil {
								t.Error(err)
							}
						} else {
							bound.MustSend("back")
						}
						second.WantRecv("back")
						second.WantDrops(nil)
						if n := len(second.Heard(session.PeerRefused)); n != 1 {
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
		if r := router.Heard(session.PeerRefused); len(r) != 1 || !errors.Is(r[0].Err, pattern.ErrDuplicateRoutingID) {
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

// The binder that refused the link unbinds the name or closes, and another
// socket binds it.
func TestBlockedLinkIsJoinedByNextBinder(t *testing.T) {
	for _, c := range []struct {
		closes bool
		first  string // endpoint of the first peer
	}{{false, name}, {true, name}, {false, "mem://a"}, {true, "mem://a"}, {false, "inproc://first"}, {true, "inproc://first"}} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				old, next, first, second := w.Socket(pattern.PAIR), w.Socket(pattern.PAIR), w.Socket(pattern.PAIR), w.Socket(pattern.PAIR)
				old.MustBind(name)
				if c.first == name {
					first.MustConnect(name)
				} else {
					first.MustBind(c.first)
					old.MustConnect(c.first)
					old.MustMeet(1)
				}
				second.MustConnect(name)
				second.MustSend("x")
				if c.closes {
					old.CloseIn(0)
				} else if err := old.Unbind(name); err != nil {
					t.Fatal(err)
				}
				first.CloseIn(0)
				if n := len(second.Peers()); n != 0 {
					t.Errorf("%d peers", n)
				}
				next.MustBind(name)
				next.WantRecv("x")
				second.WantDrops(nil)
				next.MustSend("y")
				second.WantRecv("y")
			})
		})
	}
}

// Queued messages are delivered if the link is joined within the linger period,
// and counted as dropped if not.
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
		if r := dealer.Heard(session.PeerRefused); len(r) != 1 || !errors.Is(r[0].Err, pattern.ErrDuplicateRoutingID) {
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
