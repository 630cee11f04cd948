package zmq_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/zerobroker/zmq"
)

// batchOf returns messages of one frame with these bodies.
func batchOf(bodies ...string) (msgs []zmq.Message) {
	for _, b := range bodies {
		msgs = append(msgs, zmq.NewMessage([]byte(b)))
	}
	return msgs
}

// numbers returns the numbers from first to last as text.
func numbers(first, last int) (list []string) {
	for i := first; i <= last; i++ {
		list = append(list, fmt.Sprint(i))
	}
	return list
}

// TestBatchesOfEveryTypeThatHasThem: the methods of each handle send a batch that the
// other end receives as a batch, in order.
func TestBatchesOfEveryTypeThatHasThem(t *testing.T) {
	eachTransport(t, func(t *testing.T, ep string, _ *zmq.Options) {
		ctx := testContext(t)
		const n = 100
		list := numbers(1, n)
		recv := func(r zmq.Receiver) (got []string) {
			msgs := make([]zmq.Message, 70)
			for len(got) < n {
				k, err := r.RecvBatch(ctx, msgs)
				if k < 1 || k > len(msgs) || err != nil {
					t.Fatalf("received %d messages, %v", k, err)
				}
				for _, m := range msgs[:k] {
					got = append(got, m.String())
				}
			}
			return got
		}
		want := func(name string, sent int, err error, got func() []string) {
			t.Helper()
			if sent != n || err != nil {
				t.Fatalf("%s: %d messages sent, %v", name, sent, err)
			}
			if got := got(); !slices.Equal(got, list) {
				t.Errorf("%s: received %q", name, got)
			}
		}
		{
			o := inprocOptions()
			push, pull := must(zmq.NewPush(o)), must(zmq.NewPull(o))
			join(t, ep, pull, push)
			sent, err := push.SendBatch(ctx, batchOf(list...))
			want("PUSH", sent, err, func() []string { return recv(pull.Receiver) })
		}
		{
			o := inprocOptions()
			dealer, router := must(zmq.NewDealer(o)), must(zmq.NewRouter(o))
			join(t, ep, router, dealer)
			sent, err := dealer.SendBatch(ctx, batchOf(list...))
			want("DEALER", sent, err, func() []string { return recv(router.Receiver) })
			id := router.Peers()[0].RoutingID()
			sent, err = router.SendBatchTo(ctx, id, batchOf(list...))
			want("ROUTER", sent, err, func() []string { return recv(dealer.Receiver) })
			if sent, err = router.SendBatchTo(ctx, "unknown", batchOf("x")); sent != 0 || !errors.Is(err, zmq.ErrNoRoute) {
				t.Errorf("batch to an unknown routing ID: %d, %v", sent, err)
			}
		}
		{
			o := inprocOptions()
			client, server := must(zmq.NewClient(o)), must(zmq.NewServer(o))
			join(t, ep, server, client)
			sent, err := client.SendBatch(ctx, batchOf(list...))
			want("CLIENT", sent, err, func() []string { return recv(server.Receiver) })
			number := server.Peers()[0].RoutingNumber()
			sent, err = server.SendBatchTo(ctx, number, batchOf(list...))
			want("SERVER", sent, err, func() []string { return recv(client.Receiver) })
			if sent, err = server.SendBatchTo(ctx, number+1, batchOf("x")); sent != 0 || !errors.Is(err, zmq.ErrNoRoute) {
				t.Errorf("batch to an unknown routing number: %d, %v", sent, err)
			}
		}
		{
			o := inprocOptions()
			radio, dish := must(zmq.NewRadio(o)), must(zmq.NewDish(o))
			check(dish.Join("group"))
			join(t, ep, radio, dish)
			if err := radio.WaitSubscribers(ctx, 1, "group"); err != nil {
				t.Fatal(err)
			}
			sent, err := radio.SendBatch(ctx, "group", batchOf(list...))
			want("RADIO", sent, err, func() (got []string) {
				msgs := make([]zmq.GroupMessage, 300)
				for len(got) < n {
					k, err := dish.RecvBatch(ctx, msgs)
					if err != nil {
						t.Fatal(err)
					}
					for _, m := range msgs[:k] {
						if m.Group != "group" {
							t.Errorf("message of group %q", m.Group)
						}
						got = append(got, m.String())
					}
				}
				return got
			})
			if sent, err = radio.SendBatch(ctx, "a\x00", batchOf("x", "y")); sent != 0 || !errors.Is(err, zmq.ErrInvalidGroup) {
				t.Errorf("batch to an invalid group: %d, %v", sent, err)
			}
		}
	})
}

// TestRecvBatchChangesOnlyWhatItReceives: the other elements of the slice stay, also
// after an error.
func TestRecvBatchChangesOnlyWhatItReceives(t *testing.T) {
	o := inprocOptions()
	push, pull := must(zmq.NewPush(o)), must(zmq.NewPull(o))
	join(t, "inproc://a", pull, push)
	msgs := batchOf("a", "b", "c", "d")
	if n, err := pull.RecvBatch(ended(), msgs); n != 0 || err != context.Canceled {
		t.Errorf("received %d messages, %v", n, err)
	}
	push.SendBatch(t.Context(), batchOf("1", "2"))
	if n, err := pull.RecvBatch(ended(), msgs); n != 2 || err != nil {
		t.Errorf("received %d messages, %v", n, err)
	}
	if n, err := pull.RecvBatch(ended(), nil); n != 0 || err != nil {
		t.Errorf("received %d messages into nil, %v", n, err)
	}
	pull.Close()
	if n, err := pull.RecvBatch(t.Context(), msgs); n != 0 || !errors.Is(err, zmq.ErrClosed) {
		t.Errorf("received %d messages after Close, %v", n, err)
	}
	if got := fmt.Sprint(msgs); got != fmt.Sprint(batchOf("1", "2", "c", "d")) {
		t.Errorf("the slice has %s", got)
	}
}

// TestLoopsOverMessagesMayEndAndNestInAnyWay: after a break, a panic, a loop inside a
// loop, a call of Recv in the body, and with iter.Pull, the next message is the next
// one in the queue.
func TestLoopsOverMessagesMayEndAndNestInAnyWay(t *testing.T) {
	o := inprocOptions()
	push, pull := must(zmq.NewPush(o)), must(zmq.NewPull(o))
	join(t, "inproc://a", pull, push)
	ctx := testContext(t)
	const n = 60
	if sent, err := push.SendBatch(ctx, batchOf(numbers(1, n)...)); sent != n || err != nil {
		t.Fatal(sent, err)
	}
	expected := 1
	want := func(m zmq.Message, err error) {
		t.Helper()
		if err != nil || m.String() != fmt.Sprint(expected) {
			t.Fatalf("received %q, %v, want %d", m, err, expected)
		}
		expected++
	}
	for m, err := range pull.Messages(ctx) {
		want(m, err)
		break
	}
	func() {
		defer func() { recover() }()
		for m, err := range pull.Messages(ctx) {
			want(m, err)
			panic("in the body")
		}
	}()
	messages := pull.Messages(ctx)
	for m, err := range messages {
		want(m, err)
		want(pull.Recv(ctx))
		for m, err := range messages {
			want(m, err)
			if expected%5 == 0 {
				break
			}
		}
		if expected > 20 {
			break
		}
	}
	next, stop := iter.Pull2(messages)
	other, stopOther := iter.Pull2(messages)
	for range 5 {
		m, err, _ := next()
		want(m, err)
		m, err, _ = other()
		want(m, err)
	}
	stop()
	stopOther()
	forgotten, _ := iter.Pull2(messages) // never stopped
	m, err, _ := forgotten()
	want(m, err)
	for expected <= n {
		want(pull.TryRecv())
	}
	if s := pull.Stats(); s.MessagesReceived != n || s.QueuedRecv != 0 {
		t.Errorf("%d messages received and %d queued", s.MessagesReceived, s.QueuedRecv)
	}
}

// TestConcurrentReceiversOfEveryKindShareTheMessages: loops, batches, single calls,
// and a Poller receive each message once, and each of them in the order of each
// sender, while Stats, PeerStats and Ready look at the queue.
func TestConcurrentReceiversOfEveryKindShareTheMessages(t *testing.T) {
	eachTransport(t, func(t *testing.T, ep string, o *zmq.Options) {
		const senders, each = 3, 2000
		ctx, cancel := context.WithCancel(testContext(t))
		defer cancel()
		push, pull := must(zmq.NewPush(o)), must(zmq.NewPull(o))
		join(t, ep, pull, push)

		var seen [senders][each]atomic.Int32
		var total atomic.Int32
		// receiver returns a function that notes what one goroutine receives.
		receiver := func() func(m zmq.Message) {
			last := [senders]int{}
			return func(m zmq.Message) {
				var s, i int
				fmt.Sscan(m.String(), &s, &i)
				if i <= last[s] && last[s] > 0 {
					t.Errorf("message %d of sender %d after %d", i, s, last[s])
				}
				last[s] = i
				if seen[s][i].Add(1) > 1 {
					t.Errorf("message %d of sender %d received twice", i, s)
				}
				if total.Add(1) == senders*each {
					cancel()
				}
			}
		}
		var receiving sync.WaitGroup
		for range 3 {
			receiving.Go(func() {
				note := receiver()
				for k := 0; ctx.Err() == nil; k++ {
					in := 0
					for m, err := range pull.Messages(ctx) {
						if err != nil {
							break
						}
						note(m)
						if in++; in == 10+k%300 {
							break // another loop begins
						}
					}
				}
			})
		}
		receiving.Go(func() {
			note := receiver()
			msgs := make([]zmq.Message, 20)
			for {
				n, err := pull.RecvBatch(ctx, msgs)
				if err != nil {
					return
				}
				for _, m := range msgs[:n] {
					note(m)
				}
			}
		})
		receiving.Go(func() {
			note := receiver()
			for m, err := pull.Recv(ctx); err == nil; m, err = pull.Recv(ctx) {
				note(m)
			}
		})
		receiving.Go(func() {
			note := receiver()
			p := zmq.NewPoller()
			p.Add(pull.Socket)
			for {
				if _, err := p.Wait(ctx); err != nil {
					return
				}
				if m, err := pull.TryRecv(); err == nil {
					note(m)
				}
			}
		})
		receiving.Go(func() {
			for ctx.Err() == nil {
				if st := pull.Stats(); st.MessagesReceived > senders*each || st.QueuedRecv < 0 {
					t.Errorf("impossible counters %+v", st)
				}
				pull.PeerStats()
				select {
				case <-pull.Ready():
				case <-ctx.Done():
				}
			}
		})
		var sending sync.WaitGroup
		for s := range senders {
			sending.Go(func() {
				for i := 0; i < each; {
					k := min(1+i%90, each-i)
					var batch []zmq.Message
					for j := range k {
						batch = append(batch, zmq.NewMessage(fmt.Append(nil, s, " ", i+j)))
					}
					if i%3 == 0 {
						k = 1
						if err := push.Send(ctx, batch[0].Frame(0)); err != nil {
							t.Error(err)
						}
					} else if n, err := push.SendBatch(ctx, batch); n != k || err != nil {
						t.Error(n, err)
						return
					}
					i += k
				}
			})
		}
		sending.Wait()
		receiving.Wait()
		if n := total.Load(); n != senders*each {
			t.Errorf("%d of %d messages received", n, senders*each)
		}
	})
}
