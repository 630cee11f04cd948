package socket_test

import (
	"context"
	"testing"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// TestNoDropSenderIsWokenWhenFullSubscriberIsRemoved: with Block, Send blocks
// while the queue to a subscriber is full. It no longer blocks when the
// subscriber cancels its subscription or is disconnected.
func TestNoDropSenderIsWokenWhenFullSubscriberIsRemoved(t *testing.T) {
	removals := map[string]func(pub, sub *st.Socket, ep string){
		"unsubscribed": func(_, sub *st.Socket, _ string) { _ = sub.Subscribe("g", false) },
		"disconnected": func(_, sub *st.Socket, ep string) { _ = sub.Disconnect(ep) },
		"unbound":      func(pub, _ *st.Socket, ep string) { _ = pub.Unbind(ep) },
	}
	for _, types := range [][2]pattern.Type{{pattern.PUB, pattern.SUB}, {pattern.XPUB, pattern.XSUB}, {pattern.RADIO, pattern.DISH}} {
		for _, ep := range []string{"inproc://a", "mem://a"} {
			for how, remove := range removals {
				if how == "unbound" && ep == "inproc://a" {
					continue // Unbind does not end inproc connections
				}
				name := pattern.Types[types[0]].Name + " " + ep + " " + how
				t.Run(name, func(t *testing.T) {
					st.Run(t, func(w *st.World) {
						pub := w.Socket(types[0], st.HWM(1, 10), func(o *socket.Options) { o.Pattern.Block = true })
						sub := w.Socket(types[1], st.HWM(1, 1))
						pub.MustBind(ep)
						subscribe(t, sub, true, "g")
						sub.MustConnect(ep)
						w.Settle()
						large := st.Of("g", st.Large(1<<20))
						for pub.TrySend(large) == nil {
							w.Settle()
						}
						sent := make(chan error, 1)
						go func() { sent <- pub.Send(context.Background(), large) }()
						w.Settle()
						if len(sent) != 0 {
							t.Fatal("Send did not block")
						}
						remove(pub, sub, ep)
						w.Settle()
						if len(sent) == 0 {
							t.Fatal("Send is still blocked on a peer that does not receive the message")
						}
						if err := <-sent; err != nil {
							t.Error(err)
						}
					})
				})
			}
		}
	}
}

// TestAssignWakesSendersAndWaitSubscribers: in manual mode the application
// changes subscriptions with Assign. Calls that wait for subscribers, and
// blocked calls of Send, see each change.
func TestAssignWakesSendersAndWaitSubscribers(t *testing.T) {
	st.Run(t, func(w *st.World) {
		xpub := w.Socket(pattern.XPUB, st.HWM(1, 1), func(o *socket.Options) { o.Pattern.Block, o.Pattern.Manual = true, true })
		sub := w.Socket(pattern.SUB, st.HWM(1, 1))
		xpub.MustBind("mem://a")
		subscribe(t, sub, true, "g")
		sub.MustConnect("mem://a")
		_, peer := xpub.MustRecv()
		done := make(chan error, 1)
		go func() { done <- xpub.WaitSubscribers(context.Background(), 1, []byte("g")) }()
		w.Settle()
		if len(done) != 0 {
			t.Fatal("WaitSubscribers returned before Assign")
		}
		assign := func(on bool) {
			t.Helper()
			if err := xpub.Assign(peer, []string{"g"}, on); err != nil {
				t.Fatal(err)
			}
			w.Settle()
		}
		if assign(true); len(done) == 0 {
			t.Fatal("WaitSubscribers did not return after Assign")
		}
		<-done
		large := st.Of("g", st.Large(1<<20))
		for xpub.TrySend(large) == nil {
			w.Settle()
		}
		go func() { done <- xpub.Send(context.Background(), large) }()
		w.Settle()
		if len(done) != 0 {
			t.Fatal("Send did not block")
		}
		if assign(false); len(done) == 0 {
			t.Fatal("Send is still blocked on a peer that does not receive the message")
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestWaitSubscribersCountsNonMatchingPeersWhenInverted: with the Invert option
// a message goes to every peer that has not subscribed to its topic.
// WaitSubscribers counts these peers, and is woken when such a peer connects.
func TestWaitSubscribersCountsNonMatchingPeersWhenInverted(t *testing.T) {
	for _, ep := range []string{"inproc://a", "mem://a"} {
		st.Run(t, func(w *st.World) {
			inverted := func(o *socket.Options) { o.Pattern.Invert = true }
			pub := w.Socket(pattern.PUB, inverted)
			pub.MustBind(ep)
			sub := w.Socket(pattern.SUB, inverted)
			subscribe(t, sub, true, "b")
			ctx, stop := context.WithCancel(context.Background())
			defer stop()
			wait := func(topic string) chan error {
				done := make(chan error, 1)
				go func() { done <- pub.WaitSubscribers(ctx, 1, []byte(topic)) }()
				w.Settle()
				return done
			}
			done := wait("a")
			if len(done) != 0 {
				t.Errorf("%s: WaitSubscribers returned without a peer", ep)
			}
			sub.MustConnect(ep)
			w.Settle()
			if len(done) == 0 {
				t.Errorf("%s: WaitSubscribers did not count a peer that receives the message", ep)
			}
			if len(wait("b")) != 0 {
				t.Errorf("%s: WaitSubscribers counted a peer that does not receive the message", ep)
			}
		})
	}
}
