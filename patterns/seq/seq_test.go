package seq_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/internal/simnet"
	"github.com/zerobroker/zmq/patterns/seq"
)

// must fails the test if a call returned an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newPublisher returns a publisher that is bound to sim://name and sim://name-replay.
func newPublisher(t *testing.T, n simnet.Network, name string, o seq.PublisherOptions) *seq.Publisher {
	t.Helper()
	o.Socket = n.Options()
	p, err := seq.NewPublisher(&o)
	must(t, err)
	_, err = p.Bind("sim://" + name)
	must(t, err)
	_, err = p.BindReplay("sim://" + name + "-replay")
	must(t, err)
	return p
}

func newSubscriber(t *testing.T, n simnet.Network, o seq.SubscriberOptions) *seq.Subscriber {
	t.Helper()
	o.Socket = n.Options()
	s, err := seq.NewSubscriber(&o)
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// receive returns n results as text: payloads and errors.
func receive(t *testing.T, s *seq.Subscriber, n int) (texts []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for m, err := range s.Messages(ctx) {
		var lost *seq.LostError
		var restarted *seq.RestartedError
		switch {
		case errors.As(err, &lost), errors.As(err, &restarted):
			texts = append(texts, err.Error())
		case err != nil:
			t.Fatalf("%v after %q", err, texts)
		default:
			texts = append(texts, string(m.Payload))
		}
		if len(texts) == n {
			break
		}
	}
	return texts
}

func publish(t *testing.T, p *seq.Publisher, texts ...string) {
	t.Helper()
	for _, text := range texts {
		_, err := p.Publish(context.Background(), []byte(text))
		must(t, err)
	}
}

func check(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("received %q, want %q", got, want)
	}
}

func TestSubscriberRecoversMessagesOfLostConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		p := newPublisher(t, n, "a", seq.PublisherOptions{})
		defer p.Close()
		s := newSubscriber(t, n, seq.SubscriberOptions{})
		must(t, s.Connect("sim://a", "sim://a-replay"))
		must(t, s.WaitSubscribed(t.Context()))
		publish(t, p, "0", "1")
		check(t, receive(t, s, 2), "0", "1")
		n.Cut()
		synctest.Wait()
		publish(t, p, "2", "3")
		time.Sleep(time.Second) // virtual: the sockets connect again
		publish(t, p, "4")
		check(t, receive(t, s, 3), "2", "3", "4")
		synctest.Wait()
		if st := s.Stats(); st.Recovered != 2 || st.Gaps != 1 || st.Lost != 0 || st.Restarts != 0 || st.Publishers != 1 {
			t.Errorf("stats %+v", st)
		}
		if st := p.Stats(); st.Replays != 1 || st.Replayed != 3 || st.Buffered != 5 {
			t.Errorf("stats of the publisher %+v", st)
		}
	})
}

func TestSubscriberReportsRestartOfPublisher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		p := newPublisher(t, n, "a", seq.PublisherOptions{})
		s := newSubscriber(t, n, seq.SubscriberOptions{})
		must(t, s.Connect("sim://a", "sim://a-replay"))
		must(t, s.WaitSubscribed(t.Context()))
		publish(t, p, "0")
		check(t, receive(t, s, 1), "0")
		must(t, p.Close())
		p = newPublisher(t, n, "a", seq.PublisherOptions{})
		defer p.Close()
		publish(t, p, "new 0", "new 1") // before the subscriber is connected again
		time.Sleep(time.Second)
		publish(t, p, "new 2")
		check(t, receive(t, s, 4), "seq: publisher sim://a has restarted after message 0", "new 0", "new 1", "new 2")
	})
}

func TestSubscriberBeginsWithOldestMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		p := newPublisher(t, n, "a", seq.PublisherOptions{BufferMessages: 2})
		defer p.Close()
		publish(t, p, "0", "1", "2")
		s := newSubscriber(t, n, seq.SubscriberOptions{Start: seq.StartOldest})
		must(t, s.Connect("sim://a", "sim://a-replay"))
		check(t, receive(t, s, 2), "1", "2")
		must(t, s.WaitSubscribed(t.Context()))
		publish(t, p, "3")
		check(t, receive(t, s, 1), "3")
	})
}

// The publisher connects to the subscriber, as a vLLM pod does with llm-d.
func TestSubscriberDistinguishesPublishersThatConnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		s := newSubscriber(t, n, seq.SubscriberOptions{MaxPublishers: 3})
		_, err := s.Bind("sim://s")
		must(t, err)
		var pubs []*seq.Publisher
		for i := range 4 {
			p, err := seq.NewPublisher(&seq.PublisherOptions{Socket: n.Options(), Topic: "kv@pod@model"})
			must(t, err)
			defer p.Close()
			must(t, p.Connect("sim://s"))
			must(t, p.WaitSubscribers(t.Context(), 1))
			pubs = append(pubs, p)
			if i < 3 {
				publish(t, p, fmt.Sprint("p", i))
				check(t, receive(t, s, 1), fmt.Sprint("p", i))
			}
		}
		publish(t, pubs[3], "refused")
		publish(t, pubs[1], "p1 again")
		synctest.Wait() // both have arrived and are read together
		check(t, receive(t, s, 1), "p1 again")
		// A publisher that connects again continues its sequence.
		n.Cut()
		synctest.Wait()
		time.Sleep(time.Second) // virtual
		must(t, pubs[0].WaitSubscribers(t.Context(), 1))
		publish(t, pubs[0], "p0 again")
		check(t, receive(t, s, 1), "p0 again")
		if st := s.Stats(); st.Refused != 1 || st.Publishers != 3 || st.Restarts != 0 {
			t.Errorf("stats %+v", st)
		}
	})
}

func TestSubscriberIgnoresMalformedMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		pub, err := zmq.NewPub(n.Options())
		must(t, err)
		defer pub.Close()
		_, err = pub.Bind("sim://a")
		must(t, err)
		s := newSubscriber(t, n, seq.SubscriberOptions{})
		must(t, s.Connect("sim://a", ""))
		must(t, s.WaitSubscribed(t.Context()))
		for _, frames := range [][]string{
			{"t"}, {"t", "1"}, {"t", "1234567", "p"}, {"t", "12345678", ""}, {"t", "12345678", "p", "p"},
			{"t", strings.Repeat("\xff", 8), "p"}, {"t", strings.Repeat("\x00", 8), "good"},
		} {
			must(t, pub.SendMessage(t.Context(), zmq.NewStringMessage(frames...)))
		}
		check(t, receive(t, s, 1), "good")
		if st := s.Stats(); st.Malformed != 6 {
			t.Errorf("stats %+v", st)
		}
	})
}

func TestPublisherRefusesFloodOfReplayRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		p := newPublisher(t, n, "a", seq.PublisherOptions{MaxReplays: 2, ReplayTimeout: time.Minute})
		defer p.Close()
		for range 3000 {
			publish(t, p, strings.Repeat("x", 1000))
		}
		var dealers []*zmq.Dealer
		for range 4 { // peers that do not read
			o := n.Options()
			o.RecvHWM = 1
			d, err := zmq.NewDealer(o)
			must(t, err)
			defer d.Close()
			must(t, d.Connect("sim://a-replay"))
			for range 3 {
				must(t, d.Send(t.Context(), nil, make([]byte, 8)))
			}
			must(t, d.Send(t.Context(), []byte("bad")))
			dealers = append(dealers, d)
			synctest.Wait()
		}
		// Two replays with one waiting request each.
		if st := p.Stats(); st.ReplaysRefused != 2*1+2*3 || st.ReplayMalformed != 4 {
			t.Errorf("stats %+v", st)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if st := p.Stats(); st.ReplaysAborted != 2 {
			t.Errorf("stats %+v", st)
		}
		must(t, dealers[3].Send(t.Context(), nil, binary.BigEndian.AppendUint64(nil, 2999)))
		for _, want := range []uint64{2999, 1<<64 - 1} {
			m, err := dealers[3].Recv(t.Context())
			must(t, err)
			if got := binary.BigEndian.Uint64(m.Frame(1)); got != want {
				t.Errorf("reply %d, want %d", got, want)
			}
		}
	})
}

func TestPublisherRefusesEmptyPayload(t *testing.T) {
	p, err := seq.NewPublisher(nil)
	must(t, err)
	defer p.Close()
	if _, err := p.Publish(t.Context(), nil); !errors.Is(err, seq.ErrEmptyPayload) {
		t.Errorf("error %v", err)
	}
}

func TestConstructorsRefuseInvalidOptions(t *testing.T) {
	if _, err := seq.NewPublisher(&seq.PublisherOptions{BufferBytes: -1}); !errors.Is(err, seq.ErrInvalidOption) {
		t.Errorf("publisher: %v", err)
	}
	if _, err := seq.NewSubscriber(&seq.SubscriberOptions{Start: 7}); !errors.Is(err, seq.ErrInvalidOption) {
		t.Errorf("subscriber: %v", err)
	}
}

func TestCloseEndsLoopWithErrClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSubscriber(t, simnet.New(1), seq.SubscriberOptions{})
		done := make(chan error)
		go func() {
			for _, err := range s.Messages(t.Context()) {
				done <- err
			}
		}()
		synctest.Wait()
		for _, err := range s.Messages(t.Context()) {
			if !errors.Is(err, seq.ErrBusy) {
				t.Errorf("second loop: %v", err)
			}
		}
		must(t, s.Connect("sim://a", "")) // while the loop waits
		if err := s.Connect("sim://a", ""); !errors.Is(err, seq.ErrConnected) {
			t.Errorf("connect again: %v", err)
		}
		must(t, s.Disconnect("sim://a"))
		if err := s.Disconnect("sim://a"); !errors.Is(err, seq.ErrNotConnected) {
			t.Errorf("disconnect again: %v", err)
		}
		must(t, s.Close())
		if err := <-done; !errors.Is(err, seq.ErrClosed) {
			t.Errorf("loop: %v", err)
		}
		if err := s.Connect("sim://a", ""); !errors.Is(err, seq.ErrClosed) {
			t.Errorf("connect after close: %v", err)
		}
	})
}

// TestEveryMessageIsDeliveredOrReported cuts connections and restarts the publisher at
// random times, and checks that for each instance of the publisher the numbers that were
// delivered and reported follow each other, up to the last one.
func TestEveryMessageIsDeliveredOrReported(t *testing.T) {
	for seed := range uint64(8) {
		synctest.Test(t, func(t *testing.T) { testFaults(t, seed) })
	}
}

func testFaults(t *testing.T, seed uint64) {
	t.Log("seed", seed)
	r := rand.New(rand.NewPCG(seed, 2))
	n := simnet.New(seed)
	s := newSubscriber(t, n, seq.SubscriberOptions{ProbeInterval: time.Second})
	must(t, s.Connect("sim://a", "sim://a-replay"))
	o := seq.PublisherOptions{BufferMessages: 50 + r.IntN(200)}
	go func() {
		instance, p := 0, newPublisher(t, n, "a", o)
		must(t, p.WaitSubscribers(context.Background(), 1))
		for i := range 2000 {
			publish(t, p, fmt.Sprint(instance, " ", i))
			switch x := r.IntN(200); {
			case x == 0:
				n.Cut()
			case x == 1 && instance < 3 && i < 1900:
				p.Close()
				instance++
				p = newPublisher(t, n, "a", o)
			case x < 40:
				time.Sleep(time.Duration(r.IntN(20)) * time.Millisecond)
			}
		}
		publish(t, p, "end")
		time.Sleep(time.Minute)
		p.Close()
	}()
	checkFaults(t, s)
	time.Sleep(2 * time.Minute) // until the publisher is closed
}

func checkFaults(t *testing.T, s *seq.Subscriber) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var next uint64
	known := false
	for m, err := range s.Messages(ctx) {
		var lost *seq.LostError
		var restarted *seq.RestartedError
		switch {
		case errors.As(err, &lost):
			if known && lost.First != next {
				t.Fatalf("%v, next is %d", lost, next)
			}
			next = lost.Last + 1
		case errors.As(err, &restarted):
			next = 0
		case err != nil:
			t.Fatalf("%v; %+v", err, s.Stats())
		case known && m.Number != next:
			t.Fatalf("received %d, next is %d", m.Number, next)
		default:
			known, next = true, m.Number+1
			if string(m.Payload) == "end" {
				return
			}
		}
	}
}
