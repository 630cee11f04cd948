package conformance

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

var publishers = []pattern.Type{pattern.PUB, pattern.XPUB}

func TestPubMatchesPrefixesOfTheFirstFrame(t *testing.T) {
	for _, typ := range publishers {
		overEachTransport(t, typeNames[typ], func(w *st.World, ep string) {
			pub := w.Socket(typ)
			pub.MustBind(ep)
			var subs []*st.Socket
			for _, topic := range []string{"", "a", "ab", "b", "abc\x00"} {
				s := w.Socket(pattern.XSUB) // does not filter
				setSubscribed(w, s, true, topic)
				s.MustConnect(ep)
				s.WaitPeers(1)
				subs = append(subs, s)
			}
			w.Settle()
			for _, row := range []struct {
				first string
				peers string
			}{{"", "0"}, {"a", "01"}, {"abc", "012"}, {"b", "03"}, {"c", "0"}, {"abc\x00d", "0124"}, {"Ab", "0"}} {
				pub.MustSend(row.first, "b", row.first)
				var peers string
				for i, s := range subs {
					if got := recvAll(w, s); len(got) == 1 && got[0] == fmt.Sprint([]string{row.first, "b", row.first}) {
						peers += fmt.Sprint(i)
					} else if len(got) > 0 {
						w.Errorf("received %q, want the message once", got)
					}
				}
				if peers != row.peers {
					w.Errorf("%q went to %s, want %s", row.first, peers, row.peers)
				}
			}
		})
	}
}

func TestXPubReceivesFirstSubscribeAndLastCancel(t *testing.T) {
	older := st.Greeting()
	older[11] = 0 // ZMTP 3.0, whose subscriptions are messages
	subtest(t, "for every ZMTP version", func(w *st.World) {
		xpub := w.Socket(pattern.XPUB)
		xpub.MustBind("mem://a")
		newer := dialRawPeers(w, xpub, 1, "SUB")[0]
		old := w.Dial("a")
		old.MustWrite(older, st.Ready("Socket-Type", "SUB"))
		xpub.WaitPeers(2)
		// ZMTP 1.0 has no subscriptions: such a peer receives everything, as in
		// libzmq.
		oldest := w.Dial("a")
		oldest.MustWrite([]byte{1, 0})
		xpub.WantRecv("\x01")

		newer.MustWrite(subscribeCommand("a"), st.Command("CANCEL", []byte("b")))
		xpub.WantRecv("\x01a")
		old.MustWrite(st.Message("\x01a"), st.Message("\x01b"))
		xpub.WantRecv("\x01b")
		oldest.MustWrite([]byte{3, 0, 1, 'a', 3, 0, 1, 'c'})
		xpub.WantRecv("\x01c")
		newer.MustWrite(st.Command("CANCEL", []byte("a")))
		old.MustWrite(st.Message("\x00a"), st.Message("\x00b"))
		xpub.WantRecv("\x00b")
		oldest.MustWrite([]byte{3, 0, 0, 'a'})
		xpub.WantRecv("\x00a")
		xpub.WantNone()
	})
	subtest(t, "over inproc", func(w *st.World) {
		xpub, one, two := w.Socket(pattern.XPUB), w.Socket(pattern.SUB), w.Socket(pattern.SUB)
		connect(w, "inproc://a", xpub, one)
		connect(w, "inproc://a", xpub, two)
		setSubscribed(w, one, true, "a")
		setSubscribed(w, two, true, "a", "b")
		setSubscribed(w, one, false, "a")
		setSubscribed(w, two, false, "b")
		setSubscribed(w, two, false, "a")
		if got := fmt.Sprintf("%q", recvAll(w, xpub)); got != `["[\x01a]" "[\x01b]" "[\x00b]" "[\x00a]"]` {
			w.Errorf("received %s", got)
		}
	})
	subtest(t, "PUB drops other messages", func(w *st.World) {
		pub := w.Socket(pattern.PUB)
		pub.MustBind("mem://a")
		p := dialRawPeers(w, pub, 1, "XSUB")[0]
		p.MustWrite(subscribeCommand("a"), st.Message("up"), st.Message("up", "too"))
		w.Settle()
		pub.WantDrops(map[pipe.Drop]uint64{pipe.DropUpstream: 2})
		pub.MustSend("a")
		wantPeerRecv(w, p, "a")
	})
}

// While the application does not receive, the socket stops reading from the peer.
func TestXPubInboundQueueIsBounded(t *testing.T) {
	subtest(t, "by the HWM and the bytes of one read", func(w *st.World) {
		const subscriptions = 100_000
		xpub := w.Socket(pattern.XPUB, st.HWM(10, 10), patternOptions(func(o *pattern.Options) { o.XPubNotify = pattern.XPubNotifyEverySubscribe }))
		xpub.MustBind("mem://a")
		p := dialRawPeers(w, xpub, 1, "SUB")[0]
		w.Net.Links()[0].Up().SetBuffer(4096)
		go func() {
			one := subscribeCommand("topic")
			for range subscriptions {
				if _, err := p.Write(one); err != nil {
					return
				}
			}
		}()
		w.Settle()
		if n := xpub.Stats().QueuedRecv; n < 10 || n > 10+4096/len(subscribeCommand("topic")) {
			w.Errorf("%d messages are queued", n)
		}
		for range subscriptions {
			xpub.WantRecv("\x01topic")
		}
		xpub.WantNone()
	})
}

func TestXPubVerboseReceivesRepeatedSubscriptions(t *testing.T) {
	for _, row := range []struct {
		name   string
		notify pattern.XPubNotify
		want   string
	}{
		{"default", pattern.XPubNotifyFirstAndLast, "+a +b -b -a"},
		{"verbose", pattern.XPubNotifyEverySubscribe, "+a +a +a +b -b -a"},
		{"verboser", pattern.XPubNotifyEveryChange, "+a +a +a +b -a -b -a"},
	} {
		overEachTransport(t, row.name, func(w *st.World, ep string) {
			xpub := w.Socket(pattern.XPUB, patternOptions(func(o *pattern.Options) { o.XPubNotify = row.notify }))
			one, two := w.Socket(pattern.SUB), w.Socket(pattern.SUB)
			connect(w, ep, xpub, one)
			connect(w, ep, xpub, two)
			setSubscribed(w, one, true, "a")
			setSubscribed(w, two, true, "a", "a", "b")
			setSubscribed(w, two, false, "never")
			setSubscribed(w, one, false, "never", "a", "a")
			setSubscribed(w, two, false, "b", "a", "a")
			var got []string
			for _, m := range recvAll(w, xpub) {
				got = append(got, map[byte]string{1: "+", 0: "-"}[m[1]]+m[2:3])
			}
			if s := strings.Join(got, " "); s != row.want {
				w.Errorf("received %s, want %s", s, row.want)
			}
		})
	}
}

func TestPubKeepsSubscriptionsOfAPeerAsASet(t *testing.T) {
	subtest(t, "at the publisher", func(w *st.World) {
		pub := w.Socket(pattern.PUB)
		pub.MustBind("mem://a")
		p := dialRawPeers(w, pub, 1, "SUB")[0]
		p.MustWrite(subscribeCommand("a"), subscribeCommand("a"), subscribeCommand("ab"))
		w.Settle()
		pub.MustSend("ab")
		wantPeerRecv(w, p, "ab") // once, although two topics match
		p.MustWrite(st.Command("CANCEL", []byte("a")))
		w.Settle()
		pub.MustSend("a")
		pub.MustSend("ab 2")
		wantPeerRecv(w, p, "ab 2")
		wantPeerNone(w, p)
	})
	for _, typ := range []pattern.Type{pattern.SUB, pattern.XSUB} {
		subtest(t, typeNames[typ]+" sends the cancel after the last of three", func(w *st.World) {
			sub := w.Socket(typ)
			sub.MustBind("mem://a")
			p := dialRawPeers(w, sub, 1, "PUB")[0]
			setSubscribed(w, sub, true, "a", "a", "a")
			for range 3 { // each is sent, for a verbose XPUB
				if got := recvCommand(w, p); got != "SUBSCRIBE a" {
					w.Errorf("read %q, want %q", got, "SUBSCRIBE a")
				}
			}
			setSubscribed(w, sub, false, "a", "a")
			setSubscribed(w, sub, true, "b")
			setSubscribed(w, sub, false, "a")
			for _, want := range []string{"SUBSCRIBE b", "CANCEL a"} {
				if got := recvCommand(w, p); got != want {
					w.Errorf("read %q, want %q", got, want)
				}
			}
			wantPeerNone(w, p)
		})
	}
}

func TestXPubReceivesCancelsWhenPeerDisconnects(t *testing.T) {
	for _, notify := range []pattern.XPubNotify{pattern.XPubNotifyFirstAndLast, pattern.XPubNotifyEveryChange} {
		verboser := notify == pattern.XPubNotifyEveryChange
		overEachTransport(t, fmt.Sprint("verboser ", verboser), func(w *st.World, ep string) {
			xpub := w.Socket(pattern.XPUB, patternOptions(func(o *pattern.Options) { o.XPubNotify = notify }))
			remaining, closing := w.Socket(pattern.SUB), w.Socket(pattern.SUB)
			connect(w, ep, xpub, remaining)
			connect(w, ep, xpub, closing)
			setSubscribed(w, remaining, true, "both")
			setSubscribed(w, closing, true, "both", "own", "other")
			recvAll(w, xpub)
			closing.CloseIn(0)
			got := recvAll(w, xpub)
			slices.Sort(got)
			want := []string{"[\x00other]", "[\x00own]"}
			if verboser {
				want = []string{"[\x00both]", "[\x00other]", "[\x00own]"}
			}
			if !slices.Equal(got, want) {
				w.Errorf("received %q, want %q", got, want)
			}
			xpub.MustSend("both")
			remaining.WantRecv("both")
		})
	}
}

func TestXPubReadsSubscriptionsFromFrames(t *testing.T) {
	for _, onlyFirst := range []bool{false, true} {
		set := patternOptions(func(o *pattern.Options) { o.OnlyFirst = onlyFirst })
		subtest(t, fmt.Sprint("messages of ZMTP 3.1, first frame only: ", onlyFirst), func(w *st.World) {
			xpub := w.Socket(pattern.XPUB, set)
			xpub.MustBind("mem://a")
			p := dialRawPeers(w, xpub, 1, "XSUB")[0]
			p.MustWrite(st.Message("\x01a"), st.Message("up"), st.Message("\x02b"), st.Message(""), st.Message("\x00a"))
			for _, want := range []string{"\x01a", "up", "\x02b", "", "\x00a"} {
				xpub.WantRecv(want)
			}
			xpub.WantNone()
		})
		subtest(t, fmt.Sprint("multipart messages, first frame only: ", onlyFirst), func(w *st.World) {
			xpub := w.Socket(pattern.XPUB, set)
			xpub.MustBind("mem://a")
			p := dialRawPeers(w, xpub, 1, "XSUB")[0]
			p.MustWrite(st.Message("up", "\x01a", "two"))
			if onlyFirst {
				xpub.WantRecv("up", "\x01a", "two")
				p.MustWrite(st.Message("\x01first", "\x01second"))
				xpub.WantRecv("\x01first")
				xpub.WantRecv("\x01second")
				if n := xpub.TopicCount(); n != 2 {
					w.Errorf("%d topics, want 2", n)
				}
				return
			}
			xpub.WantRecv("\x01a")
			xpub.WantRecv("up", "two")
			xpub.MustSend("a")
			wantPeerRecv(w, p, "a")
		})
	}
}

func TestXPubManualAssignsTopicsToPeers(t *testing.T) {
	manual := patternOptions(func(o *pattern.Options) { o.Manual = true })
	overEachTransport(t, "the application assigns topics", func(w *st.World, ep string) {
		xpub := w.Socket(pattern.XPUB, manual)
		one, two := w.Socket(pattern.XSUB), w.Socket(pattern.XSUB)
		connect(w, ep, xpub, one)
		connect(w, ep, xpub, two)
		setSubscribed(w, one, true, "requested")
		setSubscribed(w, two, true, "requested")
		_, first := xpub.MustRecv()
		m, second := xpub.MustRecv()
		if m[0] != "\x01requested" {
			w.Errorf("received %q, want the subscription to requested", m)
		}
		xpub.MustSend("requested")
		for peer, topics := range map[string][]string{"one": {"a", "both"}, "two": {"b", "both"}} {
			to := first
			if peer == "two" {
				to = second
			}
			wantErr(w, "assigning", xpub.Assign(to, topics, true), nil)
		}
		for _, topic := range []string{"a", "b", "both", "requested"} {
			xpub.MustSend(topic)
		}
		wantErr(w, "removing a topic", xpub.Assign(second, []string{"b"}, false), nil)
		xpub.MustSend("b")
		if got := fmt.Sprint(recvAll(w, one), recvAll(w, two)); got != "[[a] [both]] [[b] [both]]" {
			w.Errorf("the peers received %s", got)
		}
		// The requested topics are cancelled, and the assigned ones removed.
		two.CloseIn(0)
		w.Settle()
		xpub.WantRecv("\x00requested")
		xpub.WantNone()
		wantErr(w, "assigning to a disconnected peer", xpub.Assign(second, []string{"c"}, true), nil)
		if n := xpub.TopicCount(); n != 2 {
			w.Errorf("%d topics, want 2", n)
		}
		setSubscribed(w, one, false, "requested")
		xpub.WantRecv("\x00requested")
		xpub.MustSend("a")
		one.WantRecv("a")
	})
}

// ZMQ_SUBSCRIBE on a manual XPUB does not name a peer: it applies to the peer
// whose subscription was received last.
func TestXPubManualAssignsToTheLastSubscriber(t *testing.T) {
	pub, first, second := twoSubscribers(&pattern.Options{Manual: true})
	subscribeAndReceive := func(p *subscriber, topic string) {
		t.Helper()
		p.subscribes(pub, topic)
		if m := recvFirst(pub); m != "\x01"+topic {
			t.Fatalf("received %q, want the subscription to %s", m, topic)
		}
	}
	pub.Assign(nil, true, []byte("no peer"))
	if n := pub.TopicCount(); n != 0 {
		t.Errorf("%d topics before the first subscription was received", n)
	}
	first.sends(pub, "a message")
	second.subscribes(pub, "after it")
	if m := recvFirst(pub); m != "a message" {
		t.Fatalf("received %q, want the user message", m)
	}
	pub.Assign(nil, true, []byte("of a message"))
	if n := pub.TopicCount(); n != 0 {
		t.Errorf("%d topics after a user message was received", n)
	}
	if m := recvFirst(pub); m != "\x01after it" {
		t.Fatalf("received %q, want the subscription", m)
	}
	subscribeAndReceive(first, "x")
	subscribeAndReceive(second, "y")
	pub.Assign(nil, true, []byte("assigned"))
	if first.deliveries(pub, "assigned") != 0 || second.deliveries(pub, "assigned") != 1 {
		t.Errorf("the message must go to the second peer only: %d and %d messages are queued", first.p.Out.Len(), second.p.Out.Len())
	}
	pub.Detach(second.p)
	pub.Assign(nil, true, []byte("too late"))
	if n := pub.TopicCount(); n != 0 {
		t.Errorf("%d topics after the peer was detached", n)
	}
}

func TestXPubLastValueGoesToTheNewSubscriber(t *testing.T) {
	subtest(t, "once, to the newest peer only", func(w *st.World) {
		xpub := w.Socket(pattern.XPUB, patternOptions(func(o *pattern.Options) { o.Manual, o.LastValue = true, true }))
		one, two := w.Socket(pattern.XSUB), w.Socket(pattern.XSUB)
		subscribeTo := func(s *st.Socket) {
			connect(w, "inproc://a", xpub, s)
			setSubscribed(w, s, true, "a")
			m, from := xpub.MustRecv()
			wantErr(w, "assigning", xpub.Assign(from, []string{m[0][1:]}, true), nil)
			xpub.MustSend("a last value")
			xpub.MustSend("a new")
		}
		subscribeTo(one)
		subscribeTo(two)
		if got := fmt.Sprint(recvAll(w, one), recvAll(w, two)); got != "[[a last value] [a new] [a new]] [[a last value] [a new]]" {
			w.Errorf("the peers received %s", got)
		}
		setSubscribed(w, two, true, "not assigned")
		xpub.WantRecv("\x01not assigned")
		xpub.MustSend("b")
		xpub.MustSend("a")
		if got := fmt.Sprint(recvAll(w, one), recvAll(w, two)); got != "[[a]] [[a]]" {
			w.Errorf("the peers received %s", got)
		}
	})
}

func TestPubWelcomeMessageIsTheFirst(t *testing.T) {
	for _, typ := range publishers {
		overEachTransport(t, typeNames[typ], func(w *st.World, ep string) {
			pub := w.Socket(typ, patternOptions(func(o *pattern.Options) { o.Welcome = []byte("welcome") }))
			pub.MustBind(ep)
			for _, row := range []struct {
				topic string
				want  string
			}{{"wel", "[[welcome]]"}, {"", "[[welcome] [other]]"}, {"other", "[[other]]"}} {
				sub := w.Socket(pattern.SUB)
				setSubscribed(w, sub, true, row.topic)
				sub.MustConnect(ep)
				sub.WaitPeers(1)
				w.Settle()
				pub.MustSend("other")
				if got := fmt.Sprint(recvAll(w, sub)); got != row.want {
					w.Errorf("with topic %q: received %s", row.topic, got)
				}
			}
		})
	}
	subtest(t, "before any other message", func(w *st.World) {
		pub := w.Socket(pattern.PUB, patternOptions(func(o *pattern.Options) { o.Welcome = []byte("welcome") }))
		pub.MustConnect("mem://a")
		l := w.Listen("a")
		p := l.Accept()
		p.MustWrite(st.Greeting(), st.Ready("Socket-Type", "SUB"), subscribeCommand(""))
		p.ReadN(64)
		wantPeerRecv(w, p, "welcome")
	})
}

func TestPubNoDropBlocksOnFullSubscriber(t *testing.T) {
	noDrop := patternOptions(func(o *pattern.Options) { o.Block = true })
	for _, typ := range []pattern.Type{pattern.PUB, pattern.XPUB, pattern.RADIO} {
		subtest(t, typeNames[typ], func(w *st.World) {
			far, key := pattern.SUB, func(topic string) []string { return []string{topic} }
			subscribeTo := func(s *st.Socket, topic string) { setSubscribed(w, s, true, topic) }
			if typ == pattern.RADIO {
				far, key = pattern.DISH, func(group string) []string { return []string{group, "x"} }
				subscribeTo = func(s *st.Socket, group string) { wantErr(w, "join", s.Join(group, true), nil) }
			}
			pub, slow, fast := w.Socket(typ, st.HWM(1, 1), noDrop), w.Socket(far, st.HWM(1, 1)), w.Socket(far, st.HWM(99, 99))
			connect(w, "inproc://a", pub, slow)
			connect(w, "inproc://a", pub, fast)
			subscribeTo(slow, "both")
			subscribeTo(fast, "both")
			subscribeTo(fast, "fast")
			w.Settle()
			for range 2 {
				pub.MustSend(key("both")...)
			}
			wantWritable(w, "with one full subscriber", pub, true)
			wantErr(w, "to the full subscriber", trySend(pub, key("both")...), pattern.ErrWouldBlock)
			wantErr(w, "to other subscribers", trySend(pub, key("fast")...), nil)
			sent := make(chan error, 1)
			go func() { sent <- pub.Send(context.Background(), st.Of(key("both")...)) }()
			w.Settle()
			if n := len(recvAll(w, fast)); n != 3 {
				w.Errorf("the fast subscriber received %d, want 3", n)
			}
			for range 3 {
				slow.WantRecv(key("both")...)
			}
			wantErr(w, "the blocked call", <-sent, nil)
			fast.WantRecv(key("both")...)
			pub.WantDrops(nil)
		})
	}
}

func TestPubInvertMatchingSendsToPeersWithoutMatch(t *testing.T) {
	invert := patternOptions(func(o *pattern.Options) { o.Invert = true })
	for _, typ := range publishers {
		overEachTransport(t, typeNames[typ], func(w *st.World, ep string) {
			pub := w.Socket(typ, invert)
			inverted, plain, xsub := w.Socket(pattern.SUB, invert), w.Socket(pattern.SUB), w.Socket(pattern.XSUB)
			for _, s := range []*st.Socket{inverted, plain, xsub} {
				setSubscribed(w, s, true, "a")
				connect(w, ep, pub, s)
			}
			w.Settle()
			pub.MustSend("a")
			pub.MustSend("b")
			if got := fmt.Sprint(recvAll(w, inverted), recvAll(w, plain), recvAll(w, xsub)); got != "[[b]] [] [[b]]" {
				w.Errorf("the peers received %s", got)
			}
			plain.WantDrops(map[pipe.Drop]uint64{pipe.DropFiltered: 1})
		})
	}
}

func TestTopicCountCountsDifferentTopics(t *testing.T) {
	for _, typ := range publishers {
		overEachTransport(t, typeNames[typ], func(w *st.World, ep string) {
			pub, one, two := w.Socket(typ), w.Socket(pattern.SUB), w.Socket(pattern.XSUB)
			connect(w, ep, pub, one)
			connect(w, ep, pub, two)
			count := func(want ...int) {
				w.Helper()
				w.Settle()
				if got := []int{pub.TopicCount(), one.TopicCount(), two.TopicCount()}; !slices.Equal(got, want) {
					w.Errorf("%d topics, want %d", got, want)
				}
			}
			count(0, 0, 0)
			setSubscribed(w, one, true, "a", "ab", "", "a")
			count(3, 3, 0)
			setSubscribed(w, two, true, "a", "abc")
			count(4, 3, 2)
			setSubscribed(w, one, false, "a", "a", "ab", "never")
			count(3, 1, 2)
			two.CloseIn(0)
			w.Settle()
			if n := pub.TopicCount(); n != 1 {
				w.Errorf("%d topics after a subscriber disconnected, want 1", n)
			}
		})
	}
}

func TestPubDropsForFullSubscribersOnly(t *testing.T) {
	for _, typ := range publishers {
		subtest(t, typeNames[typ], func(w *st.World) {
			pub, slow, fast := w.Socket(typ, st.HWM(2, 2)), w.Socket(pattern.SUB, st.HWM(2, 2)), w.Socket(pattern.SUB, st.HWM(99, 99))
			for _, s := range []*st.Socket{slow, fast} {
				setSubscribed(w, s, true, "")
				connect(w, "inproc://a", pub, s)
			}
			send := func(from, to int) {
				for i := from; i < to; i++ {
					pub.MustSend(fmt.Sprint(i))
				}
			}
			send(0, 6) // two more than the slow subscriber's queue holds
			pub.WantDrops(map[pipe.Drop]uint64{pipe.DropHWM: 2})
			slow.WantRecv("0")
			send(6, 7) // less than half of the queue is read
			pub.WantDrops(map[pipe.Drop]uint64{pipe.DropHWM: 3})
			slow.WantRecv("1")
			send(7, 10)
			pub.WantDrops(map[pipe.Drop]uint64{pipe.DropHWM: 4})
			if got := fmt.Sprint(recvAll(w, slow)); got != "[[2] [3] [7] [8]]" {
				w.Errorf("the slow subscriber received %s", got)
			}
			if n := len(recvAll(w, fast)); n != 10 {
				w.Errorf("the fast subscriber received %d, want 10", n)
			}
		})
	}
}
