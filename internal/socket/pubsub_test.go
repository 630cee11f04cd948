package socket_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
	"github.com/zerobroker/zmq/internal/wire"
)

// wantSubscriptions reads the next commands, which must subscribe to topics in
// any order.
func wantSubscriptions(t *testing.T, p *st.Peer, topics ...string) {
	t.Helper()
	var got, want []string
	for _, topic := range topics {
		want = append(want, "\x09SUBSCRIBE"+topic)
		flags, body := p.Frame()
		if flags&wire.FlagCommand == 0 {
			t.Fatalf("frame %q before the subscriptions", body)
		}
		got = append(got, string(body))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("subscriptions %q, want %q", got, want)
	}
}

func subscribe(t *testing.T, s *st.Socket, on bool, topics ...string) {
	t.Helper()
	for _, topic := range topics {
		if err := s.Subscribe(topic, on); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSubscriptionsAreSentToEachPublisher: each new connection receives the
// current subscriptions first.
func TestSubscriptionsAreSentToEachPublisher(t *testing.T) {
	st.Run(t, func(w *st.World) {
		a, b := w.Listen("a"), w.Listen("b")
		sub := w.Socket(pattern.SUB)
		subscribe(t, sub, true, "one", "two", "two", "")
		sub.MustConnect("mem://a")
		p := a.Accept()
		p.Handshake("PUB")
		wantSubscriptions(t, p, "one", "two", "")
		p.MustWrite(st.Message("one 1"))
		sub.WantRecv("one 1")

		// A publisher that connects later.
		sub.MustConnect("mem://b")
		q := b.Accept()
		q.Handshake("PUB")
		wantSubscriptions(t, q, "one", "two", "")

		// Changes while there is no connection.
		p.Close()
		w.Settle()
		subscribe(t, sub, true, "three")
		subscribe(t, sub, false, "one", "two", "", "never")
		wantSubscriptions(t, q, "three")
		for _, cancel := range []string{"one", ""} { // "two" was subscribed to twice and cancelled once
			if _, body := q.Frame(); string(body) != "\x06CANCEL"+cancel {
				t.Errorf("command %q, want CANCEL of %q", body, cancel)
			}
		}
		for range 3 {
			p = a.Accept()
			p.Handshake("PUB")
			wantSubscriptions(t, p, "two", "three")
			p.MustWrite(st.Message("three"))
			sub.WantRecv("three")
			p.Close()
		}
	})
}

// TestXSubSendsSubscriptionsBeforeMessages: a message of an XSUB is queued
// until it connects, and sent after its subscriptions.
func TestXSubSendsSubscriptionsBeforeMessages(t *testing.T) {
	st.Run(t, func(w *st.World) {
		l := w.Listen("a")
		xsub := w.Socket(pattern.XSUB)
		xsub.MustConnect("mem://a")
		xsub.MustSend("up")
		var topics []string
		for i := range 100 {
			topics = append(topics, fmt.Sprint("topic ", i))
		}
		subscribe(t, xsub, true, topics...)
		p := l.Accept()
		p.Handshake("XPUB")
		wantSubscriptions(t, p, topics...)
		if got := p.Message(); got[0] != "up" {
			t.Errorf("received %q after the subscriptions", got)
		}
	})
}

// TestRepeatedSubscriptionChangesUseBoundedMemory: a SUB subscribes and cancels
// repeatedly while the publisher does not read. It keeps only the changes that
// lead to the final set.
func TestRepeatedSubscriptionChangesUseBoundedMemory(t *testing.T) {
	const rounds, topics = 50_000, 8
	st.Run(t, func(w *st.World) {
		l := w.Listen("a")
		sub := w.Socket(pattern.SUB)
		sub.MustConnect("mem://a")
		p := l.Accept()
		p.Handshake("PUB")
		w.Net.Links()[0].Up().Stall()
		before := heap()
		topic := func(i int) string { return fmt.Sprintf("%0200d", i%topics) }
		for i := range rounds {
			subscribe(t, sub, true, topic(i))
			subscribe(t, sub, false, topic(i))
		}
		subscribe(t, sub, true, topic(1), "last")
		subscribe(t, sub, false, topic(1))
		subscribe(t, sub, true, topic(2))
		w.Settle()
		if grown := heap() - before; grown > 4<<20 {
			t.Errorf("%d unsent changes use %d bytes", 2*rounds, grown)
		}
		w.Net.Links()[0].Up().Resume()
		state := make(map[string]bool)
		for !state["last"] || !state[topic(2)] {
			_, body := p.Frame()
			name, topic := string(body[1:1+body[0]]), string(body[1+body[0]:])
			switch on := name == "SUBSCRIBE"; {
			case !on && name != "CANCEL":
				t.Fatalf("command %q", body)
			case on == state[topic]:
				t.Fatalf("repeated %s of %q", name, topic)
			default:
				state[topic] = on
			}
		}
		for topic, on := range state {
			if on && topic != "last" && topic != fmt.Sprintf("%0200d", 2) {
				t.Errorf("%q stays subscribed", topic)
			}
		}
	})
}

// TestReconnectedSubReceivesAfterWaitSubscribers: a SUB loses its connection.
// Messages published after WaitSubscribers has returned again are received.
func TestReconnectedSubReceivesAfterWaitSubscribers(t *testing.T) {
	for _, subBinds := range []bool{false, true} {
		st.Run(t, func(w *st.World) {
			pub, sub := w.Socket(pattern.PUB), w.Socket(pattern.SUB)
			subscribe(t, sub, true, "x")
			if subBinds {
				pub.MustConnect(sub.MustBind("mem://a"))
			} else {
				sub.MustConnect(pub.MustBind("mem://a"))
			}
			for i := range 5 {
				if err := pub.WaitSubscribers(context.Background(), 1, []byte("x")); err != nil {
					t.Fatal(err)
				}
				pub.MustSend("x", fmt.Sprint(i))
				sub.WantRecv("x", fmt.Sprint(i))
				links := w.Net.Links()
				links[len(links)-1].Cut(memnet.RST)
				w.Settle()
				pub.MustSend("x", "while disconnected")
			}
		})
	}
}

// TestSlowSubscriberDelaysNoOther: messages to a subscriber whose queue is full
// are dropped for this subscriber only, and counted.
func TestSlowSubscriberDelaysNoOther(t *testing.T) {
	const n, hwm = 1000, 5
	st.Run(t, func(w *st.World) {
		pub := w.Socket(pattern.PUB, st.HWM(hwm, 0))
		pub.MustBind("mem://a")
		slow := w.Dial("a")
		slow.Handshake("SUB")
		slow.MustWrite(st.Command("SUBSCRIBE", nil))
		w.Net.Links()[0].Down().SetBuffer(100)
		var fast []*st.Socket
		for range 3 {
			s := w.Socket(pattern.SUB)
			subscribe(t, s, true, "")
			s.MustConnect("mem://a")
			fast = append(fast, s)
		}
		if err := pub.WaitSubscribers(context.Background(), 4, nil); err != nil {
			t.Fatal(err)
		}
		if d := st.After(func() {
			for i := range n {
				pub.MustSend(fmt.Sprint(i), "body")
				w.Settle()
				for _, s := range fast {
					s.WantRecv(fmt.Sprint(i), "body")
				}
			}
		}); d != 0 {
			t.Errorf("sending took %v, want 0", d)
		}
		dropped := int(pub.Stats().Drops[pipe.DropHWM])
		pub.WantDrops(map[pipe.Drop]uint64{pipe.DropHWM: uint64(dropped)})
		if dropped == 0 || dropped == n {
			t.Fatalf("%d messages dropped", dropped)
		}
		for i := range n - dropped {
			if got := slow.Message(); got[0] != fmt.Sprint(i) {
				t.Fatalf("the slow subscriber received %q as message %d", got, i)
			}
		}
		// The slow subscriber has read its queue, and receives new messages.
		w.Settle()
		pub.MustSend("new")
		if got := slow.Message(); got[0] != "new" {
			t.Errorf("the slow subscriber received %q, want the new message", got)
		}
		if d := pub.Stats().Drops[pipe.DropHWM]; int(d) != dropped {
			t.Errorf("%d messages dropped at the end, %d before", d, dropped)
		}
	})
}

// TestWaitSubscribedReturnsWhenPublisherHasSubscription: a message sent right
// after WaitSubscribed returns is received, even over a slow connection.
func TestWaitSubscribedReturnsWhenPublisherHasSubscription(t *testing.T) {
	st.Run(t, func(w *st.World) {
		pub, sub := w.Socket(pattern.PUB), w.Socket(pattern.SUB)
		sub.MustConnect(pub.MustBind("mem://a"))
		sub.WaitPeers(1)
		w.Net.Links()[0].SetLatency(time.Second)
		subscribe(t, sub, true, "x")
		if d := st.After(func() {
			if err := sub.WaitSubscribed(context.Background()); err != nil {
				t.Fatal(err)
			}
		}); d != 4*time.Second { // two round trips
			t.Errorf("subscribed after %v", d)
		}
		pub.MustSend("x")
		sub.WantRecv("x")
	})
}

// TestXPubReceivesCancellationWhenSubscriberDisconnects: a topic counts as
// cancelled when its last subscriber cancels or disconnects.
func TestXPubReceivesCancellationWhenSubscriberDisconnects(t *testing.T) {
	st.Run(t, func(w *st.World) {
		xpub := w.Socket(pattern.XPUB)
		ep := xpub.MustBind("mem://a")
		one, two := w.Socket(pattern.SUB), w.Socket(pattern.SUB)
		one.MustConnect(ep)
		two.MustConnect(ep)
		subscribe(t, one, true, "both")
		xpub.WantRecv("\x01both")
		subscribe(t, two, true, "both", "second")
		xpub.WantRecv("\x01second")
		subscribe(t, one, false, "both")
		xpub.WantNone()
		two.CloseIn(0)
		var cancelled []string
		for range 2 {
			m, _ := xpub.MustRecv()
			cancelled = append(cancelled, m...)
		}
		slices.Sort(cancelled)
		if !slices.Equal(cancelled, []string{"\x00both", "\x00second"}) {
			t.Errorf("received %q", cancelled)
		}
		xpub.WantNone()
		if n := len(xpub.EventsOf(session.Disconnected)); n != 1 {
			t.Errorf("%d disconnect events, want 1", n)
		}
	})
}

func TestTopicsMayBeAsLongAsMaxTopicBytes(t *testing.T) {
	overMemAndInproc(t, func(w *st.World, ep string) {
		xpub := w.Socket(pattern.XPUB, func(o *socket.Options) { o.Pattern.MaxTopicBytes = 1 << 20 })
		xpub.MustBind(ep)
		sub := w.Socket(pattern.SUB)
		sub.MustConnect(ep)
		for _, n := range []int{140_000, 700_000} {
			topic := st.Large(n)
			subscribe(t, sub, true, topic)
			xpub.WantRecv("\x01" + topic)
			xpub.MustSend(topic, "x")
			sub.WantRecv(topic, "x")
		}
	})
}

// TestWaitSubscribersReturnsAfterWholeBatch: when WaitSubscribers returns for
// one topic, subscriptions that arrived together with it are in effect too.
func TestWaitSubscribersReturnsAfterWholeBatch(t *testing.T) {
	for range 50 {
		st.Run(t, func(w *st.World) {
			pub, sub := w.Socket(pattern.PUB), w.Socket(pattern.SUB)
			subscribe(t, sub, true, "a", "b", "c", "d")
			pub.MustBind("mem://a")
			sub.MustConnect("mem://a")
			if err := pub.WaitSubscribers(context.Background(), 1, []byte("a")); err != nil {
				t.Fatal(err)
			}
			for _, topic := range []string{"a", "b", "c", "d"} {
				pub.MustSend(topic)
			}
			for _, topic := range []string{"a", "b", "c", "d"} {
				sub.WantRecv(topic)
			}
		})
	}
}
