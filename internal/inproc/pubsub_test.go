package inproc_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

func subscribe(t *testing.T, s *st.Socket, on bool, topics ...string) {
	t.Helper()
	for _, topic := range topics {
		if err := s.Subscribe(topic, on); err != nil {
			t.Fatal(err)
		}
	}
}

// wantMessages compares the next messages in any order.
func wantMessages(t *testing.T, s *st.Socket, want ...string) {
	t.Helper()
	var got []string
	for range want {
		m, _ := s.MustRecv()
		got = append(got, m...)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("received %q, want %q", got, want)
	}
	s.WantNone()
}

// An XPUB receives the subscriptions made before, during and after joining, and
// their end when the subscriber closes or disconnects.
func TestXPubReceivesSubscriptionsOverInproc(t *testing.T) {
	for _, typ := range []pattern.Type{pattern.SUB, pattern.XSUB} {
		for _, subBinds := range []bool{false, true} {
			for _, how := range []string{"close", "disconnect"} {
				if subBinds && how == "disconnect" {
					continue // Unbind keeps links
				}
				if subBinds && typ == pattern.SUB {
					continue // see TestConnectingXPubReceivesSubscriptionsOfBoundSub
				}
				t.Run(fmt.Sprint(pattern.Types[typ].Name, " binds=", subBinds, " ", how), func(t *testing.T) {
					st.Run(t, func(w *st.World) {
						xpub, sub := w.Socket(pattern.XPUB), w.Socket(typ)
						subscribe(t, sub, true, "before", "cancelled")
						if subBinds {
							sub.MustBind(name)
							xpub.MustConnect(name)
						} else {
							sub.MustConnect(name)
							subscribe(t, sub, true, "between")
							xpub.MustBind(name)
						}
						want := []string{"\x01before", "\x01cancelled"}
						if !subBinds {
							want = append(want, "\x01between")
						}
						wantMessages(t, xpub, want...)
						subscribe(t, sub, true, "after", "after")
						wantMessages(t, xpub, "\x01after")
						subscribe(t, sub, false, "cancelled", "after", "never")
						wantMessages(t, xpub, "\x00cancelled")

						for _, topic := range []string{"before", "after", "cancelled", "other", "bef", ""} {
							xpub.MustSend(topic)
						}
						wantMessages(t, sub, "before", "after")

						if how == "close" {
							sub.CloseIn(0)
						} else if err := sub.Disconnect(name); err != nil {
							t.Fatal(err)
						}
						want = []string{"\x00before", "\x00after"}
						if !subBinds {
							want = append(want, "\x00between")
						}
						wantMessages(t, xpub, want...)
						xpub.MustSend("before")
						xpub.WantDrops(nil)
					})
				})
			}
		}
	}
}

// This is the only pair of types in which the binder sends subscriptions but no
// messages to the connector. A panic would hold locks, so the test does not use
// sockets that are closed at its end.
func TestConnectingXPubReceivesSubscriptionsOfBoundSub(t *testing.T) {
	st.Run(t, func(w *st.World) {
		defer func() {
			if r := recover(); r != nil {
				t.Errorf("panic: %v", r)
			}
		}()
		xpub, err := socket.New(pattern.XPUB, w.Options())
		if err != nil {
			t.Fatal(err)
		}
		sub, err := socket.New(pattern.SUB, w.Options())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sub.Bind(name); err != nil {
			t.Fatal(err)
		}
		if err := sub.Topics().Subscribe("x", true); err != nil {
			t.Fatal(err)
		}
		if err := xpub.Connect(name); err != nil {
			t.Fatal(err)
		}
		var m msg.Msg
		if err := xpub.TryRecv(&m); err != nil || string(m.First) != "\x01x" {
			t.Errorf("received %q, %v", m.First, err)
		}
		if err := xpub.TrySend(st.Of("x")); err != nil {
			t.Error(err)
		}
		if err := sub.TryRecv(&m); err != nil || string(m.First) != "x" {
			t.Errorf("received %q, %v", m.First, err)
		}
		sub.Close(st.Ended())
		if err := xpub.TryRecv(&m); err != nil || string(m.First) != "\x00x" {
			t.Errorf("received %q, %v", m.First, err)
		}
		xpub.Close(st.Ended())
	})
}

// Of several subscribers to one topic, only the first subscription and the last
// cancellation are received.
func TestXPubReceivesFirstAndLastSubscriptionOnly(t *testing.T) {
	st.Run(t, func(w *st.World) {
		xpub, one, two := w.Socket(pattern.XPUB), w.Socket(pattern.SUB), w.Socket(pattern.SUB)
		xpub.MustBind(name)
		one.MustConnect(name)
		two.MustConnect(name)
		subscribe(t, one, true, "x")
		wantMessages(t, xpub, "\x01x")
		subscribe(t, two, true, "x")
		xpub.WantNone()
		one.CloseIn(0)
		xpub.WantNone()
		xpub.MustSend("x")
		two.WantRecv("x")
		subscribe(t, two, false, "x")
		wantMessages(t, xpub, "\x00x")
	})
}

// Messages that match no subscription are not counted as dropped.
func TestPubDoesNotCountUnsubscribedMessagesAsDrops(t *testing.T) {
	st.Run(t, func(w *st.World) {
		pub, sub := w.Socket(pattern.PUB), w.Socket(pattern.SUB)
		pub.MustConnect(name)
		pub.MustSend("early")
		sub.MustBind(name)
		pub.MustSend("early too")
		subscribe(t, sub, true, "")
		if err := sub.WaitSubscribed(context.Background()); err != nil {
			t.Fatal(err)
		}
		pub.MustSend("in time")
		wantMessages(t, sub, "in time")
		pub.WantDrops(nil)
		sub.WantDrops(nil)
	})
}

// The high-water mark of one subscriber is the sum of both ends. Its drops do
// not affect other subscribers.
func TestSlowInprocSubscriberDropsAtItsOwnHWM(t *testing.T) {
	st.Run(t, func(w *st.World) {
		pub := w.Socket(pattern.PUB, st.HWM(3, 0))
		slow, fast := w.Socket(pattern.SUB, st.HWM(0, 4)), w.Socket(pattern.SUB, st.HWM(0, 4))
		pub.MustBind(name)
		for _, s := range []*st.Socket{slow, fast} {
			subscribe(t, s, true, "")
			s.MustConnect(name)
		}
		for i := range 100 {
			pub.MustSend(fmt.Sprint(i))
			fast.WantRecv(fmt.Sprint(i))
		}
		for i := range 7 {
			slow.WantRecv(fmt.Sprint(i))
		}
		slow.WantNone()
		pub.WantDrops(map[pipe.Drop]uint64{pipe.DropHWM: 93})
	})
}

// A message to a PUB is counted as dropped once, at either end.
func TestXSubMessagesReachXPubAndAreDroppedByPub(t *testing.T) {
	st.Run(t, func(w *st.World) {
		xpub, pub, xsub := w.Socket(pattern.XPUB), w.Socket(pattern.PUB), w.Socket(pattern.XSUB)
		xpub.MustBind(name)
		pub.MustBind("inproc://y")
		xsub.MustConnect(name)
		xsub.MustConnect("inproc://y")
		xsub.MustSend("up", "stream")
		xpub.WantRecv("up", "stream")
		dropped := uint64(0)
		for _, s := range []*st.Socket{xsub, pub} {
			for _, n := range s.Stats().Drops {
				dropped += n
			}
		}
		if dropped != 1 {
			t.Errorf("%d messages dropped, want 1", dropped)
		}
	})
}

// Many goroutines connect and close subscribers, to find data races and
// deadlocks.
func TestSubscribersConnectAndCloseDuringPublishing(t *testing.T) {
	st.Run(t, func(w *st.World) {
		xpub := w.Socket(pattern.XPUB, st.HWM(0, 0))
		xpub.MustBind(name)
		stop := make(chan struct{})
		var publishing, subscribing sync.WaitGroup
		publishing.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					xpub.MustSend(fmt.Sprint(i % 10))
				}
			}
		})
		for k := range 8 {
			subscribing.Go(func() {
				for i := range 20 {
					s := w.Socket(pattern.SUB)
					s.MustConnect(name)
					subscribe(t, s, true, fmt.Sprint(k), fmt.Sprint(i%10))
					s.MustRecv()
					switch i % 3 {
					case 0:
						s.CloseIn(0)
					case 1:
						if err := s.Disconnect(name); err != nil {
							t.Error(err)
						}
					case 2:
						subscribe(t, s, false, fmt.Sprint(k), fmt.Sprint(i%10))
						s.CloseIn(0)
					}
				}
			})
		}
		subscribing.Wait()
		close(stop)
		publishing.Wait()
		balance := make(map[string]int)
		for n := xpub.Stats().QueuedRecv; n > 0; n-- {
			m, _ := xpub.MustRecv()
			balance[m[0][1:]] += 2*int(m[0][0]) - 1
		}
		for topic, n := range balance {
			if n != 0 {
				t.Errorf("%q: %d more subscriptions than cancellations received", topic, n)
			}
		}
		if n := xpub.Stats().Peers; n != 0 {
			t.Errorf("%d peers after all have closed", n)
		}
		if len(xpub.EventsOf(session.PeerRefused)) != 0 {
			t.Error("a peer was refused")
		}
		xpub.CloseIn(0)
		if err := xpub.Connect(name); err != socket.ErrClosed {
			t.Error(err)
		}
	})
}
