package seq_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq/patterns/internal/pyzmqtest"
	"github.com/zerobroker/zmq/patterns/seq"
)

func TestSubscriberReadsForeignPublisher(t *testing.T) {
	f := pyzmqtest.Start(t, "pub")
	endpoints := strings.Fields(f.Line())
	s, err := seq.NewSubscriber(&seq.SubscriberOptions{Topics: []string{"kv"}, ReplayTimeout: 5 * time.Second})
	must(t, err)
	defer s.Close()
	must(t, s.Connect(endpoints[0], endpoints[1]))
	must(t, s.WaitSubscribed(t.Context()))
	f.Do("publish a", "skip b", "skip c", "publish d")
	check(t, receive(t, s, 4), "a", "b", "c", "d")
	f.Do("skip e", "skip f", "skip g", "skip h", "skip i", "publish j")
	check(t, receive(t, s, 6), fmt.Sprintf("seq: messages 4 to 4 of %s are lost: expired", endpoints[0]),
		"f", "g", "h", "i", "j")
	f.Do("restart", "publish A", "skip B", "publish C")
	check(t, receive(t, s, 4), fmt.Sprintf("seq: publisher %s has restarted after message 9", endpoints[0]),
		"A", "B", "C")
}

func TestForeignSubscriberReadsPublisher(t *testing.T) {
	p, err := seq.NewPublisher(&seq.PublisherOptions{Topic: "kv"})
	must(t, err)
	defer p.Close()
	endpoint, err := p.Bind("tcp://127.0.0.1:*")
	must(t, err)
	replay, err := p.BindReplay("tcp://127.0.0.1:*")
	must(t, err)
	publish(t, p, "a", "b") // before the subscriber is there
	f := pyzmqtest.Start(t, "sub", endpoint, replay)
	must(t, p.WaitSubscribers(t.Context(), 1))
	publish(t, p, "c", "d")
	for _, want := range []string{"replay 0 a", "replay 1 b", "live 2 c", "live 3 d"} {
		if got := f.Line(); got != want {
			t.Errorf("printed %q, want %q", got, want)
		}
	}
	if got := pyzmqtest.Start(t, "req", replay, "3").Line(); got != "3 d" {
		t.Errorf("REQ received %q", got)
	}
	if got := pyzmqtest.Start(t, "req", replay, "4").Line(); got != "-1 " {
		t.Errorf("REQ received %q", got)
	}
}
