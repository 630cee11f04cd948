package interop

import (
	"fmt"
	"slices"
	"testing"

	"github.com/zerobroker/zmq"
)

// eachPubSub runs f for every combination of a publisher and a subscriber, with
// our socket in either role, bound or connected.
func eachPubSub(t *testing.T, pubs, subs []string, f func(t *testing.T, pub, sub socket)) {
	for _, pub := range pubs {
		for _, sub := range subs {
			for _, oursPublishes := range []bool{true, false} {
				for _, oursBinds := range []bool{true, false} {
					name := fmt.Sprintf("our %s, their %s", pub, sub)
					r := roles{ours: pub, theirs: sub}
					if !oursPublishes {
						name = fmt.Sprintf("our %s, their %s", sub, pub)
						r = roles{ours: sub, theirs: pub}
					}
					t.Run(name+boundBy(oursBinds), func(t *testing.T) {
						t.Parallel()
						o, th := newOurs(t, r.ours, nil), newTheirs(t, r.theirs, options{"SNDHWM": 0, "RCVHWM": 0})
						join(o, th, oursBinds, freeEndpoint(t, "tcp"))
						o.connected()
						th.connected()
						if oursPublishes {
							f(t, o, th)
						} else {
							f(t, th, o)
						}
					})
				}
			}
		}
	}
}

// waitSubscriptions waits until the publisher has received all changes of the
// subscriptions. topic is the last one that was subscribed to.
func waitSubscriptions(pub, sub socket, topic string) {
	switch p := pub.(type) {
	case *ours:
		// libzmq's subscriber sends its subscriptions in order.
		p.waitSubscribers(1, topic)
	case *theirs:
		sub.(*ours).subscribed()
	}
}

type unsubscriber interface{ unsubscribe(topics ...string) }

// expectSubscriptions receives the subscriptions to all topics, in any order.
func (s *theirs) expectSubscriptions(topics ...string) {
	s.p.t.Helper()
	var got []string
	for _, f := range s.do("recv", command{"timeout": waitLimitMS, "count": len(topics)}).Frames {
		got = append(got, string(f.B64))
	}
	checkSubscriptions(s.p.t, got, topics)
}

func (o *ours) expectSubscriptions(topics ...string) {
	o.t.Helper()
	var got []string
	for range topics {
		got = append(got, string(o.recv()[0]))
	}
	checkSubscriptions(o.t, got, topics)
}

func checkSubscriptions(t *testing.T, got, topics []string) {
	t.Helper()
	want := make(map[string]bool)
	for _, topic := range topics {
		want["\x01"+topic] = true
	}
	for _, m := range got {
		if !want[m] {
			t.Fatalf("the publisher received %q twice, or it is unexpected", m)
		}
		delete(want, m)
	}
}

// Topics match by prefix. A topic that was subscribed to twice needs two
// unsubscriptions.
func TestSubscriberReceivesOnlyItsTopics(t *testing.T) {
	eachPubSub(t, []string{"PUB", "XPUB"}, []string{"SUB", "XSUB"}, checkTopics)
}

func checkTopics(t *testing.T, pub, sub socket) {
	t.Helper()
	sub.subscribe("a", "b.", "b.", "\x00\xff", "c")
	sub.(unsubscriber).unsubscribe("c", "b.", "not subscribed")
	sub.subscribe("last")
	waitSubscriptions(pub, sub, "last")
	for _, topic := range []string{"", "A", "b", "c", "a", "ax", "\x00", "b.", "b.x", "\x00\xff\x00", "last"} {
		pub.send(text(topic, "1"))
	}
	for _, topic := range []string{"a", "ax", "b.", "b.x", "\x00\xff\x00", "last"} {
		sub.expect(text(topic, "1"))
	}
	sub.(unsubscriber).unsubscribe("a", "b.")
	sub.subscribe("end")
	waitSubscriptions(pub, sub, "end")
	for _, topic := range []string{"a", "b.x", "last", "end"} {
		pub.send(text(topic, "2"))
	}
	sub.expect(text("last", "2"))
	sub.expect(text("end", "2"))
}

// An XPUB receives a subscription when a topic gets its first subscriber, and
// an unsubscription when the topic has none any more, in order.
func TestXPubReceivesFirstSubscribeAndLastUnsubscribe(t *testing.T) {
	eachPubSub(t, []string{"XPUB"}, []string{"SUB", "XSUB"}, checkXPubTopics)
}

func checkXPubTopics(t *testing.T, pub, sub socket) {
	t.Helper()
	u := sub.(unsubscriber)
	for _, size := range topicSizes {
		if libzmq, ok := sub.(*theirs); ok && libzmq.kind == "SUB" && size >= 246 && size <= 255 {
			// libzmq 4.3.4 encodes such a SUBSCRIBE with a long header but
			// without the LONG flag.
			continue
		}
		topic := string(blob(size, 1).bytes())
		sub.subscribe(topic, topic)
		pub.expect(text("\x01" + topic))
		u.unsubscribe(topic)
		u.unsubscribe(topic)
		pub.expect(text("\x00" + topic))
	}
}

// A publisher that connects later also receives all subscriptions.
func TestEveryPublisherReceivesThousandsOfTopics(t *testing.T) {
	const count = 5000
	topics := make([]string, count)
	for i := range topics {
		topics[i] = fmt.Sprintf("%04d topic", i)
	}
	check := func(t *testing.T, pub, sub socket) {
		t.Helper()
		pub.(interface{ expectSubscriptions(topics ...string) }).expectSubscriptions(topics...)
		pub.send(text("0000", "too short"))
		pub.send(text(topics[count-1]+" and more", "1"))
		sub.expect(text(topics[count-1]+" and more", "1"))
	}
	eachPubSub(t, []string{"XPUB"}, []string{"SUB"}, func(t *testing.T, pub, sub socket) {
		for some := range slices.Chunk(topics, 1000) {
			sub.subscribe(some...)
		}
		check(t, pub, sub)
		// A new publisher.
		switch p := pub.(type) {
		case *ours:
			later := newOurs(t, "XPUB", nil)
			sub.connect(later.bind(freeEndpoint(t, "tcp")))
			later.connected()
			sub.(*theirs).connected()
			check(t, later, sub)
		case *theirs:
			later := p.p.socket("XPUB", options{"SNDHWM": 0, "RCVHWM": 0})
			sub.connect(later.bind(freeEndpoint(t, "tcp")))
			later.connected()
			check(t, later, sub)
		}
	})
}

// The drops are counted, and subscriptions still take effect.
func TestPubDropsMessagesFromSubscribers(t *testing.T) {
	o, th := newOurs(t, "PUB", nil), newTheirs(t, "XSUB", nil)
	join(o, th, true, freeEndpoint(t, "tcp"))
	o.connected()
	th.connected()
	th.send(text("hello"))
	th.send(text("hello", "\x01", "again"))
	th.subscribe("a")
	o.waitSubscribers(1, "a")
	oneWay(o, th, text("a"))
	o.dropped(map[zmq.DropReason]uint64{zmq.DropUpstream: 2})
}

// A subscriber receives from both publishers. A publisher sends to each
// subscriber only the topics that it has subscribed to.
func TestTwoPublishersAndTwoSubscribersExchangeMessages(t *testing.T) {
	eachPubSub(t, []string{"PUB", "XPUB"}, []string{"SUB"}, func(t *testing.T, pub, sub socket) {
		sub.subscribe("both", "one")
		waitSubscriptions(pub, sub, "both")
		waitSubscriptions(pub, sub, "one")
		switch p := pub.(type) {
		case *ours:
			other := newTheirs(t, "SUB", nil)
			other.subscribe("both", "other")
			endpoint := p.bind(freeEndpoint(t, "tcp"))
			other.connect(endpoint)
			p.waitSubscribers(2, "both")
			p.waitSubscribers(1, "other")
			for _, topic := range []string{"one", "other", "both"} {
				p.send(text(topic))
			}
			other.expect(text("other"))
			other.expect(text("both"))
		case *theirs:
			s := sub.(*ours)
			events := s.watch()
			other := newTheirs(t, "XPUB", nil)
			s.connect(other.bind(freeEndpoint(t, "tcp")))
			events.wait(zmq.EventReady)
			other.connected()
			other.expectSubscriptions("both", "one")
			oneWay(other, s, text("both", "from the other"))
			for _, topic := range []string{"one", "other", "both"} {
				p.send(text(topic))
			}
		}
		sub.expect(text("one"))
		sub.expect(text("both"))
	})
}
