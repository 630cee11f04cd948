package pattern_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// subscribe and cancel are what a subscriber sends.
func (f *far) subscribe(topic string) (queued bool) { f.s.t.Helper(); return f.sends("\x01" + topic) }
func (f *far) cancel(topic string) (queued bool)    { f.s.t.Helper(); return f.sends("\x00" + topic) }

var publishers = []pattern.Type{pattern.PUB, pattern.XPUB}

// TestPubMatchesPrefix: a message goes to those that subscribe to a prefix of
// its first frame, whole.
func TestPubMatchesPrefix_RFC29(t *testing.T) {
	for _, typ := range publishers {
		s := newSocket(t, typ)
		all, a, ab, none := s.attach(), s.attach(), s.attach(), s.attach()
		all.subscribe("")
		a.subscribe("a")
		ab.subscribe("ab")
		none.subscribe("tail") // the later frames are not looked at
		for _, topic := range []string{"", "a", "ab", "abc", "b", "\x00"} {
			s.sent(topic, "tail")
		}
		tail := func(topics ...string) (msgs []message) {
			for _, topic := range topics {
				msgs = append(msgs, message{topic, "tail"})
			}
			return msgs
		}
		all.wants(tail("", "a", "ab", "abc")...) // and then its queue was full
		a.wants(tail("a", "ab", "abc")...)
		ab.wants(tail("ab", "abc")...)
		none.wants()
		s.wantDrops(pipe.DropHWM, 2)
	}
}

// TestPubWithoutSubscribers: a message that nobody wants is filtered, which is
// no drop.
func TestPubWithoutSubscribers_RFC29(t *testing.T) {
	for _, typ := range publishers {
		s := newSocket(t, typ)
		s.sent("a")
		f := s.attach()
		s.sent("a")
		f.wants()
		s.wantDrops(0, 0)
	}
}

// TestPubOnceForEachPeer: however many of its subscriptions match.
func TestPubOnceForEachPeer_RFC29(t *testing.T) {
	s := newSocket(t, pattern.PUB)
	f := s.attach()
	for _, topic := range []string{"", "a", "ab", "abc"} {
		f.subscribe(topic)
	}
	s.sent("abcd")
	f.wants(message{"abcd"})
}

// TestPubDropsForFullOnly: a subscriber that is full misses messages, until it
// has read (HWM+1)/2 of them; the others do not.
func TestPubDropsForFullOnly_RFC29(t *testing.T) {
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

// TestPubDropsForFullOnlySubscriber: also when there is no other.
func TestPubDropsForFullOnlySubscriber_RFC29(t *testing.T) {
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

// TestPubSubscriptionsAreASet: from one peer a topic counts once, and is
// cancelled by one cancel; a cancel of what is not subscribed to does nothing.
func TestPubSubscriptionsAreASet_RFC29(t *testing.T) {
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

// TestPubConsumesUpstream: a PUB keeps nothing of what its peers send, and
// counts what is no subscription.
func TestPubConsumesUpstream_RFC29(t *testing.T) {
	s := newSocket(t, pattern.PUB)
	f := s.attach()
	for range 2 {
		if f.subscribe("a") || f.cancel("x") {
			t.Error("a subscription was queued")
		}
	}
	if f.cancel("a") {
		t.Error("the end of a subscription was queued")
	}
	s.wantDrops(0, 0)
	for _, m := range [][]string{{"user"}, {""}, {"\x02"}, {"x", "y"}} {
		if f.sends(m...) {
			t.Errorf("%q was queued", m)
		}
	}
	s.wantDrops(pipe.DropUpstream, 4)
}

// TestXPubReceivesFirstAndLast: its application hears of a topic when the
// first peer wants it and when the last no longer does.
func TestXPubReceivesFirstAndLast_RFC29(t *testing.T) {
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

// TestXPubReceivesUserMessages: what is no subscription is the application's.
func TestXPubReceivesUserMessages_RFC29(t *testing.T) {
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

// TestXPubReceivesInOrder: it hears of its peers' subscriptions in the order in
// which they took effect, or it would take a topic for cancelled that is not.
func TestXPubReceivesInOrder(t *testing.T) {
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
			t.Error("more to receive when nothing is")
		}
	}
}

// TestXPubHearsOfDisconnect: topics that are left without subscriber are
// reported as cancelled; those of others live on.
func TestXPubHearsOfDisconnect_RFC29(t *testing.T) {
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
		leave(a) // nothing is left to report
		s.wantRecv(pattern.ErrWouldBlock)
	}
}

// TestPubForgetsDisconnected: also a PUB, whose application hears nothing.
func TestPubForgetsDisconnected_RFC29(t *testing.T) {
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

// TestPubForgetsInParts: while a peer's many subscriptions are being forgotten,
// messages still go to others, and each topic is reported once.
func TestPubForgetsInParts(t *testing.T) {
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
		more = pub.Forget(a.p)
		left := pub.TopicCount()
		if left >= before || more == (left == 1) {
			t.Fatalf("part %d: %d of %d topics are left, more: %v", parts, left, before, more)
		}
		before = left
		s.sent("kept")
		b.wants(message{"kept"})
	}
	if parts < 2 {
		t.Error("all was forgotten at once")
	}
	a.disconnect()
	a.detach()
	told := make(map[string]bool)
	for range topics {
		m, err := s.recv()
		if err != nil {
			t.Fatal(err)
		}
		told[string(m.First)] = true
	}
	if s.wantRecv(pattern.ErrWouldBlock); len(told) != topics {
		t.Errorf("%d different topics were reported, want %d", len(told), topics)
	}
}

// TestXPubUserMessagesOfTheProcess: what an XSUB of the process sends lies among
// its subscriptions, in no order with those of others. It changes nothing of
// theirs.
func TestXPubUserMessagesOfTheProcess(t *testing.T) {
	s := newSocket(t, pattern.XPUB)
	pub := s.pat.(*pattern.Pub)
	a, b := s.attach(), s.attach()
	upstream := func(f *far, on bool) {
		if pub.Upstream(f.p, "t", on) {
			notice := msg.Of([]byte("\x00t"))
			if on {
				notice.First[0] = 1
			}
			pub.Queue(f.p, &notice)
		}
	}
	user := func(f *far, text string) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.p.In.PutFrame([]byte(text))
	}
	upstream(a, true)
	s.receives("\x01t")
	user(a, "user 1")
	upstream(a, false)
	user(b, "user 2")
	user(b, "user 3")
	upstream(b, true)
	user(b, "user 4")
	upstream(b, false)
	for _, want := range []string{"user 1", "\x00t", "user 2", "user 3", "\x01t", "user 4", "\x00t"} {
		s.receives(want)
	}
	s.wantRecv(pattern.ErrWouldBlock)
}

// TestXPubDisconnectOfDead: nobody is told who no longer reads.
func TestXPubDisconnectOfDead(t *testing.T) {
	s := newSocket(t, pattern.XPUB)
	f := s.attach()
	f.subscribe("a")
	f.p.In.Kill()
	f.disconnect()
	s.wantRecv(pattern.ErrWouldBlock)
}

// TestPubUpstream: from a peer in the process, subscriptions come without a
// message.
func TestPubUpstream(t *testing.T) {
	for _, typ := range publishers {
		s := newSocket(t, typ)
		pub := s.pat.(*pattern.Pub)
		a, b := s.attach(), s.attach()
		heard := typ == pattern.XPUB
		if pub.Upstream(a.p, "t", true) != heard || pub.Upstream(b.p, "t", true) || pub.Upstream(a.p, "t", false) {
			t.Error("what is no news to the application is told to it, or the reverse")
		}
		s.sent("topic")
		a.wants()
		b.wants(message{"topic"})
		if pub.Upstream(b.p, "t", false) != heard {
			t.Error("the last cancel")
		}
		if pub.Subscribers([]byte("topic")) != 0 {
			t.Error("subscribers left")
		}
	}
}

func TestPubSubscribers(t *testing.T) {
	s := newSocket(t, pattern.PUB)
	pub := s.pat.(*pattern.Pub)
	for i, topic := range []string{"a", "ab", "", "b"} {
		s.attach().subscribe(topic)
		if n, want := pub.Subscribers([]byte("abc")), min(i+1, 3); n != want {
			t.Errorf("%d subscribers, want %d", n, want)
		}
	}
}

// TestPubSubscribersInverted: those who would get the message are those who have
// not subscribed to it.
func TestPubSubscribersInverted(t *testing.T) {
	s := newSocket(t, pattern.PUB, func(o *pattern.Options) { o.Invert = true })
	pub := s.pat.(*pattern.Pub)
	a, b := s.attach(), s.attach()
	a.subscribe("t")
	for topic, want := range map[string][]*far{"topic": {b}, "other": {a, b}} {
		if n := pub.Subscribers([]byte(topic)); n != len(want) {
			t.Errorf("%d would get %q, want %d", n, topic, len(want))
		}
		s.sent(topic)
		for _, f := range want {
			f.wants(message{topic})
		}
	}
}

// TestPubLimitsTopics: a peer that wants too much is refused, and only it.
func TestPubLimitsTopics(t *testing.T) {
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
			t.Errorf("a topic too many: %v", err)
		}
		b.subscribe("1")
	}
}

// TestPubSharesLargeFrames: connections that get a message share its large
// frames, and nobody may give their memory back; a socket of this process gets
// its own, for it may change them; one alone takes them over.
func TestPubSharesLargeFrames(t *testing.T) {
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
				t.Errorf("%d subscribers: memory to give back: %v", n, m.Bufs != nil)
			}
		}
	}
}
