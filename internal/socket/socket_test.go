package socket_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// TestPushBlocksWhenFull: every accepted message arrives, and Send blocks while
// the queue is full.
func TestPushBlocksWhenFull(t *testing.T) {
	for _, hwm := range []int{1, 2, 10, 1000} {
		t.Run(fmt.Sprint(hwm), func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				pull, push := w.Socket(pattern.PULL, st.HWM(hwm, hwm)), w.Socket(pattern.PUSH, st.HWM(hwm, hwm))
				w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(100) })
				push.MustConnect(pull.MustBind("mem://a"))
				push.WaitPeers(1)
				full := push.Fill()
				if full < 2*hwm {
					t.Errorf("%d messages queued, want at least %d", full, 2*hwm)
				}
				push.WantFull()
				sent := make(chan error, 1)
				go func() { sent <- push.Send(context.Background(), st.Of("last")) }()
				time.Sleep(time.Hour)
				if err := pending(sent); err != errNone {
					t.Fatalf("Send returned %v", err)
				}
				for range full {
					pull.WantRecv("fill")
				}
				pull.WantRecv("last")
				if err := <-sent; err != nil {
					t.Error(err)
				}
				pull.WantNone()
				push.WantDrops(nil)
				pull.WantDrops(nil)
			})
		})
	}
}

// TestPushQueuesForConnectedEndpointOnly: without a peer, a PUSH that bound an
// endpoint would block, and a PUSH that connected to one queues messages for
// it.
func TestPushQueuesForConnectedEndpointOnly(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push := w.Socket(pattern.PUSH, st.HWM(3, 3))
		push.MustBind("mem://a")
		push.WantFull()
		push.MustConnect("mem://later")
		if n := push.Fill(); n != 3 {
			t.Errorf("%d messages queued without a peer, want 3", n)
		}
		pull := w.Socket(pattern.PULL)
		pull.MustBind("mem://later")
		for range 3 {
			pull.WantRecv("fill")
		}
	})
}

// refused checks that s has refused at least one peer, and every peer for the
// same reason.
func refused(t *testing.T, s *st.Socket, want error) {
	t.Helper()
	all := s.EventsOf(session.PeerRefused)
	if len(all) == 0 {
		t.Error("no peer was refused")
	}
	for _, ev := range all {
		if !errors.Is(ev.Err, want) || ev.Remote == nil {
			t.Errorf("refused: %+v, want %v", ev, want)
		}
	}
	s.WantCloseReasons(nil)
}

// TestSecondPairIsRefused: a PAIR refuses a second peer until the first has
// disconnected.
func TestSecondPairIsRefused(t *testing.T) {
	st.Run(t, func(w *st.World) {
		bound, first, second := w.Socket(pattern.PAIR), w.Socket(pattern.PAIR), w.Socket(pattern.PAIR)
		bound.MustBind("mem://a")
		first.MustConnect("mem://a")
		first.WaitPeers(1)
		bound.WaitPeers(1) // otherwise the second socket might connect first
		second.MustConnect("mem://a")
		time.Sleep(10 * time.Second)
		refused(t, bound, pattern.ErrPeerExists)
		bound.WantNone()
		bound.MustSend("to the first")
		first.WantRecv("to the first")
		if n := bound.Stats().Peers; n != 1 {
			t.Errorf("%d peers, want 1", n)
		}
		first.CloseIn(0)
		time.Sleep(10 * time.Second) // until the next attempt
		second.MustSend("from the second")
		bound.WantRecv("from the second")
		bound.MustSend("to the second")
		second.WantRecv("to the second")
	})
}

func TestPairConnectsToOneEndpoint(t *testing.T) {
	st.Run(t, func(w *st.World) {
		pair := w.Socket(pattern.PAIR)
		pair.MustConnect("mem://a")
		if err := pair.Connect("mem://b"); !errors.Is(err, pattern.ErrPeerExists) {
			t.Errorf("connecting a second time: %v", err)
		}
		if err := pair.Connect("inproc://b"); !errors.Is(err, pattern.ErrPeerExists) {
			t.Errorf("connecting a second time: %v", err)
		}
		if err := pair.Disconnect("mem://a"); err != nil {
			t.Fatal(err)
		}
		pair.MustConnect("mem://b")
	})
}

// TestDuplicateRoutingIDIsRefused: a second peer with the same routing ID is
// refused, and the first keeps its connection.
func TestDuplicateRoutingIDIsRefused(t *testing.T) {
	st.Run(t, func(w *st.World) {
		router := w.Socket(pattern.ROUTER)
		router.MustBind("mem://a")
		first, second := w.Socket(pattern.DEALER, st.ID("x")), w.Socket(pattern.DEALER, st.ID("x"))
		first.MustConnect("mem://a")
		router.WaitPeers(1)
		second.MustConnect("mem://a")
		time.Sleep(10 * time.Second)
		refused(t, router, pattern.ErrDuplicateRoutingID)
		router.WantNone()
		if err := router.TrySendTo("x", st.Of("hello")); err != nil {
			t.Error(err)
		}
		first.WantRecv("hello")
		first.MustSend("first")
		if m, from := router.MustRecv(); m[0] != "first" || from.RoutingID != "x" {
			t.Errorf("received %q from %+v", m, from)
		}
		first.CloseIn(0)
		time.Sleep(10 * time.Second) // until the next attempt
		second.MustSend("second")
		if m, _ := router.MustRecv(); m[0] != "second" {
			t.Errorf("received %q", m)
		}
		if err := router.TrySendTo("unknown", st.Of("hello")); err != pattern.ErrNoRoute {
			t.Errorf("sending to an unknown routing ID: %v", err)
		}
	})
}

// TestRouterFullPeerBlocksNoOther: each peer of a ROUTER has its own queue.
func TestRouterFullPeerBlocksNoOther(t *testing.T) {
	st.Run(t, func(w *st.World) {
		router := w.Socket(pattern.ROUTER, st.HWM(2, 2))
		router.MustBind("mem://a")
		slow := w.Dial("a")
		slow.Handshake("DEALER", "Identity", "slow")
		w.Net.Links()[0].Down().SetBuffer(50)
		fast := w.Socket(pattern.DEALER, st.ID("fast"))
		fast.MustConnect("mem://a")
		router.WaitPeers(2)
		n := 0
		for ; router.TrySendTo("slow", st.Of("message")) == nil; n++ {
			w.Settle()
		}
		for i := range 100 {
			if err := router.SendTo(context.Background(), "fast", st.Of(fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
			fast.WantRecv(fmt.Sprint(i))
		}
		for range n {
			slow.Message()
		}
		w.Settle()
		if err := router.TrySendTo("slow", st.Of("again")); err != nil {
			t.Errorf("sending after the slow peer has read everything: %v", err)
		}
	})
}

// TestMessagesOfRefusedPeerAreCounted: the second peer of a PAIR may send
// before it reads that it is refused. Its messages are dropped and counted.
func TestMessagesOfRefusedPeerAreCounted(t *testing.T) {
	st.Run(t, func(w *st.World) {
		pair := w.Socket(pattern.PAIR)
		pair.MustBind("mem://a")
		first := w.Dial("a")
		first.Handshake("PAIR")
		second := w.Dial("a")
		second.MustWrite(st.Greeting(), st.Ready("Socket-Type", "PAIR"), st.Message("one"), st.Message("two", "frames"), st.Message("cut")[:3])
		second.WaitClosed()
		refused(t, pair, pattern.ErrPeerExists)
		pair.WantDrops(map[pipe.Drop]uint64{pipe.DropRefused: 2})
		first.MustWrite(st.Message("after"))
		pair.WantRecv("after")
	})
}

// TestEventsArriveInOrder compares the events of both sockets of a connection
// that is lost and made again.
func TestEventsArriveInOrder(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push := w.Socket(pattern.PUSH)
		push.MustConnect("mem://a") // nothing is bound there yet
		w.Settle()
		push.WantKinds(session.Retrying)
		pull := w.Socket(pattern.PULL)
		pull.MustBind("mem://a")
		push.WaitPeers(1)
		push.MustSend("x")
		pull.WantRecv("x")
		w.Net.Links()[0].Cut(memnet.RST)
		w.Settle()
		push.MustSend("y")
		pull.WantRecv("y")
		push.CloseIn(time.Minute)
		w.Settle() // otherwise the listener might be closed before the disconnect is noticed
		pull.CloseIn(time.Minute)

		// One attempt or several may have failed before the peer was bound.
		past := push.History()
		for len(past) > 1 && past[0].Kind == session.Retrying && past[1].Kind == session.Retrying {
			past = past[1:]
		}
		var kinds []session.Kind
		for i, ev := range past {
			kinds = append(kinds, ev.Kind)
			if ev.Endpoint != "mem://a" || i > 0 && ev.Time.Before(past[i-1].Time) {
				t.Errorf("event %d: %+v", i, ev)
			}
			switch ev.Kind {
			case session.Retrying:
				if ev.Err == nil || ev.Delay <= 0 {
					t.Errorf("a failed attempt: %+v", ev)
				}
			case session.Ready:
				if ev.Peer == nil || ev.Peer.SocketType != "PULL" || ev.Local == nil || ev.Remote == nil {
					t.Errorf("a handshake: %+v, peer %+v", ev, ev.Peer)
				}
			case session.Disconnected:
				if ev.Err == nil {
					t.Errorf("disconnected without a reason: %+v", ev)
				}
			}
		}
		const connecting, connected, ready, lost = session.Retrying, session.Connected, session.Ready, session.Disconnected
		want := []session.Kind{connecting, connected, ready, lost, connecting, connected, ready, lost}
		if fmt.Sprint(kinds) != fmt.Sprint(want) {
			t.Errorf("events of the connecting socket are %v, want %v", kinds, want)
		}
		pull.WantKinds(session.Listening,
			session.Accepted, session.Ready, session.Disconnected,
			session.Accepted, session.Ready, session.Disconnected,
			session.ListenerClosed)
	})
}

// TestSlowEventListenerReceivesMissedCount: a listener that does not read
// events loses some. It receives their number, and the socket does not wait for
// it.
func TestSlowEventListenerReceivesMissedCount(t *testing.T) {
	const n = 2000
	st.Run(t, func(w *st.World) {
		pull := w.Socket(pattern.PULL)
		watcher := pull.Watch()
		for i := range n {
			pull.MustBind(fmt.Sprint("mem://", i))
		}
		got := 0
		for {
			ev, ok := watcher.Next(st.Ended())
			if !ok {
				break
			}
			if ev.Missed != 0 || ev.Endpoint != fmt.Sprint("mem://", got) {
				t.Fatalf("event %d: %+v", got, ev)
			}
			got++
		}
		pull.MustBind("mem://last")
		ev, _ := watcher.Next(st.Ended())
		if ev.Endpoint != "mem://last" || ev.Missed != n-got {
			t.Errorf("%+v after %d of %d events", ev, got, n)
		}
		if c := pull.Stats().Events[session.Listening]; c != n+1 {
			t.Errorf("%d Listening events counted", c)
		}
		watcher.Stop()
		pull.CloseIn(0)
		if _, ok := watcher.Next(st.Ended()); ok {
			t.Error("an event after Stop")
		}
	})
}

// TestStatsCountMessagesAndBytes checks the counters of messages, their bytes,
// queued messages and peers.
func TestStatsCountMessagesAndBytes(t *testing.T) {
	for _, ep := range []string{"mem://a", "inproc://a"} {
		st.Run(t, func(w *st.World) {
			pull, push := w.Socket(pattern.PULL), w.Socket(pattern.PUSH)
			push.MustConnect(ep)
			for range 3 {
				push.MustSend("four", "and", "")
			}
			if s := push.Stats(); s.MsgsSent != 3 || s.BytesSent != 21 || s.QueuedSend != 3 || s.Peers != 0 {
				t.Errorf("%s: before the connection: %+v", ep, s)
			}
			pull.MustBind(ep)
			push.WaitPeers(1)
			w.Settle()
			// Over inproc both sockets share one queue.
			if s := push.Stats(); s.MsgsSent != 3 || s.BytesSent != 21 || s.Peers != 1 || ep == "mem://a" && s.QueuedSend != 0 {
				t.Errorf("%s: sender: %+v", ep, s)
			}
			if s := pull.Stats(); s.MsgsReceived != 0 || s.QueuedRecv != 3 || s.Peers != 1 {
				t.Errorf("%s: receiver before it receives: %+v", ep, s)
			}
			pull.WantRecv("four", "and", "")
			if s := pull.Stats(); s.MsgsReceived != 1 || s.BytesReceived != 7 || s.QueuedRecv != 2 {
				t.Errorf("%s: receiver: %+v", ep, s)
			}
			push.CloseIn(time.Minute)
			w.Settle()
			if s := pull.Stats(); s.Peers != 0 || s.QueuedRecv != 2 || len(pull.Peers()) != 0 {
				t.Errorf("%s: receiver after the sender disconnected: %+v", ep, s)
			}
			pull.CloseIn(0)
			pull.WantDrops(map[pipe.Drop]uint64{pipe.DropUnread: 2})
		})
	}
}

// TestConcurrentSendersKeepMultipartMessagesWhole sends messages of several
// frames from many goroutines on one socket.
func TestConcurrentSendersKeepMultipartMessagesWhole(t *testing.T) {
	const senders, each = 20, 50
	for _, ep := range []string{"mem://a", "inproc://a"} {
		for _, typ := range []pattern.Type{pattern.PUSH, pattern.DEALER, pattern.PAIR, pattern.PUB} {
			t.Run(strings.TrimSuffix(ep, "://a")+" "+pattern.Types[typ].Name, func(t *testing.T) {
				st.Run(t, func(w *st.World) {
					w.Net.OnLink(func(l *memnet.Link) { l.Up().SetChunk(100) })
					far := map[pattern.Type]pattern.Type{pattern.PUSH: pattern.PULL, pattern.PUB: pattern.SUB}[typ]
					if far == 0 {
						far = typ
					}
					hwm := 7
					if typ == pattern.PUB {
						hwm = 0
					}
					from, to := w.Socket(typ, st.HWM(hwm, hwm)), w.Socket(far, st.HWM(hwm, hwm))
					from.MustBind(ep)
					to.MustConnect(ep)
					from.WaitPeers(1)
					if typ == pattern.PUB {
						subscribe(t, to, true, "")
						if err := from.WaitSubscribers(context.Background(), 1, nil); err != nil {
							t.Fatal(err)
						}
					}
					var all sync.WaitGroup
					for s := range senders {
						all.Go(func() {
							for i := range each {
								label := fmt.Sprint(s, " ", i)
								frames := []string{label}
								for f := range i % 5 {
									frames = append(frames, label+strings.Repeat("x", f*100))
								}
								if err := from.Send(context.Background(), st.Of(frames...)); err != nil {
									t.Error(err)
								}
							}
						})
					}
					next := make([]int, senders)
					for range senders * each {
						frames, _ := to.MustRecv()
						sender, number, _ := strings.Cut(frames[0], " ")
						s, _ := strconv.Atoi(sender)
						i, _ := strconv.Atoi(number)
						if i != next[s] || len(frames) != 1+i%5 {
							t.Fatalf("message %d of sender %d has %d frames, want message %d", i, s, len(frames), next[s])
						}
						for f, b := range frames[1:] {
							if b != frames[0]+strings.Repeat("x", f*100) {
								t.Fatalf("frame %d of %q is %.20q", f+1, frames[0], b)
							}
						}
						next[s]++
					}
					all.Wait()
					from.WantDrops(nil)
					to.WantDrops(nil)
				})
			})
		}
	}
}

func TestPeersReportsTypeIDAndAddress(t *testing.T) {
	st.Run(t, func(w *st.World) {
		router := w.Socket(pattern.ROUTER)
		router.MustBind("mem://a")
		p := w.Dial("a")
		p.Handshake("DEALER", "Identity", "me", "X-Mine", "yes")
		router.WaitPeers(1)
		list := router.Peers()
		if len(list) != 1 {
			t.Fatalf("%d peers", len(list))
		}
		got := *list[0]
		if got.SocketType != "DEALER" || got.RoutingID != "me" || got.Mechanism != "NULL" ||
			got.Remote.String() != p.LocalAddr().String() || got.Properties["x-mine"] != "yes" {
			t.Errorf("a peer is %+v", got)
		}
		p.MustWrite(st.Message("x"))
		var m msg.Msg
		if err := router.Recv(context.Background(), &m); err != nil || m.From != list[0] {
			t.Errorf("a message from %+v, %v", m.From, err)
		}
		p.Close()
		w.Settle()
		if n := len(router.Peers()); n != 0 {
			t.Errorf("%d peers after it disconnected, want 0", n)
		}
	})
}
