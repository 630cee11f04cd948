package socket_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// iteration is an iterator that fails the test.
type iteration struct {
	*socket.Iterator
	w *st.World
}

func iterate(w *st.World, s *st.Socket) iteration { return iteration{s.Iterator(), w} }

func (it iteration) want(first string) {
	it.w.Helper()
	m, err := it.Next(st.Ended())
	if err != nil || string(m.First) != first {
		it.w.Fatalf("the iterator returned %q, %v, want %q", m.First, err, first)
	}
}

func (it iteration) wantError(want error) {
	it.w.Helper()
	if m, err := it.Next(st.Ended()); !errors.Is(err, want) {
		it.w.Fatalf("the iterator returned %q, %v, want %v", m.First, err, want)
	}
}

// numbered sends the messages 1 to n.
func numbered(s *st.Socket, n int) {
	for i := range n {
		s.MustSend(fmt.Sprint(i + 1))
	}
}

// queuedPairs have receivers of each kind: those that take from a fair queue
// directly, and those whose pattern selects.
var queuedPairs = []socketPair{
	{"inproc://a", pattern.PUSH, pattern.PULL},
	{"mem://a", pattern.PUSH, pattern.PULL},
	{"inproc://a", pattern.DEALER, pattern.DEALER},
	{"mem://a", pattern.DEALER, pattern.ROUTER},
	{"inproc://a", pattern.PAIR, pattern.PAIR},
	{"mem://a", pattern.CLIENT, pattern.SERVER},
	{"inproc://a", pattern.XSUB, pattern.XPUB},
}

// TestMessagesThatAnIteratorHasTakenAreTheNextOnes: every other way to receive gets
// the messages that an iterator has not handed out, in order, and the iterator
// continues after them.
func TestMessagesThatAnIteratorHasTakenAreTheNextOnes(t *testing.T) {
	ctx := st.Ended()
	others := []struct {
		name string
		recv func(w *st.World, s *st.Socket) (string, error)
	}{
		{"Recv", func(_ *st.World, s *st.Socket) (string, error) {
			var m msg.Msg
			err := s.Recv(ctx, &m)
			return string(m.First), err
		}},
		{"batch", func(_ *st.World, s *st.Socket) (string, error) {
			var m [1]msg.Msg
			_, err := s.Transfer().Recv(ctx, m[:])
			return string(m[0].First), err
		}},
		{"frame", func(_ *st.World, s *st.Socket) (string, error) {
			var f msg.Frame
			err := s.TryRecvFrame(&f)
			for err == nil && f.More { // the routing ID
				err = s.TryRecvFrame(&f)
			}
			return string(f.Body), err
		}},
		{"another iterator", func(_ *st.World, s *st.Socket) (string, error) {
			it := s.Iterator()
			defer it.Close()
			m, err := it.Next(ctx)
			return string(m.First), err
		}},
		{"given back", func(w *st.World, s *st.Socket) (string, error) {
			var m [2]msg.Msg
			if _, err := s.Transfer().Recv(ctx, m[:]); err != nil {
				return "", err
			}
			it := iterate(w, s)
			it.want("4") // takes those after m
			s.Transfer().Return([]msg.Msg{m[1], st.Of("4")})
			it.Close()
			return string(m[0].First), nil
		}},
	}
	for _, pair := range queuedPairs {
		for _, other := range others {
			st.Run(t, func(w *st.World) {
				from, to := pair.connect(w)
				numbered(from, 10)
				w.Settle()
				it := iterate(w, to)
				it.want("1")
				if got, err := other.recv(w, to); err != nil || got != "2" {
					t.Errorf("%v, %s: received %q, %v, want 2", pair, other.name, got, err)
				}
				for i := 3; i <= 10; i++ {
					it.want(fmt.Sprint(i))
				}
				it.wantError(context.Canceled)
			})
		}
	}
}

// TestMessagesOfAnIteratorCountAsQueued: what the loop has not reached is queued in
// Stats and PeerStats, and readable. What it has reached is received.
func TestMessagesOfAnIteratorCountAsQueued(t *testing.T) {
	const n = 12
	for _, pair := range queuedPairs {
		st.Run(t, func(w *st.World) {
			from, to := pair.connect(w)
			numbered(from, n)
			w.Settle()
			it := iterate(w, to)
			bytes := 0
			for i := 1; i < n; i++ {
				it.want(fmt.Sprint(i))
				bytes += len(fmt.Sprint(i))
				switch i % 3 {
				case 0:
					s := to.Stats()
					if s.MsgsReceived != uint64(i) || s.BytesReceived != uint64(bytes) || s.QueuedRecv != n-i {
						t.Fatalf("%v: after message %d, %d of %d bytes are received and %d queued", pair, i, s.MsgsReceived, s.BytesReceived, s.QueuedRecv)
					}
				case 1:
					if p := to.PeerStats()[0].In; p.Passed != uint64(i) || p.Queued != n-i {
						t.Fatalf("%v: after message %d, %d of the peer are passed and %d queued", pair, i, p.Passed, p.Queued)
					}
				case 2:
					if !to.CanRecv() || !to.Readable() {
						t.Fatalf("%v: the messages after %d are not readable", pair, i)
					}
					select {
					case <-to.Ready():
					default:
						t.Fatalf("%v: after message %d the channel of Ready is open", pair, i)
					}
				}
			}
			it.want(fmt.Sprint(n))
			if to.CanRecv() {
				t.Errorf("%v: readable after the last message", pair)
			}
		})
	}
}

// TestIteratorTakesAShareOfTheHighWaterMark: messages that an iterator has taken do
// not count against the mark. It takes at most 64 messages and a sixteenth of it, and
// no more after 64 KiB.
func TestIteratorTakesAShareOfTheHighWaterMark(t *testing.T) {
	for _, c := range []struct{ hwm, size, most int }{
		{1, 1, 1}, {31, 1, 1}, {32, 1, 2}, {320, 1, 20}, {1000, 1, 62}, {5000, 1, 64}, {0, 1, 64},
		{0, 8 << 10, 8}, {0, 64 << 10, 1}, {0, 1 << 20, 1},
	} {
		st.Run(t, func(w *st.World) {
			push, pull := w.Socket(pattern.PUSH, st.HWM(0, 0)), w.Socket(pattern.PULL, st.HWM(0, c.hwm))
			push.MustConnect(pull.MustBind("inproc://a"))
			for range min(100, 4<<20/c.size) {
				push.MustSend(string(make([]byte, c.size)))
			}
			it := pull.Iterator()
			if _, err := it.Next(st.Ended()); err != nil {
				t.Fatal(err)
			}
			// Without reclaiming: the counters of the queue, not of the socket.
			if got := socket.Taken(it); got != c.most {
				t.Errorf("HWM %d, messages of %d bytes: the iterator took %d, want %d", c.hwm, c.size, got, c.most)
			}
		})
	}
}

// TestIteratorTakesOneMessageWhereEachMatters: a newer message replaces one that has
// not been received (conflation), a request is answered before the next, and an XPUB
// assigns subscriptions to the peer of the last message.
func TestIteratorTakesOneMessageWhereEachMatters(t *testing.T) {
	st.Run(t, func(w *st.World) {
		conflate := func(o *socket.Options) { o.Conflate = true }
		pull := w.Socket(pattern.PULL, conflate)
		pull.MustBind("inproc://a")
		var pushes []*st.Socket
		for range 2 {
			push := w.Socket(pattern.PUSH, conflate)
			push.MustConnect("inproc://a")
			pushes = append(pushes, push)
			push.MustSend("old")
		}
		w.Settle()
		it := iterate(w, pull)
		it.want("old")
		pushes[1].MustSend("new")
		it.want("new")
		it.wantError(context.Canceled)

		manual := w.Socket(pattern.XPUB, func(o *socket.Options) { o.Pattern.Manual, o.Pattern.LastValue = true, true })
		manual.MustBind("inproc://b")
		subs := make(map[string]*st.Socket)
		for _, topic := range []string{"a", "b", "c"} {
			subs[topic] = w.Socket(pattern.SUB)
			subs[topic].MustConnect("inproc://b")
			subs[topic].Subscribe(topic, true)
			w.Settle()
		}
		changes := manual.Iterator()
		for range subs {
			m, err := changes.Next(st.Ended())
			if err != nil {
				t.Fatal(err)
			}
			topic := string(m.First[1:])
			if err := manual.Assign(nil, []string{topic}, true); err != nil {
				t.Fatal(err)
			}
			manual.MustSend(topic, "last value")
			subs[topic].WantRecv(topic, "last value")
		}

		rep, req := w.Socket(pattern.REP), w.Socket(pattern.DEALER)
		req.MustConnect(rep.MustBind("inproc://c"))
		req.MustSend("", "first")
		req.MustSend("", "second")
		w.Settle()
		var m [5]msg.Msg
		if n, err := rep.Transfer().Recv(st.Ended(), m[:]); n != 1 || err != nil {
			t.Errorf("a REP received %d requests in a batch, %v", n, err)
		}
		requests := iterate(w, rep)
		requests.wantError(pattern.ErrInvalidState)
		rep.MustSend("reply")
		requests.want("second")
	})
}

// TestIteratorDropsWhatIsNoLongerSubscribed: a cancelled subscription applies to the
// next message that an iterator returns, although it has taken more before.
func TestIteratorDropsWhatIsNoLongerSubscribed(t *testing.T) {
	for _, ep := range []string{"inproc://a", "mem://a"} {
		st.Run(t, func(w *st.World) {
			pub, sub := w.Socket(pattern.PUB), w.Socket(pattern.SUB)
			sub.Subscribe("a", true)
			sub.Subscribe("b", true)
			sub.MustConnect(pub.MustBind(ep))
			w.Settle()
			for _, m := range []string{"a1", "a2", "b1", "a3", "b2"} {
				pub.MustSend(m)
			}
			w.Settle()
			it := iterate(w, sub)
			it.want("a1")
			sub.Subscribe("a", false)
			it.want("b1")
			if err := sub.Recv(st.Ended(), new(msg.Msg)); err != nil {
				t.Error(err)
			}
			sub.WantDrops(map[pipe.Drop]uint64{pipe.DropFiltered: 2})
			it.wantError(context.Canceled)
		})
		st.Run(t, func(w *st.World) {
			radio, dish := w.Socket(pattern.RADIO), w.Socket(pattern.DISH)
			dish.Join("a", true)
			dish.Join("b", true)
			dish.MustConnect(radio.MustBind(ep))
			w.Settle()
			for _, g := range []string{"a", "a", "b"} {
				if err := radio.SendGroup(context.Background(), g, st.Of("x")); err != nil {
					t.Fatal(err)
				}
			}
			w.Settle()
			it := iterate(w, dish)
			it.want("a")
			dish.Join("a", false)
			it.want("b")
			dish.WantDrops(map[pipe.Drop]uint64{pipe.DropFiltered: 1})
		})
	}
}

// TestCloseDropsWhatAnIteratorHasNotHandedOut: Close in the body of a loop, and in
// another goroutine.
func TestCloseDropsWhatAnIteratorHasNotHandedOut(t *testing.T) {
	for _, pair := range queuedPairs {
		st.Run(t, func(w *st.World) {
			from, to := pair.connect(w)
			numbered(from, 10)
			w.Settle()
			it := iterate(w, to)
			it.want("1")
			it.want("2")
			to.CloseIn(0)
			it.wantError(socket.ErrClosed)
			it.Close()
			to.WantDrops(map[pipe.Drop]uint64{pipe.DropUnread: 8})
			if s := to.Stats(); s.MsgsReceived != 2 || s.QueuedRecv != 0 {
				t.Errorf("%v: %d messages received and %d queued", pair, s.MsgsReceived, s.QueuedRecv)
			}
		})
	}
}

// TestDisconnectPeerDropsWhatAnIteratorHasTaken: messages of the peer that were not
// received are dropped, those of other peers are not.
func TestDisconnectPeerDropsWhatAnIteratorHasTaken(t *testing.T) {
	for _, ep := range []string{"inproc://a", "mem://a"} {
		st.Run(t, func(w *st.World) {
			server := w.Socket(pattern.SERVER)
			server.MustBind(ep)
			for _, name := range []string{"a", "b"} {
				c := w.Socket(pattern.CLIENT)
				c.MustConnect(ep)
				for range 4 {
					c.MustSend(name)
				}
				w.Settle()
			}
			it := iterate(w, server)
			m, err := it.Next(st.Ended())
			if err != nil || string(m.First) != "a" {
				t.Fatal(m, err)
			}
			if err := server.DisconnectPeer(m.From.Number); err != nil {
				t.Fatal(err)
			}
			for range 4 {
				it.want("b")
			}
			it.wantError(context.Canceled)
			server.WantDrops(map[pipe.Drop]uint64{pipe.DropUnread: 3})
		})
	}
}

// TestIteratingGoroutinesShareMessages: a message is handed to a goroutine that is
// free. Two loops with bodies of one second need half as many seconds as there are
// messages, and a loop whose body never ends keeps only one message.
func TestIteratingGoroutinesShareMessages(t *testing.T) {
	const n = 120
	for _, pair := range queuedPairs {
		for _, bodies := range [][]time.Duration{
			{time.Second, time.Second},
			{time.Second, time.Second, time.Second},
			{time.Hour, time.Second},
		} {
			st.Run(t, func(w *st.World) {
				from, to := pair.connect(w)
				numbered(from, n)
				w.Settle()
				var mu sync.Mutex
				counts, total := make([]int, len(bodies)), 0
				var all sync.WaitGroup
				start := time.Now()
				var took time.Duration
				for i, body := range bodies {
					all.Go(func() {
						it := to.Iterator()
						defer it.Close()
						for {
							if _, err := it.Next(context.Background()); err != nil {
								return
							}
							mu.Lock()
							counts[i]++
							if total++; total == n {
								took = time.Since(start)
							}
							mu.Unlock()
							time.Sleep(body)
						}
					})
				}
				time.Sleep(2 * time.Hour)
				to.CloseIn(0)
				all.Wait()
				want := time.Duration(n/len(bodies)-1) * time.Second
				if bodies[0] == time.Hour {
					want = (n - 2) * time.Second
				}
				if total != n || took != want {
					t.Errorf("%v: loops with bodies of %v received %v messages in %v, want %v", pair, bodies, counts, took, want)
				}
			})
		}
	}
}

// TestIteratorWakesAndIsWokenLikeRecv: each message that arrives makes one of the
// waiting calls return, whatever mix of Recv, batches and iterators waits.
func TestIteratorWakesAndIsWokenLikeRecv(t *testing.T) {
	const n = 90
	for _, pair := range socketPairs {
		st.Run(t, func(w *st.World) {
			from, to := pair.connect(w)
			ctx := context.Background()
			took := make(chan error, n)
			for i := range n {
				go func() {
					switch i % 3 {
					case 0:
						took <- to.Recv(ctx, new(msg.Msg))
					case 1:
						_, err := to.Transfer().Recv(ctx, make([]msg.Msg, 1))
						took <- err
					case 2:
						it := to.Iterator() // not closed: it may keep nothing from the others
						_, err := it.Next(ctx)
						took <- err
					}
				}()
			}
			w.Settle()
			for i := range n {
				from.MustSend("x")
				if i%10 == 0 {
					w.Settle()
				}
			}
			w.Settle()
			if len(took) != n {
				t.Fatalf("%v: %d of %d calls returned", pair, len(took), n)
			}
			for range n {
				if err := <-took; err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestClosedIteratorLeavesMessagesToWaker: a poller, and a caller of Ready, learn of
// messages that an iterator has taken and given back.
func TestClosedIteratorLeavesMessagesToWaker(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push, pull := w.Socket(pattern.PUSH), w.Socket(pattern.PULL)
		push.MustConnect(pull.MustBind("inproc://a"))
		waker := make(chan struct{}, 1)
		pull.AddWaker(waker)
		ready := pull.Ready()
		if pull.CanRecv() {
			t.Fatal("readable without a message")
		}
		numbered(push, 5)
		it := iterate(w, pull)
		it.want("1")
		<-ready
		<-waker
		if !pull.CanRecv() {
			t.Error("not readable while an iterator has taken messages")
		}
		it.want("2")
		it.Close()
		<-pull.Ready()
		pull.WantRecv("3")
	})
}

// TestIteratorReleasesMessagesThatItHasHandedOut: the iterator keeps no message that
// its caller has received, which may be large.
func TestIteratorReleasesMessagesThatItHasHandedOut(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push, pull := w.Socket(pattern.PUSH), w.Socket(pattern.PULL)
		push.MustConnect(pull.MustBind("inproc://a"))
		numbered(push, 10)
		it := iterate(w, pull)
		for i := 1; i <= 4; i++ {
			it.want(fmt.Sprint(i))
		}
		if kept := socket.Kept(it.Iterator); !slices.Equal(kept, []string{"5", "6", "7", "8", "9", "10"}) {
			t.Errorf("the iterator keeps %q", kept)
		}
		pull.WantRecv("5")
		if kept := socket.Kept(it.Iterator); len(kept) > 0 {
			t.Errorf("after Recv the iterator keeps %q", kept)
		}
	})
}
