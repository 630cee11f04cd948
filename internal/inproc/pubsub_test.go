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

// wantNews compares the next messages, in any order.
func wantNews(t *testing.T, s *st.Socket, want ...string) {
	t.Helper()
	var got []string
	for range want {
		m, _ := s.MustRecv()
		got = append(got, m...)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("heard of %q, want %q", got, want)
	}
	s.WantNone()
}

// TestSubscriptionsOverInproc reach an XPUB as they do over a network: before,
// at and after the connection, and their end when the subscriber leaves.
// conformance.md 3.5, 3.6
func TestSubscriptionsOverInproc(t *testing.T) {
	for _, typ := range []pattern.Type{pattern.SUB, pattern.XSUB} {
		for _, subBinds := range []bool{false, true} {
			for _, leaves := range []string{"close", "disconnect"} {
				if subBinds && leaves == "disconnect" {
					continue // Unbind keeps links
				}
				if subBinds && typ == pattern.SUB {
					continue // TestXPubConnectsToSub
				}
				t.Run(fmt.Sprint(pattern.Types[typ].Name, " binds=", subBinds, " ", leaves), func(t *testing.T) {
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
						wantNews(t, xpub, want...)
						subscribe(t, sub, true, "after", "after")
						wantNews(t, xpub, "\x01after")
						subscribe(t, sub, false, "cancelled", "after", "never")
						wantNews(t, xpub, "\x00cancelled")

						for _, topic := range []string{"before", "after", "cancelled", "other", "bef", ""} {
							xpub.MustSend(topic)
						}
						wantNews(t, sub, "before", "after")

						if leaves == "close" {
							sub.CloseIn(0)
						} else if err := sub.Disconnect(name); err != nil {
							t.Fatal(err)
						}
						want = []string{"\x00before", "\x00after"}
						if !subBinds {
							want = append(want, "\x00between")
						}
						wantNews(t, xpub, want...)
						xpub.MustSend("before")
						xpub.WantDrops(nil)
					})
				})
			}
		}
	}
}

// TestXPubConnectsToSub is the one way round in which nobody writes messages to
// the connector, and still there is news for it. If that panics, it does so
// under locks: its sockets are not closed then.
func TestXPubConnectsToSub(t *testing.T) {
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

// TestXPubHearsOfFirstAndLastOnly of several subscribers.
func TestXPubHearsOfFirstAndLastOnly(t *testing.T) {
	st.Run(t, func(w *st.World) {
		xpub, one, two := w.Socket(pattern.XPUB), w.Socket(pattern.SUB), w.Socket(pattern.SUB)
		xpub.MustBind(name)
		one.MustConnect(name)
		two.MustConnect(name)
		subscribe(t, one, true, "x")
		wantNews(t, xpub, "\x01x")
		subscribe(t, two, true, "x")
		xpub.WantNone()
		one.CloseIn(0)
		xpub.WantNone()
		xpub.MustSend("x")
		two.WantRecv("x")
		subscribe(t, two, false, "x")
		wantNews(t, xpub, "\x00x")
	})
}

// TestPubBeforeSubscriber drops what nobody subscribes to yet, without
// counting it: it was for nobody. conformance.md 3.6
func TestPubBeforeSubscriber(t *testing.T) {
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
		wantNews(t, sub, "in time")
		pub.WantDrops(nil)
		sub.WantDrops(nil)
	})
}

// TestSlowInprocSubscriber has its own limit, which is the sum, and stalls
// nobody.
func TestSlowInprocSubscriber(t *testing.T) {
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

// TestXSubSendsUpstream: user messages reach an XPUB, and those to a PUB are
// counted as dropped once, at either end.
func TestXSubSendsUpstream(t *testing.T) {
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

// TestSubscribersComeAndGo from many goroutines while messages are published,
// for the race detector and the order of locks.
func TestSubscribersComeAndGo(t *testing.T) {
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
				t.Errorf("%q: %d more subscriptions than ends of them", topic, n)
			}
		}
		if n := xpub.Stats().Peers; n != 0 {
			t.Errorf("%d peers left", n)
		}
		if len(xpub.Heard(session.PeerRefused)) != 0 {
			t.Error("somebody was refused")
		}
		xpub.CloseIn(0)
		if err := xpub.Connect(name); err != socket.ErrClosed {
			t.Error(err)
		}
	})
}
