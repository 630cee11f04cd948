package pattern_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// subscribe sends a subscription from the peer, cancel a cancellation.
func (f *far) subscribe(topic string) (queued bool) { f.s.t.Helper(); return f.sends("\x01" + topic) }
func (f *far) cancel(topic string) (queued bool)    { f.s.t.Helper(); return f.sends("\x00" + topic) }

var publishers = []pattern.Type{pattern.PUB, pattern.XPUB}

// Topics are compared with the first frame only.
// https://rfc.zeromq.org/spec/29/
func TestPubSendsWholeMessageToMatchingSubscribers(t *testing.T) {
	for _, typ := range publishers {
		s := newSocket(t, typ)
		all, a, ab, none := s.attach(), s.attach(), s.attach(), s.attach()
		all.subscribe("")
		a.subscribe("a")
		ab.subscribe("ab")
		none.subscribe("tail") // later frames are not compared
		for _, topic := range []string{"", "a", "ab", "abc", "b", "\x00"} {
			s.sent(topic, "tail")
		}
		tail := func(topics ...string) (msgs []message) {
			for _, topic := range topics {
				msgs = append(msgs, message{topic, "tail"})
			}
			return msgs
		}
		all.wants(tail("", "a", "ab", "abc")...) // the queue was full after these
		a.wants(tail("a", "ab", "abc")...)
		ab.wants(tail("ab", "abc")...)
		none.wants()
		s.wantDrops(pipe.DropHWM, 2)
	}
}

// https://rfc.zeromq.org/spec/29/
func TestPubWithoutSubscribersCountsNoDrop(t *testing.T) {
	for _, typ := range publishers {
		s := newSocket(t, typ)
		s.sent("a")
		f := s.attach()
		s.sent("a")
		f.wants()
		s.wantDrops(0, 0)
	}
}

// https://rfc.zeromq.org/spec/29/
func TestPubSendsOnceToPeerWithSeveralMatches(t *testing.T) {
	s := newSocket(t, pattern.PUB)
	f := s.attach()
	for _, topic := range []string{"", "a", "ab", "abc"} {
		f.subscribe(topic)
	}
	s.sent("abcd")
	f.wants(message{"abcd"})
}

// The full subscriber misses messages until it has read (HWM+1)/2 of them.
// https://rfc.zeromq.org/spec/29/
func TestPubDropsForFullSubscriberOnly(t *testing.T) {
	for _, typ := range publishers {
		for _, size := range []int{1, msg.LargeFrame} {
			s := newSocket(t, typ)
			slow, fast := s.attach(), s.attach()
			slow.subscribe("")
			fast.subscribe("")
			body := string(bytes.Repeat([]byte("x"), size))
			for i := range hwm + 5 {
				s.sent(fmt.Sprint(i), body)
				fast.wants(message{fmt.Sprint(i), body})
			}
			s.wantDrops(pipe.DropHWM, 5)
			var m msg.Msg
			slow.p.Out.Next(&m)
			s.sent("one is not half")
			s.wantDrops(pipe.DropHWM, 6)
			slow.p.Out.Next(&m)
			s.sent("room")
			s.wantDrops(pipe.DropHWM, 6)
			slow.wants(message{"2", body}, message{"3", body}, message{"room"})
		}
	}
}

// https://rfc.zeromq.org/spec/29/
func TestPubDropsForSingleFullSubscriber(t *testing.T) {
	s := newSocket(t, pattern.PUB)
	f := s.attach()
	f.subscribe("")
	for range hwm + 2 {
		s.sent("m")
	}
	s.wantDrops(pipe.DropHWM, 2)
	if n := f.drain(); n != hwm {
		t.Errorf("%d messages", n)
	}
}

// One cancellation removes a topic. A cancellation of an unknown topic has no
// effect.
// https://rfc.zeromq.org/spec/29/
func TestPubCountsRepeatedSubscriptionOnce(t *testing.T) {
	for _, typ := range publishers {
		s := newSocket(t, typ)
		f := s.attach()
		f.cancel("a")
		f.subscribe("a")
		f.subscribe("a")
		f.cancel("b")
		f.cancel("")
		s.sent("a1")
		f.cancel("a")
		s.sent("a2")
		f.cancel("a")
		f.subscribe("a")
		s.sent("a3")
		f.wants(message{"a1"}, message{"a3"})
	}
}

// https://rfc.zeromq.org/spec/29/
func TestPubDropsMessagesOfSubscribers(t *testing.T) {
	s := newSocket(t, pattern.PUB)
	f := s.attach()
	for range 2 {
		if f.subscribe("a") || f.cancel("x") {
			t.Error("a subscription was queued")
		}
	}
	if f.cancel("a") {
		t.Error("a cancellation was queued")
	}
	s.wantDrops(0, 0)
	for _, m := range [][]string{{"user"}, {""}, {"\x02"}, {"x", "y"}} {
		if f.sends(m...) {
			t.Errorf("%q was queued", m)
		}
	}
	s.wantDrops(pipe.DropUpstream, 4)
}

// https://rfc.zeromq.org/spec/29/
func TestXPubReceivesFirstSubscriptionAndLastCancellation(t *testing.T) {
	s := newSocket(t, pattern.XPUB)
	a, b := s.connect(""), s.connect("")
	a.subscribe("t")
	if m := s.receives("\x01t"); m.From != a.p.Peer() {
		t.Errorf("from %v", m.From)
	}
	a.subscribe("t")
	b.subscribe("t")
	s.wantRecv(pattern.ErrWouldBlock)
	b.subscribe("")
	s.receives("\x01")
	a.cancel("t")
	a.cancel("t")
	s.wantRecv(pattern.ErrWouldBlock)
	b.cancel("t")
	s.receives("\x00t")
	a.cancel("never")
	b.cancel("t")
	s.wantRecv(pattern.ErrWouldBlock)
	s.wantDrops(0, 0)
}

// https://rfc.zeromq.org/spec/29/
func TestXPubReceivesMessagesThatAreNoSubscriptions(t *testing.T) {
	s := newSocket(t, pattern.XPUB)
	f := s.attach()
	for _, m := range [][]string{{"user"}, {""}, {"\x02t"}, {"many", "", "frames"}} {
		if !f.sends(m...) {
			t.Errorf("%q was not queued", m)
		}
		s.receives(m...)
	}
	s.sent("user")
	f.wants()
	s.wantDrops(0, 0)
}

// In another order the application could take a subscribed topic for cancelled.
func TestXPubReceivesChangesOfAllPeersInOrder(t *testing.T) {
	for _, leave := range []func(*far){func(f *far) { f.cancel("t") }, (*far).disconnect, (*far).detach} {
		s := newSocket(t, pattern.XPUB)
		a, b, c := s.attach(), s.attach(), s.attach()
		c.sends("user 1")
		a.subscribe("t")
		c.sends("user 2")
		leave(a)
		b.subscribe("t")
		leave(b)
		c.subscribe("t")
		c.sends("user 3")
		b.subscribe("u")
		for _, want := range []string{"user 1", "\x01t", "user 2", "\x00t", "\x01t", "\x00t", "\x01t", "user 3", "\x01u"} {
			s.receives(want)
		}
		if s.wantRecv(pattern.ErrWouldBlock); s.receiver().More() {
			t.Error("More = true without a message")
		}
	}
}

// XPUB receives a cancellation only for topics that have no other subscriber.
// https://rfc.zeromq.org/spec/29/
func TestXPubReceivesCancellationsWhenPeerDisconnects(t *testing.T) {
	for _, leave := range []func(*far){(*far).disconnect, (*far).detach} {
		s := newSocket(t, pattern.XPUB)
		a, b := s.attach(), s.attach()
		for _, topic := range []string{"both", "only a", "", "more of a"} {
			a.subscribe(topic)
			s.receives("\x01" + topic)
		}
		b.subscribe("both")
		b.subscribe("b")
		s.receives("\x01b")
		leave(a)
		var got []string
		for range 3 {
			m, err := s.recv()
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(m.First))
		}
		slices.Sort(got)
		if !slices.Equal(got, []string{"\x00", "\x00more of a", "\x00only a"}) {
			t.Errorf("received %q", got)
		}
		s.wantRecv(pattern.ErrWouldBlock)
		s.sent("both")
		a.wants()
		b.wants(message{"both"})
		leave(a) // there is no topic left to cancel
		s.wantRecv(pattern.ErrWouldBlock)
	}
}

// https://rfc.zeromq.org/spec/29/
func TestPubRemovesSubscriptionsOfDisconnectedPeer(t *testing.T) {
	s := newSocket(t, pattern.PUB)
	f := s.attach()
	f.subscribe("a")
	f.disconnect()
	s.sent("a")
	f.wants()
	f.subscribe("a") // after a reconnect
	s.sent("a")
	f.wants(message{"a"})
	s.wantDrops(0, 0)
}

// From the first call of RemoveSubscriptions on, the subscriber gets no
// messages and no further frames, although each call removes only some of its
// subscriptions. A publisher with Block does not wait for it.
func TestRetiredSubscriberGetsNothing(t *testing.T) {
	for name, set := range map[string]func(*pattern.Options){
		"plain":    func(*pattern.Options) {},
		"inverted": func(o *pattern.Options) { o.Invert = true },
		"no drop":  func(o *pattern.Options) { o.Block = true },
	} {
		for _, typ := range []pattern.Type{pattern.PUB, pattern.XPUB} {
			t.Run(pattern.Types[typ].Name+" "+name, func(t *testing.T) {
				s := newSocket(t, typ, set)
				a, b := s.attach(), s.attach()
				for i := range 3000 {
					a.subscribe(fmt.Sprint(i))
				}
				first := "0" // the last topic that is removed
				if name == "inverted" {
					first = "other"
				} else {
					b.subscribe(first)
				}
				pub := s.pat.(*pattern.Pub)
				frames := pub.SendFrame(&msg.Frame{Body: []byte(first), More: true}, false)
				a.p.Retired = true
				for pub.RemoveSubscriptions(a.p) {
					s.sent(first)
					b.wants(message{first})
					if n := pub.Subscribers([]byte(first)); n != 1 {
						t.Fatalf("%d subscribers", n)
					}
					a.wants()
				}
				if err := errors.Join(frames, pub.SendFrame(&msg.Frame{Body: []byte("rest")}, false)); err != nil {
					t.Fatal(err)
				}
				b.wants(message{first, "rest"})
				a.wants()
				a.detach()
				s.sent(first)
				b.wants(message{first})
			})
		}
	}
}

// RemoveSubscriptions removes a bounded number of subscriptions per call.
// Between the calls, other peers get messages. XPUB receives each cancellation
// once.
func TestPubRemovesBoundedNumberOfSubscriptionsPerCall(t *testing.T) {
	const topics = 3000
	s := newSocket(t, pattern.XPUB)
	a, b := s.attach(), s.attach()
	b.subscribe("kept")
	s.receives("\x01kept")
	for i := range topics {
		topic := fmt.Sprint(i)
		a.subscribe(topic)
		s.receives("\x01" + topic)
	}
	pub := s.pat.(*pattern.Pub)
	parts, before := 0, pub.TopicCount()
	for more := true; more; parts++ {
		more = pub.RemoveSubscriptions(a.p)
		left := pub.TopicCount()
		if left >= before || more == (left == 1) {
			t.Fatalf("call %d: %d of %d topics remain, more = %v", parts, left, before, more)
		}
		before = left
		s.sent("kept")
		b.wants(message{"kept"})
	}
	if parts < 2 {
		t.Error("one call removed all subscriptions")
	}
	a.disconnect()
	a.detach()
	canceled := make(map[string]bool)
	for range topics {
		m, err := s.recv()
		if err != nil {
			t.Fatal(err)
		}
		canceled[string(m.First)] = true
	}
	if s.wantRecv(pattern.ErrWouldBlock); len(canceled) != topics {
		t.Errorf("XPUB received %d distinct cancellations, want %d", len(canceled), topics)
	}
}

// The other messages of an XSUB in this process have no order relative to
// subscriptions of other peers, and do not affect their order.
func TestXPubReceivesMessagesOfPeersInProcess(t *testing.T) {
	s := newSocket(t, pattern.XPUB)
	pub := s.pat.(*pattern.Pub)
	a, b := s.attach(), s.attach()
	setSubscription := func(f *far, on bool) { pub.SetSubscription(f.p, "t", on) }
	user := func(f *far, text string) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.p.In.PutFrame([]byte(text))
	}
	setSubscription(a, true)
	s.receives("\x01t")
	user(a, "user 1")
	setSubscription(a, false)
	user(b, "user 2")
	user(b, "user 3")
	setSubscription(b, true)
	user(b, "user 4")
	setSubscription(b, false)
	for _, want := range []string{"user 1", "\x00t", "user 2", "user 3", "\x01t", "user 4", "\x00t"} {
		s.receives(want)
	}
	s.wantRecv(pattern.ErrWouldBlock)
}

func TestXPubDropsCancellationsOfClosedQueue(t *testing.T) {
	s := newSocket(t, pattern.XPUB)
	f := s.attach()
	f.subscribe("a")
	f.p.In.CloseRead(pipe.DropConnLost)
	f.disconnect()
	s.wantRecv(pattern.ErrWouldBlock)
}

func TestPubAppliesSubscriptionOfPeerInProcess(t *testing.T) {
	for _, typ := range publishers {
		s := newSocket(t, typ)
		pub := s.pat.(*pattern.Pub)
		a, b := s.attach(), s.attach()
		receives := typ == pattern.XPUB
		if pub.SetSubscription(a.p, "t", true) != receives || pub.SetSubscription(b.p, "t", true) || pub.SetSubscription(a.p, "t", false) {
			t.Error("the application receives a change that it should not receive, or misses one")
		}
		s.sent("topic")
		a.wants()
		b.wants(message{"topic"})
		if pub.SetSubscription(b.p, "t", false) != receives {
			t.Error("last cancellation was not reported")
		}
		if pub.Subscribers([]byte("topic")) != 0 {
			t.Error("subscribers remain")
		}
	}
}

func TestPubSubscribersCountsMatchingPeers(t *testing.T) {
	s := newSocket(t, pattern.PUB)
	pub := s.pat.(*pattern.Pub)
	for i, topic := range []string{"a", "ab", "", "b"} {
		s.attach().subscribe(topic)
		if n, want := pub.Subscribers([]byte("abc")), min(i+1, 3); n != want {
			t.Errorf("%d subscribers, want %d", n, want)
		}
	}
}

func TestPubSubscribersCountsOtherPeersWithInvert(t *testing.T) {
	s := newSocket(t, pattern.PUB, func(o *pattern.Options) { o.Invert = true })
	pub := s.pat.(*pattern.Pub)
	a, b := s.attach(), s.attach()
	a.subscribe("t")
	for topic, want := range map[string][]*far{"topic": {b}, "other": {a, b}} {
		if n := pub.Subscribers([]byte(topic)); n != len(want) {
			t.Errorf("Subscribers = %d for %q, want %d", n, topic, len(want))
		}
		s.sent(topic)
		for _, f := range want {
			f.wants(message{topic})
		}
	}
}

func TestPubRefusesPeerAboveTopicLimits(t *testing.T) {
	for _, limit := range []func(*pattern.Options){
		func(o *pattern.Options) { o.MaxTopics = 3 },
		func(o *pattern.Options) { o.MaxTopicBytes = 3 },
	} {
		s := newSocket(t, pattern.PUB)
		limit(&s.opt)
		a, b := s.attach(), s.attach()
		for _, topic := range []string{"1", "2", "3", "2"} {
			a.subscribe(topic)
			b.subscribe(topic)
		}
		a.cancel("1")
		a.subscribe("4")
		if _, err := a.trySends("\x015"); err != pattern.ErrTooManySubscriptions {
			t.Errorf("topic above the limit: %v", err)
		}
		b.subscribe("1")
	}
}

// Connections share large frames, which must not be returned to a pool. A
// socket in this process gets a copy, because it may change them. A single
// connection takes over the memory.
func TestPubSharesLargeFramesBetweenConnections(t *testing.T) {
	for n := 1; n <= 3; n++ {
		s := newSocket(t, pattern.PUB)
		var peers []*far
		for range n {
			f := s.attach()
			f.subscribe("")
			peers = append(peers, f)
			if len(peers) > 1 { // a connection
				f.p.Out = pipe.NewQueue(pipe.Config{Lock: &s.sendMu, HWM: hwm, Writer: s, From: f.p, Pooled: true})
			}
		}
		large := bytes.Repeat([]byte("x"), msg.LargeFrame)
		if err := s.sendMsg(msg.Msg{First: []byte("t"), Rest: [][]byte{large}, Bufs: &msg.Buf{B: large}}); err != nil {
			t.Fatal(err)
		}
		for i, f := range peers {
			var m msg.Msg
			if !f.p.Out.Next(&m) || m.Len() != 2 || !bytes.Equal(m.Rest[0], large) {
				t.Fatalf("%d subscribers: got %.20q", n, framesOf(&m))
			}
			if shared := &m.Rest[0][0] == &large[0]; shared != (i > 0 || n == 1) {
				t.Errorf("%d subscribers: number %d shares the memory: %v", n, i, shared)
			}
			if (m.Bufs != nil) != (n == 1) {
				t.Errorf("%d subscribers: message has pooled memory: %v", n, m.Bufs != nil)
			}
		}
	}
}
