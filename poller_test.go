package zmq_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
)

// isReady reports whether the channel is closed.
func isReady(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// pushPull returns a pair of sockets over inproc, in a bubble.
func pushPull(t *testing.T, o *zmq.Options) (*zmq.Push, *zmq.Pull) {
	push, pull := must(zmq.NewPush(o)), must(zmq.NewPull(o))
	join(t, fmt.Sprint("inproc://", rand.Uint64()), pull, push)
	return push, pull
}

// One goroutine serves two sockets, a Go channel and a timer.
func TestReadyServesSocketsChannelsAndTimersInOneSelect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := inprocOptions()
		toA, a := pushPull(t, o)
		toB, b := pushPull(t, o)
		jobs := make(chan string)
		const n = 50
		for name, push := range map[string]*zmq.Push{"a": toA, "b": toB} {
			go func() {
				for i := range n {
					time.Sleep(time.Duration(i%3) * time.Millisecond)
					check(push.Send(context.Background(), fmt.Appendf(nil, "%s%d", name, i)))
				}
			}()
		}
		go func() {
			for i := range n {
				time.Sleep(time.Millisecond)
				jobs <- fmt.Sprint("job", i)
			}
		}()
		next := map[string]int{}
		timer := time.NewTimer(time.Second)
		recv := func(name string, pull *zmq.Pull) {
			m, err := pull.TryRecv()
			if err != nil {
				t.Fatalf("%s is ready: %v", name, err)
			}
			if want := fmt.Sprint(name, next[name]); string(m.Bytes()) != want {
				t.Fatalf("received %q, want %q", m.Bytes(), want)
			}
			next[name]++
		}
		for ended := false; !ended; {
			select {
			case <-a.Ready():
				recv("a", a)
			case <-b.Ready():
				recv("b", b)
			case <-jobs:
				next["job"]++
			case <-timer.C:
				ended = true
			}
		}
		if next["a"] != n || next["b"] != n || next["job"] != n {
			t.Errorf("received %v, want %d of each", next, n)
		}
	})
}

// Ready is about the present: closed while there is a message, also for the second
// of two that arrived together, and open afterwards.
func TestReadyIsLevelTriggered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		push, pull := pushPull(t, inprocOptions())
		before := pull.Ready()
		if isReady(before) {
			t.Error("ready without a message")
		}
		for range 2 {
			check(push.TrySend([]byte("m")))
		}
		if !isReady(before) {
			t.Error("the channel from before the message is open")
		}
		for i := range 2 {
			for range 2 {
				if !isReady(pull.Ready()) {
					t.Errorf("not ready before message %d", i)
				}
			}
			must(pull.TryRecv())
		}
		if isReady(pull.Ready()) {
			t.Error("ready after the last message")
		}
		waiting := pull.Ready()
		if pull.Ready() != waiting {
			t.Error("two channels for one wait")
		}
		pull.Close()
		if !isReady(waiting) || !isReady(pull.Ready()) {
			t.Error("not ready when closed")
		}
		_, err := pull.TryRecv()
		wantError(t, "TryRecv", err, zmq.ErrClosed)
	})
}

// A message that Recv would drop makes no socket ready, and REQ and REP are not ready
// while Recv is not allowed.
func TestReadyFollowsTheRulesOfTheType(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := inprocOptions()
		req, rep := must(zmq.NewReq(o)), must(zmq.NewRep(o))
		join(t, "inproc://rep", rep, req)
		want := func(what string, reqReady, repReady bool) {
			t.Helper()
			if a, b := isReady(req.Ready()), isReady(rep.Ready()); a != reqReady || b != repReady {
				t.Errorf("%s: REQ ready %v, REP ready %v", what, a, b)
			}
		}
		want("at first", false, false)
		replied, requested := req.Ready(), rep.Ready()
		check(req.TrySend([]byte("request")))
		want("after the request", false, true)
		must(rep.TryRecv())
		want("while it is served", false, false)
		check(rep.TrySend([]byte("reply")))
		want("after the reply", true, false)
		if !isReady(replied) || !isReady(requested) {
			t.Error("the channels from before are open")
		}

		pub, sub := must(zmq.NewPub(o)), must(zmq.NewSub(o))
		join(t, "inproc://pub", pub, sub)
		check(sub.Subscribe("a"))
		check(pub.WaitSubscribers(context.Background(), 1, "a"))
		check(pub.TrySend([]byte("a")))
		check(sub.Unsubscribe("a"))
		if isReady(sub.Ready()) {
			t.Error("ready for a message that is not subscribed to")
		}
	})
}

// Messages that arrive while a loop decides to wait are not missed, whatever other
// goroutines receive meanwhile.
func TestReadyAndPollerMissNoMessage(t *testing.T) {
	for _, transport := range []string{"inproc://x", "tcp://127.0.0.1:*"} {
		for _, poll := range []bool{false, true} {
			t.Run(fmt.Sprint(transport, " poller=", poll), func(t *testing.T) {
				const sockets, senders, each = 3, 2, 2000
				ctx := testContext(t)
				p := zmq.NewPoller()
				var pulls []*zmq.Pull
				var sending, receiving sync.WaitGroup
				for range sockets {
					o := inprocOptions()
					pull := must(zmq.NewPull(o))
					closeAtEnd(t, pull)
					ep := must(pull.Bind(transport))
					pulls = append(pulls, pull)
					check(p.Add(pull.Socket))
					for range senders {
						push := must(zmq.NewPush(o))
						closeAtEnd(t, push)
						check(push.Connect(ep))
						sending.Go(func() {
							for range each {
								check(push.Send(ctx, []byte("m")))
							}
						})
					}
				}
				var total atomic.Int64
				all, end := context.WithCancel(ctx)
				count := func() {
					if total.Add(1) == sockets*senders*each {
						end()
					}
				}
				// Another goroutine receives from the first socket in the usual way.
				receiving.Go(func() {
					for {
						if _, err := pulls[0].Recv(ctx); err != nil {
							wantError(t, "Recv", err, zmq.ErrClosed)
							return
						}
						count()
					}
				})
				try := func(pull *zmq.Pull) {
					switch _, err := pull.TryRecv(); {
					case err == nil:
						count()
					case !errors.Is(err, zmq.ErrWouldBlock):
						t.Error(err)
					}
				}
				for all.Err() == nil {
					if poll {
						ready, _ := p.Wait(all)
						for _, s := range ready {
							try(pulls[slices.IndexFunc(pulls, func(p *zmq.Pull) bool { return p.Socket == s })])
						}
						continue
					}
					select {
					case <-pulls[0].Ready():
						try(pulls[0])
					case <-pulls[1].Ready():
						try(pulls[1])
					case <-pulls[2].Ready():
						try(pulls[2])
					case <-all.Done():
					}
				}
				if n := total.Load(); n != sockets*senders*each {
					t.Errorf("%d messages received", n)
				}
				sending.Wait()
				for _, pull := range pulls {
					pull.Close()
				}
				receiving.Wait()
			})
		}
	}
}

func TestPollerWaitsForSockets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := inprocOptions()
		p := zmq.NewPoller()
		timeout := func(d time.Duration) context.Context {
			ctx, cancel := context.WithTimeout(context.Background(), d)
			t.Cleanup(cancel)
			return ctx
		}
		want := func(what string, sockets ...zmq.Socket) {
			t.Helper()
			got, err := p.Wait(timeout(time.Second))
			if len(sockets) == 0 {
				wantError(t, what, err, context.DeadlineExceeded)
			} else if err != nil || len(got) != len(sockets) {
				t.Errorf("%s: %d sockets, %v, want %d", what, len(got), err, len(sockets))
				return
			}
			for i, s := range sockets {
				if got[i] != s {
					t.Errorf("%s: socket %d is not the expected one", what, i)
				}
			}
		}
		want("without sockets")
		toA, a := pushPull(t, o)
		toB, b := pushPull(t, o)
		check(p.Add(a.Socket, b.Socket))
		check(p.Add(a.Socket))
		want("without messages")
		go func() {
			time.Sleep(time.Millisecond)
			check(toB.TrySend([]byte("b")))
		}()
		want("b", b.Socket)
		want("b again", b.Socket)
		check(toA.TrySend([]byte("a")))
		want("both, after b", a.Socket, b.Socket)
		want("both, after a", b.Socket, a.Socket)
		must(a.TryRecv())
		must(b.TryRecv())
		want("after the messages")
		p.Remove(b.Socket)
		p.Remove(b.Socket)
		check(toB.TrySend([]byte("b")))
		want("after Remove")
		go func() {
			time.Sleep(time.Millisecond)
			check(p.Add(b.Socket))
		}()
		want("a socket that is added during Wait", b.Socket)
		p.Remove(b.Socket)
		go func() {
			time.Sleep(time.Millisecond)
			a.Close()
		}()
		want("closed", a.Socket)
		err := p.Add(b.Socket, toA.Socket)
		wantError(t, "Add of a PUSH", err, zmq.ErrInvalidOption)
	})
}

// What Deliver has received and not sent to the channel is received again, before the
// later messages, and only there.
func TestDeliverLosesNoMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, buffer := range []int{0, 3} {
			push, pull := pushPull(t, inprocOptions())
			next, sent := 0, 0
			take := func(m zmq.Message) {
				if got := string(m.Bytes()); got != fmt.Sprint(next) {
					t.Fatalf("buffer %d: received %q, want %d", buffer, got, next)
				}
				next++
			}
			for range 10 {
				ctx, cancel := context.WithCancel(context.Background())
				c := make(chan zmq.Message, buffer)
				done := make(chan error, 1)
				go func() { done <- pull.Deliver(ctx, c) }()
				for range 20 {
					check(push.TrySend(fmt.Append(nil, sent)))
					sent++
				}
				for range 10 {
					take(<-c)
				}
				synctest.Wait()
				cancel()
				wantError(t, "Deliver", <-done, context.Canceled)
				close(c)
				for m := range c {
					take(m)
				}
				take(must(pull.TryRecv()))
			}
			for next < sent {
				take(must(pull.TryRecv()))
			}
			if st := pull.Stats(); st.MessagesReceived != uint64(sent) || len(st.Drops) > 0 {
				t.Errorf("buffer %d: %d of %d messages received, dropped %v", buffer, st.MessagesReceived, sent, st.Drops)
			}
			check(push.TrySend([]byte("last")))
			done := make(chan error, 1)
			go func() { done <- pull.Deliver(context.Background(), make(chan zmq.Message)) }()
			synctest.Wait()
			pull.Close()
			wantError(t, "Deliver", <-done, zmq.ErrClosed)
			if n := pull.Stats().Drops[zmq.DropUnread]; n != 1 {
				t.Errorf("%d messages dropped as unread", n)
			}
		}
		rep := must(zmq.NewRep(nil))
		defer rep.Close()
		wantError(t, "Deliver", rep.Deliver(context.Background(), nil), zmq.ErrInvalidState)
	})
}

// A message of a DISH and of a DGRAM that Deliver returns to the socket has its group,
// its address and its sender when it is received again.
func TestDeliverReturnsMessagesWithGroupAndAddress(t *testing.T) {
	ctx := testContext(t)
	radio, dish := must(zmq.NewRadio(inprocOptions())), must(zmq.NewDish(inprocOptions()))
	closeAtEnd(t, radio, dish)
	check(dish.Join("group", "other"))
	bound := must(radio.Bind("tcp://127.0.0.1:*"))
	check(dish.Connect(bound))
	check(dish.WaitSubscribed(ctx))
	check(radio.Send(ctx, "group", []byte("one")))
	check(radio.Send(ctx, "other", []byte("two")))
	cancelDelivery(t, dish.Socket, dish.Deliver)
	for _, want := range []string{"group one", "other two"} {
		m := must(dish.Recv(ctx))
		if got := m.Group + " " + m.String(); got != want || m.From().SocketType() != zmq.TypeRadio {
			t.Errorf("received %q from a %v, want %q", got, m.From().SocketType(), want)
		}
	}

	a, b := must(zmq.NewDgram(nil)), must(zmq.NewDgram(nil))
	closeAtEnd(t, a, b)
	must(a.Bind("udp://127.0.0.1:*"))
	to := netip.MustParseAddrPort(strings.TrimPrefix(must(b.Bind("udp://127.0.0.1:*")), "udp://"))
	check(a.SendTo(ctx, to, []byte("payload")))
	cancelDelivery(t, b.Socket, b.Deliver)
	d := must(b.Recv(ctx))
	check(b.Reply(ctx, d, []byte("reply")))
	if r := must(a.Recv(ctx)); d.String() != "payload" || r.String() != "reply" || r.Addr != to {
		t.Errorf("received %q, and %q from %v", d, r, r.Addr)
	}
}

// cancelDelivery calls deliver with a channel that is not read, and cancels it when
// the socket has returned the first message.
func cancelDelivery[M any](t *testing.T, s zmq.Socket, deliver func(context.Context, chan<- M) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- deliver(ctx, make(chan M)) }()
	await(t, "Deliver has a message", func() bool { return s.Stats().MessagesReceived == 1 })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Deliver returned %v", err)
	}
	if st := s.Stats(); st.MessagesReceived != 0 {
		t.Errorf("%d messages received after Deliver has returned one", st.MessagesReceived)
	}
}

func TestWaitSubscribersWaitsForEachTopic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := inprocOptions()
		pub, sub, other := must(zmq.NewPub(o)), must(zmq.NewSub(o)), must(zmq.NewSub(o))
		join(t, "inproc://pub", pub, sub)
		closeAtEnd(t, other)
		check(other.Connect("inproc://pub"))
		start := time.Now()
		go func() {
			for _, s := range []struct {
				*zmq.Sub
				topic string
			}{{sub, "b"}, {other, "a"}, {sub, "c"}} {
				time.Sleep(time.Second)
				check(s.Subscribe(s.topic))
			}
		}()
		check(pub.WaitSubscribers(context.Background(), 1, "a", "b", "c"))
		if d := time.Since(start); d != 3*time.Second {
			t.Errorf("after %v", d)
		}
		wantWaitError(t, pub.WaitSubscribers(ended(), 1, "a", "d", "b"), `zmq: wait subscribers: context canceled: 2 peers connected, none subscribed to "d"`)
		radio, dish := must(zmq.NewRadio(o)), must(zmq.NewDish(o))
		join(t, "inproc://radio", radio, dish)
		check(dish.Join("g", "h"))
		check(radio.WaitSubscribers(context.Background(), 1, "g", "h"))
		ready := dish.Ready()
		check(radio.TrySend("x", nil))
		if isReady(ready) {
			t.Error("ready for a group that is not joined")
		}
		check(radio.TrySend("h", nil))
		if !isReady(ready) || !isReady(dish.Ready()) {
			t.Error("not ready for a group that is joined")
		}
		wantWaitError(t, radio.WaitSubscribers(ended(), 1, "g", "i"), `zmq: wait subscribers: context canceled: 1 peer connected, none joined "i"`)
	})
}

// Each message is sent when the one before was received, so a wake-up that is missed
// is not hidden by the next.
func TestReadyMissesNoSingleMessage(t *testing.T) {
	ctx := testContext(t)
	push, pull := pushPull(t, inprocOptions())
	received := make(chan struct{})
	go func() {
		for range 50_000 {
			check(push.Send(ctx, []byte("m")))
			<-received
		}
	}()
	for i := range 50_000 {
		for {
			_, err := pull.TryRecv()
			if err == nil {
				received <- struct{}{}
				break
			}
			select {
			case <-pull.Ready():
			case <-ctx.Done():
				t.Fatalf("message %d is not received", i)
			}
		}
	}
}

func TestZeroPollerWaitsForSockets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		push, pull := pushPull(t, inprocOptions())
		var p zmq.Poller
		check(p.Add(pull.Socket))
		go func() {
			time.Sleep(time.Second) // Wait waits already
			check(push.TrySend([]byte("x")))
		}()
		ready, err := p.Wait(testContext(t))
		if err != nil || !slices.Equal(ready, []zmq.Socket{pull.Socket}) {
			t.Errorf("ready %v, %v", ready, err)
		}
		p.Remove(pull.Socket)
		wantError(t, "Add of the zero Socket", p.Add(pull.Socket, zmq.Socket{}), zmq.ErrInvalidOption)
	})
}

// Deliver to a closed channel panics, and the message is received again.
func TestDeliverToAClosedChannelLosesNoMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		push, pull := pushPull(t, inprocOptions())
		check(push.TrySend([]byte("a")))
		check(push.TrySend([]byte("b")))
		c := make(chan zmq.Message)
		close(c)
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			pull.Deliver(testContext(t), c)
		}()
		for _, want := range []string{"a", "b"} {
			if m, err := pull.TryRecv(); err != nil || m.String() != want {
				t.Errorf("received %q, %v, want %q", m, err, want)
			}
		}
	})
}
