package zmq_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/zerobroker/zmq"
)

// runProxy runs a proxy until stop is called, which returns its error. The test
// calls stop at its end.
func runProxy(t *testing.T, front, back zmq.Socket, o *zmq.ProxyOptions) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- zmq.Proxy(ctx, front, back, o) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() { stop() })
	return stop
}

// connected returns a socket that is connected to an endpoint.
func connected[S connector](t *testing.T, s S, endpoint string) S {
	t.Helper()
	closeAtEnd(t, s)
	if err := s.Connect(endpoint); err != nil {
		t.Fatal(err)
	}
	return s
}

// A ROUTER and a DEALER are a broker for requests.
func TestProxyForwardsRequestsAndReplies(t *testing.T) {
	eachTransport(t, func(t *testing.T, endpoint string, o *zmq.Options) {
		ctx := testContext(t)
		router, dealer := must(zmq.NewRouter(o)), must(zmq.NewDealer(o))
		closeAtEnd(t, router, dealer)
		front, back := must(router.Bind(endpoint)), must(dealer.Bind(strings.Replace(endpoint, "x", "y", 1)))
		stop := runProxy(t, router.Socket, dealer.Socket, nil)
		for range 2 {
			rep := connected(t, must(zmq.NewRep(o)), back)
			go func() {
				for m := range rep.Messages(ctx) {
					rep.Send(ctx, append([]byte("reply to "), m.Bytes()...))
				}
			}()
		}
		var wg sync.WaitGroup
		for i := range 3 {
			req := connected(t, must(zmq.NewReq(o)), front)
			wg.Go(func() {
				for j := range 50 {
					body := fmt.Sprintf("%d-%d", i, j)
					m, err := req.Do(ctx, []byte(body))
					if err != nil || m.String() != "reply to "+body {
						t.Errorf("request %s: %q (%v)", body, m, err)
						return
					}
				}
			})
		}
		wg.Wait()
		wantError(t, "Proxy", stop(), context.Canceled)
	})
}

// An XSUB and an XPUB forward messages to subscribers, and subscriptions to
// publishers.
func TestProxyForwardsSubscriptions(t *testing.T) {
	eachTransport(t, func(t *testing.T, endpoint string, o *zmq.Options) {
		ctx := testContext(t)
		xsub, xpub := must(zmq.NewXSub(o)), must(zmq.NewXPub(o))
		closeAtEnd(t, xsub, xpub)
		front, back := must(xsub.Bind(endpoint)), must(xpub.Bind(strings.Replace(endpoint, "x", "y", 1)))
		runProxy(t, xsub.Socket, xpub.Socket, nil)
		pub, sub := connected(t, must(zmq.NewPub(o)), front), connected(t, must(zmq.NewSub(o)), back)
		sub.Subscribe("wanted")
		if err := pub.WaitSubscribers(ctx, 1, "wanted"); err != nil {
			t.Fatal(err)
		}
		pub.Send(ctx, []byte("other"))
		pub.Send(ctx, []byte("wanted"), []byte("body"))
		if m := must(sub.Recv(ctx)); m.String() != "wanted\tbody" {
			t.Errorf("received %q", m)
		}
		sub.Unsubscribe("wanted")
		await(t, "the publisher has no subscriber", func() bool { return pub.TopicCount() == 0 })
	})
}

// Messages of every size arrive unchanged and in order.
func TestProxyForwardsMessagesUnchanged(t *testing.T) {
	eachTransport(t, func(t *testing.T, endpoint string, o *zmq.Options) {
		ctx := testContext(t)
		pull, push := must(zmq.NewPull(o)), must(zmq.NewPush(o))
		closeAtEnd(t, pull, push)
		front, back := must(pull.Bind(endpoint)), must(push.Bind(strings.Replace(endpoint, "x", "y", 1)))
		control := new(zmq.ProxyControl)
		runProxy(t, pull.Socket, push.Socket, &zmq.ProxyOptions{Control: control})
		source, sink := connected(t, must(zmq.NewPush(o)), front), connected(t, must(zmq.NewPull(o)), back)
		rng := rand.New(rand.NewPCG(1, 2))
		var sent []zmq.Message
		frames, bytes := uint64(0), uint64(0)
		for range 500 {
			var m [][]byte
			for range 1 + rng.IntN(4) {
				f := make([]byte, rng.IntN(1<<rng.IntN(18)))
				for i := range f {
					f[i] = byte(rng.Uint32())
				}
				m = append(m, f)
				bytes += uint64(len(f))
			}
			frames += uint64(len(m))
			sent = append(sent, zmq.NewMessage(m...).Clone())
		}
		go func() {
			for _, m := range sent {
				source.SendMessage(ctx, m.Clone())
			}
		}()
		for i, want := range sent {
			if got := must(sink.Recv(ctx)); !slices.EqualFunc(got.Frames(), want.Frames(), slices.Equal[[]byte]) {
				t.Fatalf("message %d differs", i)
			}
		}
		want := zmq.ProxyStats{
			Front: zmq.ProxySideStats{MessagesReceived: 500, FramesReceived: frames, BytesReceived: bytes},
			Back:  zmq.ProxySideStats{MessagesSent: 500, FramesSent: frames, BytesSent: bytes},
		}
		await(t, "all messages are counted", func() bool { return control.Stats() == want })
	})
}

// However often a proxy is stopped and started, every message arrives once and in
// order, also while the receiver is full.
func TestProxyLosesNothingWhenStopped(t *testing.T) {
	const messages = 20_000
	for _, transform := range []bool{false, true} {
		ctx := testContext(t)
		o := inprocOptions()
		pull, push := must(zmq.NewPull(o)), must(zmq.NewPush(o))
		source, sink := must(zmq.NewPush(o)), must(zmq.NewPull(o))
		for _, s := range []*zmq.Pull{pull, sink} {
			s.SetRecvHWM(7)
		}
		for _, s := range []*zmq.Push{push, source} {
			s.SetSendHWM(7)
		}
		join(t, "inproc://front", pull, source)
		join(t, "inproc://back", push, sink)
		go func() {
			for i := range messages {
				source.Send(ctx, binary.BigEndian.AppendUint32(nil, uint32(i)))
			}
		}()
		received := make(chan error, 1)
		go func() {
			for i := range messages {
				m, err := sink.Recv(ctx)
				if err != nil || binary.BigEndian.Uint32(m.Bytes()) != uint32(i) {
					received <- fmt.Errorf("message %d: %x (%v)", i, m.Bytes(), err)
					return
				}
			}
			received <- nil
		}()
		options := &zmq.ProxyOptions{}
		if transform {
			options.Transform = func(_ zmq.Socket, m zmq.Message) (zmq.Message, bool) { return m, true }
		}
		for runs := 0; ; runs++ {
			stop := runProxy(t, pull.Socket, push.Socket, options)
			select {
			case err := <-received:
				if err != nil {
					t.Fatalf("transform %v, run %d: %v", transform, runs, err)
				}
			default:
				stop()
				continue
			}
			stop()
			break
		}
		if st := pull.Stats(); st.MessagesReceived != messages || st.QueuedRecv != 0 {
			t.Errorf("transform %v: %d messages received, %d queued", transform, st.MessagesReceived, st.QueuedRecv)
		}
	}
}

// Messages that a stopped proxy could not send stay with the socket that has
// received them, and are counted when that is closed.
func TestStoppedProxyLeavesMessagesToTheirSocket(t *testing.T) {
	ctx := testContext(t)
	o := inprocOptions()
	pull, push, source := must(zmq.NewPull(o)), must(zmq.NewPush(o)), must(zmq.NewPush(o))
	closeAtEnd(t, push)
	join(t, "inproc://front", pull, source)
	stop := runProxy(t, pull.Socket, push.Socket, nil) // no peer: nothing can be sent
	for i := range 5 {
		source.Send(ctx, []byte{byte(i)})
	}
	// The proxy holds one message at most.
	await(t, "the others are queued", func() bool { return pull.Stats().QueuedRecv >= 4 })
	stop()
	if n := pull.Stats().QueuedRecv; n != 5 {
		t.Errorf("%d messages queued, want 5", n)
	}
	for i := range 3 {
		if m := must(pull.TryRecv()); m.Bytes()[0] != byte(i) {
			t.Errorf("message %d: %x", i, m.Bytes())
		}
	}
	pull.Close()
	if st := pull.Stats(); st.Drops[zmq.DropUnread] != 2 || st.MessagesReceived != 3 {
		t.Errorf("%d received, drops %v", st.MessagesReceived, st.Drops)
	}
}

// A message that a proxy gives back is counted once: when it has sent it.
func TestProxyCountsReturnedMessagesOnce(t *testing.T) {
	for _, capture := range []bool{false, true} {
		ctx := testContext(t)
		o := inprocOptions()
		router, push, source := must(zmq.NewRouter(o)), must(zmq.NewPush(o)), must(zmq.NewDealer(o))
		closeAtEnd(t, router, push)
		join(t, "inproc://front", router, source)
		control := new(zmq.ProxyControl)
		po := &zmq.ProxyOptions{Control: control}
		if capture {
			copies := must(zmq.NewPub(o))
			closeAtEnd(t, copies)
			po.Capture = copies.Socket
		}
		for i := range 5 {
			source.Send(ctx, []byte{byte(i)})
		}
		await(t, "the messages are queued", func() bool { return router.Stats().QueuedRecv == 5 })
		for range 2 { // no peer: nothing can be sent
			stop := runProxy(t, router.Socket, push.Socket, po)
			await(t, "the proxy holds a message", func() bool { return router.Stats().QueuedRecv < 5 })
			stop()
			if got := control.Stats().Front; got != (zmq.ProxySideStats{}) {
				t.Errorf("capture is %v: a stopped proxy that has sent nothing counts %+v", capture, got)
			}
		}
		join(t, "inproc://back", push, must(zmq.NewPull(o)))
		runProxy(t, router.Socket, push.Socket, po)
		await(t, "the messages are sent", func() bool { return control.Stats().Back.MessagesSent == 5 })
		st := control.Stats()
		if f, b := st.Front, st.Back; f.MessagesReceived != 5 || f.FramesReceived != 10 || f.BytesReceived != b.BytesSent {
			t.Errorf("capture is %v: received %+v, sent %+v", capture, f, b)
		}
	}
}

func TestProxyPausesAndResumes(t *testing.T) {
	ctx := testContext(t)
	o := inprocOptions()
	pull, push := must(zmq.NewPull(o)), must(zmq.NewPush(o))
	source, sink := must(zmq.NewPush(o)), must(zmq.NewPull(o))
	join(t, "inproc://front", pull, source)
	join(t, "inproc://back", push, sink)
	control := new(zmq.ProxyControl)
	control.Pause() // before the proxy runs
	done := make(chan error, 1)
	go func() { done <- zmq.Proxy(ctx, pull.Socket, push.Socket, &zmq.ProxyOptions{Control: control}) }()
	for i := range 3 {
		source.Send(ctx, []byte("1"))
		await(t, fmt.Sprintf("the message of pause %d is queued", i), func() bool { return pull.Stats().QueuedRecv == 1 })
		if !control.Stats().Paused || sink.Stats().MessagesReceived != uint64(i) {
			t.Errorf("pause %d: %d messages forwarded", i, sink.Stats().MessagesReceived)
		}
		control.Resume()
		must(sink.Recv(ctx))
		control.Pause()
	}
	wantError(t, "second Proxy", zmq.Proxy(ctx, pull.Socket, push.Socket, &zmq.ProxyOptions{Control: control}), zmq.ErrInvalidOption)
	control.Terminate()
	if err := <-done; err != nil {
		t.Errorf("Proxy after Terminate: %v", err)
	}
	control.Terminate() // no proxy
	if st := control.Stats(); st.Front.MessagesReceived != 3 || st.Back.MessagesSent != 3 {
		t.Errorf("stats %+v", st)
	}
}

// A proxy that ends while it is paused leaves the messages in its sockets.
func TestPausedProxyForwardsNothingWhenItEnds(t *testing.T) {
	for name, end := range map[string]func(*zmq.ProxyControl, context.CancelFunc){
		"Terminate": func(c *zmq.ProxyControl, _ context.CancelFunc) { c.Terminate() },
		"context":   func(_ *zmq.ProxyControl, cancel context.CancelFunc) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				o := inprocOptions()
				pull, push := must(zmq.NewPull(o)), must(zmq.NewPush(o))
				source, sink := must(zmq.NewPush(o)), must(zmq.NewPull(o))
				join(t, "inproc://front", pull, source)
				join(t, "inproc://back", push, sink)
				control := new(zmq.ProxyControl)
				running, cancel := context.WithCancel(ctx)
				defer cancel()
				done := make(chan error, 1)
				go func() {
					done <- zmq.Proxy(running, pull.Socket, push.Socket, &zmq.ProxyOptions{Control: control})
				}()
				source.Send(ctx, []byte("first"))
				must(sink.Recv(ctx))
				control.Pause()
				synctest.Wait() // the proxy waits for Resume
				source.Send(ctx, []byte("second"))
				end(control, cancel)
				<-done
				if st := push.Stats(); st.MessagesSent != 1 {
					t.Errorf("%d messages forwarded", st.MessagesSent)
				}
				if m, err := pull.TryRecv(); err != nil || m.String() != "second" {
					t.Errorf("the front receives %v, %v", m, err)
				}
			})
		})
	}
}

// The control socket has the commands and replies of libzmq's steerable proxy.
func TestProxyControlSocket(t *testing.T) {
	for _, typ := range []zmq.SocketType{zmq.TypeRep, zmq.TypePair} {
		ctx := testContext(t)
		o := inprocOptions()
		pull, push := must(zmq.NewPull(o)), must(zmq.NewPush(o))
		source, sink := must(zmq.NewPush(o)), must(zmq.NewPull(o))
		join(t, "inproc://front", pull, source)
		join(t, "inproc://back", push, sink)
		var control zmq.Socket
		var command func(name string, reply bool) zmq.Message
		if typ == zmq.TypeRep {
			rep, req := must(zmq.NewRep(o)), must(zmq.NewReq(o))
			join(t, "inproc://control", rep, req)
			control = rep.Socket
			command = func(name string, _ bool) zmq.Message {
				must(0, req.Send(ctx, []byte(name)))
				return must(req.Recv(ctx))
			}
		} else {
			a, b := must(zmq.NewPair(o)), must(zmq.NewPair(o))
			join(t, "inproc://control", a, b)
			control = a.Socket
			command = func(name string, reply bool) zmq.Message {
				must(0, b.Send(ctx, []byte(name)))
				if !reply {
					return zmq.Message{}
				}
				return must(b.Recv(ctx))
			}
		}
		done := make(chan error, 1)
		state := new(zmq.ProxyControl)
		go func() {
			done <- zmq.Proxy(ctx, pull.Socket, push.Socket, &zmq.ProxyOptions{Control: state, ControlSocket: control})
		}()
		source.Send(ctx, []byte("abc"), []byte("de"))
		must(sink.Recv(ctx))
		for _, name := range []string{"", "pause", "PAUSE ", "unknown"} {
			if m := command(name, false); m.Size() != 0 || m.NumFrames() != 1 {
				t.Errorf("%v: reply to %q: %q", typ, name, m)
			}
		}
		command("PAUSE", false)
		await(t, "the proxy is paused", func() bool { return state.Stats().Paused })
		source.Send(ctx, []byte("later"))
		command("RESUME", false)
		must(sink.Recv(ctx))
		await(t, "both messages are counted", func() bool { return state.Stats().Back.MessagesSent == 2 })
		var got []uint64
		for _, f := range command("STATISTICS", true).Frames() {
			got = append(got, binary.NativeEndian.Uint64(f))
		}
		if want := []uint64{3, 10, 0, 0, 0, 0, 3, 10}; !slices.Equal(got, want) {
			t.Errorf("%v: statistics %v, want %v", typ, got, want)
		}
		command("TERMINATE", false)
		if err := <-done; err != nil {
			t.Errorf("%v: Proxy: %v", typ, err)
		}
	}
}

// A function Transform may change and drop messages. If it panics, that message alone
// is dropped.
func TestProxyTransformsMessages(t *testing.T) {
	ctx := testContext(t)
	o := inprocOptions()
	router, dealer := must(zmq.NewRouter(o)), must(zmq.NewDealer(o))
	client, worker := must(zmq.NewDealer(o)), must(zmq.NewRep(o))
	join(t, "inproc://front", router, client)
	join(t, "inproc://back", dealer, worker)
	control := new(zmq.ProxyControl)
	runProxy(t, router.Socket, dealer.Socket, &zmq.ProxyOptions{Control: control, Transform: func(from zmq.Socket, m zmq.Message) (zmq.Message, bool) {
		switch {
		case from.Type() == zmq.TypeDealer:
			f := m.Frames()
			return zmq.NewMessage(append(f[:len(f)-1], []byte("from "+string(f[len(f)-1])))...), true
		case m.RoutingID() == "":
			t.Error("a message of the ROUTER has no routing ID")
		case string(m.Frame(1)) == "panic":
			panic("no")
		case string(m.Frame(1)) == "drop":
			return m, false
		}
		return zmq.NewMessage(m.Frame(0), append(m.Frame(1), '!')), true
	}})
	for _, body := range []string{"drop", "panic", "a"} {
		client.Send(ctx, nil, []byte(body))
	}
	if m := must(worker.Recv(ctx)); m.String() != "a!" {
		t.Errorf("worker received %q", m)
	}
	worker.Send(ctx, []byte("worker"))
	if m := must(client.Recv(ctx)); m.String() != "\tfrom worker" {
		t.Errorf("client received %q", m)
	}
	st := control.Stats()
	if st.Drops != (zmq.ProxyDrops{Transformed: 1, Panicked: 1}) || st.Front.MessagesReceived != 3 {
		t.Errorf("stats %+v", st)
	}
	if st.LastErr == nil || !strings.HasPrefix(st.LastErr.Error(), "function Transform panicked: no at ") {
		t.Errorf("last error %v", st.LastErr)
	}
}

// A capture gets a copy of what is sent in both directions. One that takes nothing
// delays no message.
func TestProxyCapturesMessages(t *testing.T) {
	ctx := testContext(t)
	o := inprocOptions()
	a, b := must(zmq.NewPair(o)), must(zmq.NewPair(o))
	left, right := must(zmq.NewPair(o)), must(zmq.NewPair(o))
	capture, seen := must(zmq.NewPush(o)), must(zmq.NewPull(o))
	join(t, "inproc://a", a, left)
	join(t, "inproc://b", b, right)
	closeAtEnd(t, capture)
	control := new(zmq.ProxyControl)
	runProxy(t, a.Socket, b.Socket, &zmq.ProxyOptions{Control: control, Capture: capture.Socket})
	left.Send(ctx, []byte("no peer"))
	must(right.Recv(ctx))
	await(t, "the copy is dropped", func() bool { return control.Stats().Drops.Captures == 1 })
	join(t, "inproc://capture", capture, seen)
	big := make([]byte, 100_000)
	big[99_999] = 1
	left.Send(ctx, []byte("x"), big)
	got := must(right.Recv(ctx))
	clear(got.Frame(1))
	if m := must(seen.Recv(ctx)); m.NumFrames() != 2 || m.Frame(1)[99_999] != 1 {
		t.Errorf("captured %d frames", m.NumFrames())
	}
	right.Send(ctx, []byte("back"))
	must(left.Recv(ctx))
	if m := must(seen.Recv(ctx)); m.String() != "back" {
		t.Errorf("captured %q", m)
	}
}

// With the same socket on both sides, what it receives is sent back.
func TestProxyOfOneSocketSendsBack(t *testing.T) {
	ctx := testContext(t)
	o := inprocOptions()
	rep, router := must(zmq.NewRep(o)), must(zmq.NewRouter(o))
	req, dealer := must(zmq.NewReq(o)), must(zmq.NewDealer(o))
	join(t, "inproc://rep", rep, req)
	join(t, "inproc://router", router, dealer)
	runProxy(t, rep.Socket, rep.Socket, nil)
	runProxy(t, router.Socket, router.Socket, nil)
	for range 3 {
		if m := must(req.Do(ctx, []byte("a"), []byte("b"))); m.String() != "a\tb" {
			t.Errorf("REP sent %q", m)
		}
		dealer.Send(ctx, []byte("c"))
		if m := must(dealer.Recv(ctx)); m.String() != "c" {
			t.Errorf("ROUTER sent %q", m)
		}
	}
}

// A message that its socket cannot send does not stop those that follow.
func TestProxyContinuesAfterMessagesItCannotSend(t *testing.T) {
	ctx := testContext(t)
	o := inprocOptions()
	o.SendHWM, o.RecvHWM = 1, 1
	router, dealer := must(zmq.NewRouter(o)), must(zmq.NewDealer(o))
	slow, good := *o, *o
	slow.RoutingID, good.RoutingID = "slow", "good"
	full, client, worker := must(zmq.NewDealer(&slow)), must(zmq.NewDealer(&good)), must(zmq.NewDealer(&zmq.Options{Namespace: o.Namespace}))
	join(t, "inproc://front", router, full)
	connected(t, client, "inproc://front")
	join(t, "inproc://back", dealer, worker)
	control := new(zmq.ProxyControl)
	runProxy(t, router.Socket, dealer.Socket, &zmq.ProxyOptions{Control: control})
	for range 4 {
		worker.Send(ctx, []byte("slow"), []byte("x"))
	}
	worker.Send(ctx, []byte("unknown"), []byte("x"))
	worker.Send(ctx, []byte("only an ID"))
	worker.Send(ctx, []byte("good"), []byte("y"))
	if m := must(client.Recv(ctx)); m.String() != "y" {
		t.Errorf("received %q", m)
	}
	await(t, "that message is counted", func() bool {
		st := control.Stats()
		return st.Front.MessagesSent+st.Drops.NoRoute+st.Drops.Refused+st.Drops.PeerFull == 7
	})
	st := control.Stats()
	if st.Drops.NoRoute != 1 || st.Drops.Refused != 1 || st.Drops.PeerFull == 0 || st.LastErr == nil {
		t.Errorf("stats %+v", st)
	}
	if received := st.Back.MessagesReceived; received != 7 {
		t.Errorf("%d messages received, stats %+v", received, st)
	}
}

func TestProxyEndsWhenASocketIsClosed(t *testing.T) {
	for _, side := range []string{"front", "back", "back, while a message waits"} {
		o := inprocOptions()
		pull, push := must(zmq.NewPull(o)), must(zmq.NewPush(o))
		source := must(zmq.NewPush(o))
		join(t, "inproc://front", pull, source)
		done := make(chan error, 1)
		go func() { done <- zmq.Proxy(context.Background(), pull.Socket, push.Socket, nil) }()
		if strings.Contains(side, "waits") {
			source.Send(testContext(t), []byte("x"))
			await(t, "the proxy has received", func() bool { return pull.Stats().MessagesReceived == 1 })
		}
		if side == "front" {
			pull.Close()
		} else {
			push.Close()
			if side == "back" {
				source.Send(testContext(t), []byte("x"))
			}
		}
		err := <-done
		var op *zmq.OpError
		if !errors.Is(err, zmq.ErrClosed) || !errors.As(err, &op) || op.Op != "proxy" {
			t.Errorf("%s closed: %v", side, err)
		}
		push.Close()
	}
}

func TestProxyRefusesTypesThatCannotBeCombined(t *testing.T) {
	rep, req, dealer := must(zmq.NewRep(nil)), must(zmq.NewReq(nil)), must(zmq.NewDealer(nil))
	pull, pull2, push, server := must(zmq.NewPull(nil)), must(zmq.NewPull(nil)), must(zmq.NewPush(nil)), must(zmq.NewServer(nil))
	sub, pub := must(zmq.NewSub(nil)), must(zmq.NewPub(nil))
	closeAtEnd(t, rep, req, dealer, pull, pull2, push, server, sub, pub)
	for _, tt := range []struct {
		front, back zmq.Socket
		want        string
	}{
		{pull.Socket, pull2.Socket, "zmq: proxy: invalid option: no message can pass between PULL and PULL"},
		{push.Socket, pub.Socket, "zmq: proxy: invalid option: no message can pass between PUSH and PUB"},
		{rep.Socket, dealer.Socket, "zmq: proxy: invalid option: a REP sends and receives alternately; use ROUTER and DEALER"},
		{dealer.Socket, req.Socket, "zmq: proxy: invalid option: a REQ sends and receives alternately; use ROUTER and DEALER"},
		{server.Socket, dealer.Socket, "zmq: proxy: invalid option: a SERVER sends by routing numbers, which a message does not keep"},
		{zmq.Socket{}, dealer.Socket, "zmq: proxy: invalid option: zero Socket"},
	} {
		err := zmq.Proxy(ended(), tt.front, tt.back, nil)
		if !errors.Is(err, zmq.ErrInvalidOption) || err.Error() != tt.want {
			t.Errorf("%v, %v: %v", tt.front, tt.back, err)
		}
	}
	for o, want := range map[*zmq.ProxyOptions]string{
		{Capture: pull2.Socket}:     "zmq: proxy: invalid option: the capture socket is a PULL, which sends nothing",
		{ControlSocket: pub.Socket}: "zmq: proxy: invalid option: the control socket is a PUB, which receives nothing",
	} {
		if err := zmq.Proxy(ended(), pull.Socket, push.Socket, o); !errors.Is(err, zmq.ErrInvalidOption) || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	for _, tt := range []struct{ front, back zmq.Socket }{{sub.Socket, pub.Socket}, {push.Socket, pull.Socket}, {dealer.Socket, dealer.Socket}} {
		wantError(t, fmt.Sprint(tt.front, tt.back), zmq.Proxy(ended(), tt.front, tt.back, nil), context.Canceled)
	}
}
