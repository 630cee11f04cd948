package pattern_test

import (
	"slices"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// change subscribes to a topic, or cancels one subscription if on is false. It
// reports whether the socket has to send a SUBSCRIBE or CANCEL to its peers.
func (s *socket) change(topic string, on bool) (changed bool) {
	return s.pat.(pattern.Subscriber).Subscribe(topic, on)
}

func (s *socket) topics() (list []string) {
	s.pat.(pattern.Subscriber).Topics(func(topic string) { list = append(list, topic) })
	slices.Sort(list)
	return list
}

var subscribers = []pattern.Type{pattern.SUB, pattern.XSUB}

// Every subscription is sent to the peers, repeated ones too. Each of them
// needs its own cancellation. A cancellation without a subscription is not
// sent.
// https://rfc.zeromq.org/spec/29/
func TestSubCancelsTopicAfterAsManyCancellations(t *testing.T) {
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

// https://rfc.zeromq.org/spec/29/
func TestSubTopicsListsEachTopicOnce(t *testing.T) {
	for _, typ := range subscribers {
		s := newSocket(t, typ)
		for _, topic := range []string{"b", "a", "a", "canceled", ""} {
			s.change(topic, true)
		}
		s.change("canceled", false)
		s.change("a", false)
		if got := s.topics(); !slices.Equal(got, []string{"", "a", "b"}) {
			t.Errorf("topics %q", got)
		}
	}
}

// https://rfc.zeromq.org/spec/29/
func TestSubPipesListsAttachedPublishers(t *testing.T) {
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

// A publisher that does not filter, or that has not received a change yet,
// sends messages that are not subscribed to. Only the first frame counts.
// https://rfc.zeromq.org/spec/29/
func TestSubDropsUnwantedMessages(t *testing.T) {
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

// https://rfc.zeromq.org/spec/29/
func TestXSubReceivesAllMessages(t *testing.T) {
	s := newSocket(t, pattern.XSUB)
	f := s.attach()
	f.sends("anything", "x")
	s.receives("anything", "x")
	s.wantDrops(0, 0)
}

// https://rfc.zeromq.org/spec/29/
func TestXSubSendsToAllPublishersWithRoom(t *testing.T) {
	s := newSocket(t, pattern.XSUB)
	s.sent("without a peer")
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

// https://rfc.zeromq.org/spec/29/
func TestXSubSendQueuesSubscriptionAsMessage(t *testing.T) {
	s := newSocket(t, pattern.XSUB)
	f := s.attach()
	s.sent("\x01t")
	f.wants(message{"\x01t"})
}

func TestXSubCopiesSentMessage(t *testing.T) {
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

// A PUB in this process has no queue for messages of an XSUB, or a closed one.
func TestXSubDropsMessagesForPubInProcess(t *testing.T) {
	s := newSocket(t, pattern.XSUB)
	f, g := s.attach(), s.attach()
	f.p.Out = nil
	g.p.Out.CloseRead(pipe.DropConnLost)
	s.sent("x")
	s.wantDrops(pipe.DropUpstream, 2)
}

func TestXSubVerboseUnsubscribeReportsEveryCancellation(t *testing.T) {
	s := newSocket(t, pattern.XSUB, func(o *pattern.Options) { o.VerboseUnsubscribe = true })
	for i, on := range []bool{false, true, true, false, false, false} {
		if !s.change("a", on) {
			t.Errorf("change %d was not reported", i)
		}
	}
	if got := s.topics(); len(got) != 0 {
		t.Errorf("%q is still subscribed to", got)
	}
}

func TestSubInvertReceivesOtherMessages(t *testing.T) {
	s := newSocket(t, pattern.SUB, func(o *pattern.Options) { o.Invert = true })
	f := s.attach()
	s.change("a", true)
	f.sends("ab")
	f.sends("b", "a")
	s.receives("b", "a")
	s.wantRecv(pattern.ErrWouldBlock)
	s.wantDrops(pipe.DropFiltered, 1)
}
