package pattern_test

import (
	"slices"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// assign calls Assign as a socket does.
func (s *socket) assign(p *pipe.Pipe, on bool, topic string) {
	s.processInput()
	s.sendMu.Lock()
	defer s.sendMu.Unlock()
	s.pat.(*pattern.Pub).Assign(p, on, []byte(topic))
}

// With XPubNotifyEveryChange it also receives every cancellation, so that an
// application that counts those of a forwarder receives as many as subscriptions.
func TestXPubVerboseReceivesEverySubscription(t *testing.T) {
	for _, notify := range []pattern.XPubNotify{pattern.XPubNotifyEverySubscribe, pattern.XPubNotifyEveryChange} {
		verboser := notify == pattern.XPubNotifyEveryChange
		s := newSocket(t, pattern.XPUB, func(o *pattern.Options) { o.XPubNotify = notify })
		a, b := s.attach(), s.attach()
		for _, f := range []*far{a, b, a} {
			f.subscribe("t")
			s.receives("\x01t")
		}
		if a.cancel("t") != verboser {
			t.Errorf("verboser = %v: cancellation by one of two subscribers", verboser)
		}
		if verboser {
			s.receives("\x00t")
		}
		if a.cancel("t") != verboser {
			t.Errorf("verboser = %v: cancellation of an unknown topic", verboser)
		}
		if verboser {
			s.receives("\x00t")
		}
		a.subscribe("t")
		s.receives("\x01t")
		a.disconnect()
		if verboser {
			s.receives("\x00t")
		}
		s.wantRecv(pattern.ErrWouldBlock)
		b.disconnect()
		s.receives("\x00t")
		s.wantRecv(pattern.ErrWouldBlock)
	}
}

// They apply to the peer whose subscription was received last.
func TestXPubManualAppliesSubscriptionsOfApplication(t *testing.T) {
	s := newSocket(t, pattern.XPUB, func(o *pattern.Options) { o.Manual = true })
	a, b := s.attach(), s.attach()
	s.assign(nil, true, "too early")
	a.subscribe("A")
	b.subscribe("B")
	s.receives("\x01A")
	s.assign(nil, true, "XA")
	s.receives("\x01B")
	s.assign(nil, true, "XB")
	s.assign(a.p, true, "both")
	s.assign(b.p, true, "both")
	for _, topic := range []string{"A", "B", "XA", "XB", "both"} {
		s.sent(topic)
	}
	a.wants(message{"XA"}, message{"both"})
	b.wants(message{"XB"}, message{"both"})

	a.subscribe("A") // XPUB receives it although it is not new
	a.cancel("A")
	a.cancel("never")
	s.receives("\x01A")
	s.receives("\x00A")
	s.receives("\x00never")
	s.assign(nil, false, "XA")
	s.sent("XA")
	a.wants()

	// The subscriptions of a peer that disconnects are cancelled, requested and
	// assigned ones.
	b.disconnect()
	b.detach()
	s.receives("\x00B")
	s.wantRecv(pattern.ErrWouldBlock)
	s.assign(nil, true, "XB") // b has disconnected, so that it has no effect
	s.assign(b.p, true, "XB")
	s.sent("XB")
	a.wants()
	if n := s.pat.(*pattern.Pub).TopicCount(); n != 1 {
		t.Errorf("%d topics remain", n)
	}
}

func TestXPubPipeOfFindsConnectedPeersOnly(t *testing.T) {
	s := newSocket(t, pattern.XPUB, func(o *pattern.Options) { o.Manual = true })
	pub := s.pat.(*pattern.Pub)
	a, b := s.connect(""), s.connect("")
	first, other := a.p.Peer(), b.p.Peer()
	is := func(when string, peer *msg.Peer, want *pipe.Pipe) {
		t.Helper()
		if p := pub.PipeOf(peer); p != want {
			t.Errorf("%s: pipe %p, want %p", when, p, want)
		}
	}
	is("there", first, a.p)
	is("there too", other, b.p)
	if err := a.connect(""); err != nil { // reconnects before Disconnected was called
		t.Fatal(err)
	}
	is("replaced", first, nil)
	is("in its place", a.p.Peer(), a.p)
	a.disconnect()
	is("lost", a.p.Peer(), nil)
	b.detach()
	is("gone", other, nil)
}

func TestXPubManualAssignIgnoresDisconnectedPeer(t *testing.T) {
	s := newSocket(t, pattern.XPUB, func(o *pattern.Options) { o.Manual = true })
	a := s.attach()
	a.subscribe("A")
	s.receives("\x01A")
	a.disconnect()
	s.assign(nil, true, "A")
	if n := s.pat.(*pattern.Pub).TopicCount(); n != 0 {
		t.Errorf("%d topics remain", n)
	}
	s.receives("\x00A")
}

// The message after the next goes to all subscribers.
func TestXPubLastValueGoesToNewSubscriberOnly(t *testing.T) {
	s := newSocket(t, pattern.XPUB, func(o *pattern.Options) { o.Manual, o.LastValue = true, true })
	a, b := s.attach(), s.attach()
	for _, f := range []*far{a, b} {
		f.subscribe("t")
		s.receives("\x01t")
		s.assign(nil, true, "t")
		s.sent("t", "last value")
		f.wants(message{"t", "last value"})
	}
	a.wants()
	s.sent("t", "news")
	a.wants(message{"t", "news"})
	b.wants(message{"t", "news"})
	b.subscribe("other")
	s.receives("\x01other")
	s.sent("other", "matches no subscription")
	s.sent("t", "news")
	a.wants(message{"t", "news"})
	b.wants(message{"t", "news"})
}

func TestXPubLastValueGoesToAllAfterSubscriberDisconnects(t *testing.T) {
	s := newSocket(t, pattern.XPUB, func(o *pattern.Options) { o.Manual, o.LastValue = true, true })
	a, b := s.attach(), s.attach()
	for _, f := range []*far{a, b} {
		f.subscribe("t")
		s.receives("\x01t")
		s.assign(nil, true, "t")
	}
	s.sent("t", "last value")
	b.wants(message{"t", "last value"})
	a.detach()
	s.receives("\x00t")
	s.sent("t", "news")
	b.wants(message{"t", "news"})
}

func TestPubNoDropReturnsErrWouldBlockWhenOneIsFull(t *testing.T) {
	for _, typ := range publishers {
		s := newSocket(t, typ, func(o *pattern.Options) { o.Block = true })
		slow, fast, other := s.attach(), s.attach(), s.attach()
		slow.subscribe("a")
		fast.subscribe("")
		other.subscribe("b")
		for range hwm {
			s.sent("a")
		}
		fast.wants(slices.Repeat([]message{{"a"}}, hwm)...)
		s.wantSend(pattern.ErrWouldBlock, "a")
		s.wantSend(pattern.ErrWouldBlock, "a", "again")
		fast.wants()
		s.sent("b") // the full peer does not match
		fast.wants(message{"b"})
		other.wants(message{"b"})
		slow.wants(slices.Repeat([]message{{"a"}}, hwm)...)
		s.sent("a", "now")
		slow.wants(message{"a", "now"})
		fast.wants(message{"a", "now"})
		s.wantDrops(0, 0)
	}
}

func TestPubInvertSendsToOtherPeers(t *testing.T) {
	for _, typ := range publishers {
		s := newSocket(t, typ, func(o *pattern.Options) { o.Invert = true })
		a, b, none := s.attach(), s.attach(), s.attach()
		a.subscribe("a")
		b.subscribe("b")
		b.subscribe("")
		s.sent("ab", "2")
		b.cancel("")
		s.sent("ba")
		none.detach()
		s.sent("c")
		a.wants(message{"ba"}, message{"c"})
		b.wants(message{"c"})
		none.wants(message{"ab", "2"}, message{"ba"})
	}
}

func TestPubWelcomeIsFirstMessageOfPipe(t *testing.T) {
	for _, typ := range publishers {
		s := newSocket(t, typ, func(o *pattern.Options) { o.Welcome = []byte("hi") })
		f := s.connect("")
		f.subscribe("a")
		s.sent("a")
		f.disconnect()
		if err := f.connect(""); err != nil {
			t.Fatal(err)
		}
		f.wants(message{"hi"}, message{"a"})
	}
}

// With OnlyFirst it searches only messages whose first frame is a subscription.
func TestPubFindsSubscriptionsInEveryFrame(t *testing.T) {
	for _, onlyFirst := range []bool{false, true} {
		s := newSocket(t, pattern.XPUB, func(o *pattern.Options) { o.OnlyFirst = onlyFirst })
		f := s.attach()
		f.sends("\x01a", "\x01b", "user", "\x00a", "data")
		for _, m := range []message{{"\x01a"}, {"\x01b"}, {"\x00a"}, {"user", "data"}} {
			s.receives(m...)
		}
		f.sends("user", "\x01c", "")
		if onlyFirst {
			s.receives("user", "\x01c", "")
		} else {
			s.receives("\x01c")
			s.receives("user", "")
		}
		s.wantRecv(pattern.ErrWouldBlock)
		s.sent("b")
		s.sent("c")
		if onlyFirst {
			f.wants(message{"b"})
		} else {
			f.wants(message{"b"}, message{"c"})
		}
	}
}

func TestXPubManualRefusesPeerAboveTopicLimits(t *testing.T) {
	s := newSocket(t, pattern.XPUB, func(o *pattern.Options) { o.Manual, o.MaxTopics = true, 2 })
	f := s.attach()
	f.subscribe("1")
	f.subscribe("2")
	if _, err := f.trySends("\x013"); err != pattern.ErrTooManySubscriptions {
		t.Errorf("topic above the limit: %v", err)
	}
	if _, err := f.trySends("\x014", "\x015"); err != pattern.ErrTooManySubscriptions {
		t.Errorf("topics above the limit in one message: %v", err)
	}
}
