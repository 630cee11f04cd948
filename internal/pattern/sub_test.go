package pattern_test

import (
	"slices"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// change subscribes or cancels as a socket does, and reports whether the
// publishers must hear of it.
func (s *socket) change(topic string, on bool) (changed bool) {
	changed = s.pat.(pattern.Subscriber).Subscribe(topic, on)
	if changed {
		s.pat.(interface{ Filter(string, bool) }).Filter(topic, on)
	}
	return changed
}

func (s *socket) topics() (list []string) {
	s.pat.(pattern.Subscriber).Topics(func(topic string) { list = append(list, topic) })
	slices.Sort(list)
	return list
}

var subscribers = []pattern.Type{pattern.SUB, pattern.XSUB}

// TestSubCounts: every subscription is passed on; a topic is cancelled when it
// has been as often as it was subscribed to, and a cancel of what is not
// subscribed to is nothing.
func TestSubCounts_RFC29(t *testing.T) {
	for _, typ := range subscribers {
		s := newSocket(t, typ)
		for i, step := range []struct {
			topic   string
			on      bool
			changed bool
		}{
			{"a", false, false}, {"a", true, true}, {"a", true, true}, {"", true, true}, {"b", false, false},
			{"a", false, false}, {"a", false, true}, {"a", false, false}, {"a", true, true}, {"", false, true},
		} {
			if got := s.change(step.topic, step.on); got != step.changed {
				t.Errorf("step %d: %q on %v: changed %v", i, step.topic, step.on, got)
			}
		}
	}
}

// TestSubReplaysTopics: a new publisher hears each topic once, however often
// it was subscribed to, and no other.
func TestSubReplaysTopics_RFC29(t *testing.T) {
	for _, typ := range subscribers {
		s := newSocket(t, typ)
		for _, topic := range []string{"b", "a", "a", "gone", ""} {
			s.change(topic, true)
		}
		s.change("gone", false)
		s.change("a", false)
		if got := s.topics(); !slices.Equal(got, []string{"", "a", "b"}) {
			t.Errorf("topics %q", got)
		}
	}
}

// TestSubKnowsPublishers: changes go to all that are attached.
func TestSubKnowsPublishers_RFC29(t *testing.T) {
	for _, typ := range subscribers {
		s := newSocket(t, typ)
		a, b, c := s.attach(), s.attach(), s.attach()
		b.detach()
		n := make(map[*pipe.Pipe]int)
		s.pat.(pattern.Subscriber).Pipes(func(p *pipe.Pipe) { n[p]++ })
		if len(n) != 2 || n[a.p] != 1 || n[c.p] != 1 {
			t.Errorf("%d publishers: %v", len(n), n)
		}
	}
}

// TestSubFilters: what comes without having been asked for is dropped: late,
// or from a publisher that does not filter. Only the first frame counts.
func TestSubFilters_RFC29(t *testing.T) {
	s := newSocket(t, pattern.SUB)
	f := s.attach()
	f.sends("early")
	s.wantRecv(pattern.ErrWouldBlock)
	s.change("a", true)
	for _, m := range [][]string{{"a"}, {"b", "a"}, {"ab", "b"}, {""}, {"A"}} {
		f.sends(m...)
	}
	s.receives("a")
	s.receives("ab", "b")
	s.wantRecv(pattern.ErrWouldBlock)
	s.wantDrops(pipe.DropFiltered, 4)
	s.change("a", true)
	s.change("a", false)
	f.sends("a still")
	s.receives("a still")
	s.change("a", false)
	f.sends("a late")
	s.wantRecv(pattern.ErrWouldBlock)
	s.wantDrops(pipe.DropFiltered, 5)
	s.change("", true)
	f.sends("")
	s.receives("")
}

// TestXSubDoesNotFilter: it gets what comes.
func TestXSubDoesNotFilter_RFC29(t *testing.T) {
	s := newSocket(t, pattern.XSUB)
	f := s.attach()
	f.sends("anything", "x")
	s.receives("anything", "x")
	s.wantDrops(0, 0)
}

// TestXSubSendsToAll: every publisher gets a message but those that are full.
func TestXSubSendsToAll_RFC29(t *testing.T) {
	s := newSocket(t, pattern.XSUB)
	s.sent("for nobody")
	a, b := s.attach(), s.attach()
	for range hwm {
		s.sent("up", "", "stream")
	}
	up := message{"up", "", "stream"}
	a.wants(up, up, up, up)
	large := string(make([]byte, 100_000))
	s.sent("l", large)
	s.wantDrops(pipe.DropHWM, 1)
	a.wants(message{"l", large})
	b.wants(up, up, up, up)
	b.detach()
	s.sent("for a")
	a.wants(message{"for a"})
	b.wants()
}

// TestXSubSubscriptionIsAMessage: what the application sends as a message is
// one, also when it looks like a subscription.
func TestXSubSubscriptionIsAMessage_RFC29(t *testing.T) {
	s := newSocket(t, pattern.XSUB)
	f := s.attach()
	s.sent("\x01t")
	f.wants(message{"\x01t"})
}

// TestXSubCopies: what it sends is its caller's again.
func TestXSubCopies(t *testing.T) {
	s := newSocket(t, pattern.XSUB)
	f := s.attach()
	large := make([]byte, 2*msg.LargeFrame)
	if err := s.sendMsg(msg.Msg{First: large}); err != nil {
		t.Fatal(err)
	}
	for i := range large {
		large[i] = 0xFF
	}
	f.wants(message{string(make([]byte, 2*msg.LargeFrame))})
}

// TestXSubToPublisherThatTakesNothing: a PUB of this process has no queue for
// what an XSUB sends, or one that nobody reads.
func TestXSubToPublisherThatTakesNothing(t *testing.T) {
	s := newSocket(t, pattern.XSUB)
	f, g := s.attach(), s.attach()
	f.p.Out = nil
	g.p.Out.Kill()
	s.sent("x")
	s.wantDrops(pipe.DropUpstream, 2)
}

// TestXSubPassesAllCancels if so set, also of what it has not subscribed to.
func TestXSubPassesAllCancels(t *testing.T) {
	s := newSocket(t, pattern.XSUB, func(o *pattern.Options) { o.VerboseUnsubscribe = true })
	for i, on := range []bool{false, true, true, false, false, false} {
		if !s.change("a", on) {
			t.Errorf("change %d was not passed on", i)
		}
	}
	if got := s.topics(); len(got) != 0 {
		t.Errorf("%q is still subscribed to", got)
	}
}

// TestSubInverted takes what it has not subscribed to.
func TestSubInverted(t *testing.T) {
	s := newSocket(t, pattern.SUB, func(o *pattern.Options) { o.Invert = true })
	f := s.attach()
	s.change("a", true)
	f.sends("ab")
	f.sends("b", "a")
	s.receives("b", "a")
	s.wantRecv(pattern.ErrWouldBlock)
	s.wantDrops(pipe.DropFiltered, 1)
}
