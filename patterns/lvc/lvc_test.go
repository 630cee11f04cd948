package lvc_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/internal/simnet"
	"github.com/zerobroker/zmq/patterns/lvc"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// startProxy runs a proxy at sim://front and sim://back.
func startProxy(t *testing.T, n simnet.Network, o lvc.Options) *lvc.Proxy {
	t.Helper()
	o.Front, o.Back = n.Options(), n.Options()
	o.Back.SendHWM = 500
	p, err := lvc.New(&o)
	must(t, err)
	_, err = p.Front().Bind("sim://front")
	must(t, err)
	_, err = p.Back().Bind("sim://back")
	must(t, err)
	go p.Run(context.Background())
	t.Cleanup(func() { p.Close() })
	return p
}

func startPub(t *testing.T, n simnet.Network) *zmq.Pub {
	t.Helper()
	o := n.Options()
	o.Overflow = zmq.OverflowBlock
	pub, err := zmq.NewPub(o)
	must(t, err)
	must(t, pub.Connect("sim://front"))
	must(t, pub.WaitSubscribers(t.Context(), 1, ""))
	t.Cleanup(func() { pub.Close() })
	return pub
}

func startSub(t *testing.T, n simnet.Network, prefixes ...string) *zmq.Sub {
	t.Helper()
	sub, err := zmq.NewSub(n.Options())
	must(t, err)
	must(t, sub.Subscribe(prefixes...))
	must(t, sub.Connect("sim://back"))
	t.Cleanup(func() { sub.Close() })
	return sub
}

func send(t *testing.T, pub *zmq.Pub, texts ...string) {
	t.Helper()
	for _, text := range texts {
		topic, body, _ := strings.Cut(text, "=")
		must(t, pub.Send(t.Context(), []byte(topic), []byte(body)))
	}
	synctest.Wait()
}

func wants(t *testing.T, sub *zmq.Sub, texts ...string) {
	t.Helper()
	synctest.Wait()
	var got []string
	for m, err := sub.TryRecv(); err == nil; m, err = sub.TryRecv() {
		got = append(got, fmt.Sprintf("%s=%s", m.Frame(0), m.Frame(1)))
	}
	if strings.Join(got, " ") != strings.Join(texts, " ") {
		t.Errorf("received %q, want %q", got, texts)
	}
}

func TestProxySendsLastValuesToNewSubscriberOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		p := startProxy(t, n, lvc.Options{})
		pub := startPub(t, n)
		send(t, pub, "a1=1", "a2=1", "b=1", "a1=2")
		all, a := startSub(t, n, ""), startSub(t, n, "a")
		wants(t, all, "a2=1", "b=1", "a1=2")
		wants(t, a, "a2=1", "a1=2")
		send(t, pub, "a2=2", "b=2")
		wants(t, all, "a2=2", "b=2")
		wants(t, a, "a2=2")
		must(t, a.Subscribe("b"))
		wants(t, a, "b=2")
		wants(t, all)
		must(t, a.Unsubscribe("a"))
		synctest.Wait()
		send(t, pub, "a2=3", "b=3")
		wants(t, a, "b=3")
		wants(t, all, "a2=3", "b=3")
		if st := p.Stats(); st.Topics != 3 || st.Subscribers != 2 || st.Snapshots != 3 || st.Restored != 6 || st.CatchingUp != 0 {
			t.Errorf("stats %+v", st)
		}
		must(t, a.Close())
		must(t, all.Close())
		synctest.Wait()
		if st := p.Stats(); st.Subscribers != 0 {
			t.Errorf("%d subscribers after all have disconnected", st.Subscribers)
		}
	})
}

func TestSubscriberHasNewestValuesAfterReconnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		startProxy(t, n, lvc.Options{})
		pub := startPub(t, n)
		sub := startSub(t, n, "")
		send(t, pub, "a=1", "b=1")
		wants(t, sub, "a=1", "b=1")
		n.Cut()
		synctest.Wait()
		time.Sleep(time.Second) // virtual: the sockets connect again
		send(t, pub, "c=1")
		wants(t, sub, "a=1", "b=1", "c=1")
	})
}

// A subscriber that does not read receives the newest value of each topic later, and delays no
// other one.
func TestSlowSubscriberContinuesFromCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		p := startProxy(t, n, lvc.Options{})
		pub := startPub(t, n)
		slow, fast := startSub(t, n, "t"), startSub(t, n, "t")
		synctest.Wait()
		const count = 8000
		big := strings.Repeat("x", 300)
		received := 0
		for i := range count {
			must(t, pub.Send(t.Context(), fmt.Append(nil, "t", i%7), fmt.Append(nil, i, " ", big)))
			if i%50 > 0 {
				continue
			}
			synctest.Wait()
			for _, err := fast.TryRecv(); err == nil; _, err = fast.TryRecv() {
				received++
			}
		}
		synctest.Wait()
		for _, err := fast.TryRecv(); err == nil; _, err = fast.TryRecv() {
			received++
		}
		if received != count {
			t.Errorf("the fast subscriber has received %d messages", received)
		}
		if st := p.Stats(); st.Lagging == 0 || st.CatchingUp != 1 || st.Dropped != 0 {
			t.Errorf("stats %+v", st)
		}
		newest := make(map[string]int)
		for {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			m, err := slow.Recv(ctx)
			cancel()
			if err != nil {
				break
			}
			var v int
			fmt.Sscan(string(m.Frame(1)), &v)
			if topic := string(m.Frame(0)); v <= newest[topic] && v > 0 {
				t.Fatalf("%s: %d after %d", topic, v, newest[topic])
			} else {
				newest[topic] = v
			}
		}
		for i := count - 7; i < count; i++ {
			if got := newest[fmt.Sprint("t", i%7)]; got != i {
				t.Errorf("t%d: %d, want %d", i%7, got, i)
			}
		}
		send(t, pub, "t=live")
		wants(t, slow, "t=live")
	})
}

func TestProxyForwardsLargeMessagesWithoutCachingThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		p := startProxy(t, n, lvc.Options{MaxMessageSize: 100_000})
		pub := startPub(t, n)
		cached, large := strings.Repeat("y", 70_000), strings.Repeat("x", 200_000)
		a := startSub(t, n, "")
		synctest.Wait()
		send(t, pub, "t="+cached, "u="+large)
		wants(t, a, "t="+cached, "u="+large)
		b, c := startSub(t, n, ""), startSub(t, n, "")
		wants(t, b, "t="+cached)
		wants(t, c, "t="+cached)
		if st := p.Stats(); st.Uncached != 1 || st.Topics != 1 || st.Bytes != 70_001 {
			t.Errorf("stats %+v", st)
		}
	})
}

func TestProxyDropsMessagesOfSubscribers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		p := startProxy(t, n, lvc.Options{})
		sub, err := zmq.NewXSub(n.Options())
		must(t, err)
		defer sub.Close()
		must(t, sub.Connect("sim://back"))
		must(t, sub.WaitConnected(t.Context()))
		must(t, sub.Send(t.Context(), []byte("upstream")))
		must(t, sub.Send(t.Context(), nil))
		synctest.Wait()
		if st := p.Stats(); st.Upstream != 2 {
			t.Errorf("stats %+v", st)
		}
	})
}

func TestRunEndsWithContextAndClose(t *testing.T) {
	p, err := lvc.New(nil)
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- p.Run(ctx) }()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Run after its context has ended: %v", err)
	}
	go func() { done <- p.Run(t.Context()) }()
	must(t, p.Close())
	if err := <-done; !errors.Is(err, lvc.ErrClosed) {
		t.Errorf("Run after Close: %v", err)
	}
}

func TestNewRefusesInvalidOptions(t *testing.T) {
	for _, o := range []lvc.Options{{MaxTopics: -1}, {Back: &zmq.Options{Overflow: zmq.OverflowBlock}},
		{Back: &zmq.Options{XPub: zmq.XPubOptions{Manual: true}}}, {Front: &zmq.Options{Overflow: zmq.OverflowBlock}}} {
		if _, err := lvc.New(&o); !errors.Is(err, lvc.ErrInvalidOption) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// TestSubscribersHaveNewestValuesAfterFaults cuts connections at random times while values
// are published. At the end each subscriber has the newest value of each topic.
func TestSubscribersHaveNewestValuesAfterFaults(t *testing.T) {
	for seed := range uint64(2) {
		synctest.Test(t, func(t *testing.T) { testFaults(t, seed) })
	}
}

func testFaults(t *testing.T, seed uint64) {
	t.Log("seed", seed)
	r, n := rand.New(rand.NewPCG(seed, 4)), simnet.New(seed)
	startProxy(t, n, lvc.Options{})
	pub := startPub(t, n)
	prefixes := []string{"", "t1", "t2", "t13"}
	newest := make([]map[string]int, len(prefixes))
	for i, prefix := range prefixes {
		sub, got := startSub(t, n, prefix), make(map[string]int)
		newest[i] = got
		go func() {
			last := make(map[string]int)
			var conn uint64
			for m, err := range sub.Messages(context.Background()) {
				if err != nil {
					return
				}
				var v int
				fmt.Sscan(string(m.Frame(1)), &v)
				topic, c := string(m.Frame(0)), m.From().Generation()
				if c == conn && v < last[topic] {
					t.Errorf("%s: %d after %d", topic, v, last[topic])
				}
				conn, last[topic], got[topic] = c, v, v
			}
		}()
	}
	sent := make(map[string]int)
	for v := 1; v <= 3000; v++ {
		topic := fmt.Sprint("t", r.IntN(30))
		sent[topic] = v
		must(t, pub.Send(t.Context(), []byte(topic), fmt.Append(nil, v)))
		if r.IntN(300) == 0 {
			synctest.Wait() // nothing is in flight to the proxy
			n.Cut()
			synctest.Wait()
			must(t, pub.WaitSubscribers(t.Context(), 1, ""))
		}
		if r.IntN(50) == 0 {
			time.Sleep(50 * time.Millisecond)
		}
	}
	time.Sleep(time.Minute)
	synctest.Wait()
	for i, prefix := range prefixes {
		for topic, v := range sent {
			if strings.HasPrefix(topic, prefix) && newest[i][topic] != v {
				t.Errorf("subscriber of %q has %d of %s, the newest is %d", prefix, newest[i][topic], topic, v)
			}
		}
	}
}
