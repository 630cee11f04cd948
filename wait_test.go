package zmq_test

import (
	"context"
	"errors"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
)

// wantWaitError checks the error of a wait whose context has ended.
func wantWaitError(t *testing.T, err error, pattern string) {
	t.Helper()
	var op *zmq.OpError
	if !errors.Is(err, context.Canceled) || !errors.As(err, &op) || !regexp.MustCompile("^"+pattern+"$").MatchString(err.Error()) {
		t.Errorf("error %v, want %s", err, pattern)
	}
}

func TestWaitErrorsNameWhatIsMissing(t *testing.T) {
	o := quickOptions()
	push, pub, sub := must(zmq.NewPush(o)), must(zmq.NewPub(o)), must(zmq.NewSub(o))
	req, dish, radio := must(zmq.NewReq(o)), must(zmq.NewDish(o)), must(zmq.NewRadio(o))
	for _, s := range []zmq.Socket{push.Socket, pub.Socket, sub.Socket, req.Socket, dish.Socket, radio.Socket} {
		defer s.Close()
	}
	ctx := ended()
	_, doErr := req.Do(ctx, []byte("x"))
	wantWaitError(t, push.WaitConnected(ctx), `zmq: wait connected: context canceled: no endpoint: call Bind or Connect first`)
	wantWaitError(t, sub.WaitSubscribed(ctx), `zmq: wait subscribed: context canceled: no endpoint: call Bind or Connect first`)
	wantWaitError(t, dish.WaitSubscribed(ctx), `zmq: wait subscribed: context canceled: no endpoint: call Bind or Connect first`)
	wantWaitError(t, pub.WaitSubscribers(ctx, 1, "a"), `zmq: wait subscribers: context canceled: no endpoint: call Bind or Connect first`)
	wantWaitError(t, radio.WaitSubscribers(ctx, 1, "a"), `zmq: wait subscribers: context canceled: no endpoint: call Bind or Connect first`)
	wantWaitError(t, doErr, `zmq: do: context canceled: no endpoint: call Bind or Connect first`)

	must(pub.Bind("inproc://feed"))
	wantWaitError(t, pub.WaitSubscribers(ctx, 1, "a"), `zmq: wait subscribers: context canceled: inproc://feed: no peer has connected`)
	sub.Connect("inproc://feed")
	wantWaitError(t, pub.WaitSubscribers(ctx, 1, "a"), `zmq: wait subscribers: context canceled: 1 peer connected, none subscribed to "a"`)
	wantWaitError(t, pub.WaitSubscribers(ctx, 2, "a"), `zmq: wait subscribers: context canceled: 1 peer connected, fewer than 2 subscribed to "a"`)
	push.Connect("inproc://nothing")
	wantWaitError(t, push.WaitConnected(ctx), `zmq: wait connected: context canceled: inproc://nothing: no socket is bound`)
}

// The error of Do shows whether the request was withdrawn, and why.
func TestDoErrorNamesTheStateOfTheRequest(t *testing.T) {
	o := quickOptions()
	o.SendHWM, o.RecvHWM = 1, 1
	req, rep := must(zmq.NewReq(o)), must(zmq.NewRep(o))
	defer req.Close()
	defer rep.Close()
	do := func(ctx context.Context, withdrawn bool, want string) {
		t.Helper()
		_, err := req.Do(ctx, []byte("x"))
		wantWaitError(t, err, "zmq: do: context canceled: "+want)
		if got := errors.Is(err, zmq.ErrWithdrawn); got != withdrawn {
			t.Errorf("%v matches ErrWithdrawn: %v, want %v", err, got, withdrawn)
		}
	}
	do(ended(), true, "no endpoint: call Bind or Connect first")
	must(rep.Bind("inproc://rep"))
	if err := req.Connect("inproc://rep"); err != nil {
		t.Fatal(err)
	}
	do(ended(), true, "1 peer connected, request queued, not sent")

	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		rep.Recv(t.Context())
		cancel()
	}()
	do(ctx, false, "1 peer connected, no reply")

	// The REP has not replied, so it leaves these requests in the queue.
	queued, stop := context.WithCancel(t.Context())
	var calls sync.WaitGroup
	defer calls.Wait()
	defer stop()
	for range 2 {
		calls.Go(func() { req.Do(queued, []byte("x")) })
	}
	await(t, "two queued requests", func() bool { return req.Stats().QueuedSend == 2 })
	do(ended(), true, "1 peer connected, all queues are full")
}

func TestWaitErrorHasTheFailureOfTheEndpoint(t *testing.T) {
	push := must(zmq.NewPush(quickOptions()))
	defer push.Close()
	at := unusedEndpoint()
	if err := push.Connect(at); err != nil {
		t.Fatal(err)
	}
	await(t, "two failed attempts", func() bool { e := push.Endpoints()[0]; return e.Err != nil && e.Attempts > 1 })
	wantWaitError(t, push.WaitConnected(ended()), `zmq: wait connected: context canceled: `+at+`: connection refused \(\d+ attempts\)`)

	cause := errors.New("the program ends")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	err := push.WaitConnected(ctx)
	wantWaitError(t, err, `zmq: wait connected: context canceled \(the program ends\): `+at+`: connection refused \(\d+ attempts\)`)
	if !errors.Is(err, cause) {
		t.Errorf("%v does not match its cause", err)
	}
	late, cancelLate := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancelLate()
	var op *zmq.OpError
	if err := push.WaitConnected(late); !errors.As(err, &op) || !op.Timeout() || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after the deadline: %v", err)
	}
}

// Both sides report the reason.
func TestWaitErrorNamesAnIncompatibleType(t *testing.T) {
	push, sub := must(zmq.NewPush(quickOptions())), must(zmq.NewSub(quickOptions()))
	defer push.Close()
	defer sub.Close()
	at := must(sub.Bind("tcp://127.0.0.1:*"))
	push.Connect(at)
	await(t, "a failed handshake", func() bool { return push.Endpoints()[0].Err != nil && sub.Endpoints()[0].Err != nil })
	for _, c := range []struct {
		err  error
		want string
	}{{push.WaitConnected(ended()), "PUSH does not communicate with SUB"}, {sub.WaitConnected(ended()), "SUB does not communicate with PUSH"}} {
		if text := c.err.Error(); !strings.Contains(text, at+": ") || !strings.Contains(text, c.want) {
			t.Errorf("error %v, want %s", text, c.want)
		}
	}
}

func TestRecvReturnsTheErrorOfTheContext(t *testing.T) {
	pull := must(zmq.NewPull(quickOptions()))
	defer pull.Close()
	if _, err := pull.Recv(ended()); err != context.Canceled {
		t.Errorf("Recv: %v", err)
	}
}

// The error of every send that its context ends matches that of the context and its
// cause, and says why the call waited.
func TestSendErrorSaysWhyItWaited(t *testing.T) {
	cause := errors.New("shutting down")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	x, xs := []byte("x"), []zmq.Message{zmq.NewMessage([]byte("x"))}
	ns := zmq.NewNamespace()
	out := &zmq.Options{Namespace: ns, Linger: zmq.NoLinger, SendHWM: 1}
	in := &zmq.Options{Namespace: ns, RecvHWM: 1}
	blocking := &zmq.Options{Namespace: ns, Linger: zmq.NoLinger, SendHWM: 1, Overflow: zmq.OverflowBlock}
	unbound, push, pull := must(zmq.NewPush(out)), must(zmq.NewPush(out)), must(zmq.NewPull(in))
	router, dealer := must(zmq.NewRouter(blocking)), must(zmq.NewDealer(in))
	pub, sub := must(zmq.NewPub(blocking)), must(zmq.NewSub(in))
	radio, dish := must(zmq.NewRadio(blocking)), must(zmq.NewDish(in))
	server, client := must(zmq.NewServer(blocking)), must(zmq.NewClient(in))
	dgram := must(zmq.NewDgram(nil))
	closeAtEnd(t, unbound, push, pull, router, dealer, pub, sub, radio, dish, server, client, dgram)
	late := must(zmq.NewPush(out))
	closeAtEnd(t, late)
	check(errors.Join(sub.Subscribe(""), dish.Join("g"), late.Connect("inproc://nobody")))
	for _, pair := range []struct {
		bound   zmq.Socket
		connect func(string) error
		name    string
	}{
		{pull.Socket, push.Connect, "inproc://pull"}, {dealer.Socket, func(ep string) error { return router.ConnectAs(ep, "worker") }, "inproc://dealer"},
		{sub.Socket, pub.Connect, "inproc://sub"}, {dish.Socket, radio.Connect, "inproc://dish"}, {server.Socket, client.Connect, "inproc://server"},
	} {
		must(pair.bound.Bind(pair.name))
		check(pair.connect(pair.name))
	}
	check(client.Send(t.Context(), x))
	number := must(server.Recv(t.Context())).RoutingNumber()
	const full, peerFull, oneFull = "1 peer connected, no queue has room", "1 peer connected, the queue of the peer has no room", "1 peer connected, a queue is full"
	for _, c := range []struct {
		name, why string
		send      func() error
	}{
		{"Send without an endpoint", "no endpoint: call Bind or Connect first", func() error { return unbound.Send(ctx, x) }},
		{"SendMessage without an endpoint", "no endpoint: call Bind or Connect first", func() error { return unbound.SendMessage(ctx, xs[0]) }},
		{"SendTo of a DGRAM without an endpoint", "no endpoint: call Bind or Connect first", func() error { return dgram.SendTo(ctx, netip.MustParseAddrPort("127.0.0.1:9"), x) }},
		{"Send without a peer", "inproc://nobody: no socket is bound", func() error { return late.Send(ctx, x) }},
		{"Send", full, func() error { return push.Send(ctx, x) }},
		{"SendMessage", full, func() error { return push.SendMessage(ctx, xs[0]) }},
		{"SendBatch", full, func() error { _, err := push.SendBatch(ctx, xs); return err }},
		{"SendTo a routing ID", peerFull, func() error { return router.SendTo(ctx, "worker", x) }},
		{"SendMessageTo a routing ID", peerFull, func() error { return router.SendMessageTo(ctx, "worker", xs[0]) }},
		{"SendBatchTo a routing ID", peerFull, func() error { _, err := router.SendBatchTo(ctx, "worker", xs); return err }},
		{"SendTo a number", peerFull, func() error { return server.SendTo(ctx, number, x) }},
		{"SendBatchTo a number", peerFull, func() error { _, err := server.SendBatchTo(ctx, number, xs); return err }},
		{"Send of a PUB", oneFull, func() error { return pub.Send(ctx, x) }},
		{"Send of a RADIO", oneFull, func() error { return radio.Send(ctx, "g", x) }},
		{"SendBatch of a RADIO", oneFull, func() error { _, err := radio.SendBatch(ctx, "g", xs); return err }},
	} {
		var err error
		for n := 0; err == nil && n < 1000; n++ { // a send with room succeeds although ctx has ended
			err = c.send()
		}
		var op *zmq.OpError
		if want := "zmq: send: context canceled (shutting down): " + c.why; err == nil || err.Error() != want ||
			!errors.Is(err, context.Canceled) || !errors.Is(err, cause) || !errors.As(err, &op) || op.Timeout() {
			t.Errorf("%s: %v, want %s", c.name, err, want)
		}
	}
}

// Timeout of the error reports whether a deadline has passed, and the context's
// error is found although its type cannot be compared.
func TestSendErrorMatchesAnyErrorOfAContext(t *testing.T) {
	push := must(zmq.NewPush(nil))
	closeAtEnd(t, push)
	late, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	var op *zmq.OpError
	if err := push.Send(late, nil); !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &op) || !op.Timeout() {
		t.Errorf("Send: %v", err)
	}
}

// state returns the state of the only endpoint of a socket.
func state(t *testing.T, s zmq.Socket) zmq.EndpointInfo {
	t.Helper()
	list := s.Endpoints()
	if len(list) != 1 {
		t.Fatalf("endpoints %+v, want one", list)
	}
	return list[0]
}

func TestEndpointsFollowTheStateOfAConnection(t *testing.T) {
	for _, ep := range []string{"tcp://127.0.0.1:*", "ipc://*", "inproc://x"} {
		t.Run(ep, func(t *testing.T) {
			o := quickOptions()
			push, pull := must(zmq.NewPush(o)), must(zmq.NewPull(o))
			defer push.Close()
			if n := len(push.Endpoints()); n != 0 {
				t.Errorf("%d endpoints at first", n)
			}
			at := must(pull.Bind(ep))
			if e := state(t, pull.Socket); e.Endpoint != at || !e.Bound || e.State != zmq.EndpointListening || e.Peers != 0 || e.Since.IsZero() {
				t.Errorf("bound: %+v", e)
			}
			push.Connect(at)
			if err := push.WaitConnected(testContext(t)); err != nil {
				t.Fatal(err)
			}
			await(t, "connected", func() bool { return state(t, push.Socket).State == zmq.EndpointConnected })
			if e := state(t, push.Socket); e.Endpoint != at || e.Bound || e.Peers != 1 || e.Attempts != 0 || e.Err != nil {
				t.Errorf("connected: %+v", e)
			}
			await(t, "a peer", func() bool { return state(t, pull.Socket).Peers == 1 })
			pull.Close()
			if n := len(pull.Endpoints()); n != 0 {
				t.Errorf("a closed socket has %d endpoints", n)
			}
			want := func(e zmq.EndpointInfo) bool { return e.State == zmq.EndpointWaiting && e.Err != nil }
			if strings.HasPrefix(ep, "inproc") {
				want = func(e zmq.EndpointInfo) bool { return e.State == zmq.EndpointClosed }
			}
			await(t, "the loss", func() bool { return want(state(t, push.Socket)) })
			push.Disconnect(at)
			if n := len(push.Endpoints()); n != 0 {
				t.Errorf("%d endpoints after Disconnect", n)
			}
		})
	}
}

func TestEndpointIsClosedWithReconnectIntervalForever(t *testing.T) {
	o := quickOptions()
	o.Reconnect.Interval = zmq.Forever
	push := must(zmq.NewPush(o))
	defer push.Close()
	push.Connect(unusedEndpoint())
	await(t, "the end of the endpoint", func() bool { return state(t, push.Socket).State == zmq.EndpointClosed })
	if e := state(t, push.Socket); e.Attempts != 1 || e.Err == nil {
		t.Errorf("%+v", e)
	}
}

func TestEndpointStatesHaveNames(t *testing.T) {
	var names []string
	for _, s := range []zmq.EndpointState{0, zmq.EndpointListening, zmq.EndpointConnecting, zmq.EndpointHandshaking,
		zmq.EndpointConnected, zmq.EndpointWaiting, zmq.EndpointClosed, zmq.EndpointClosed + 1} {
		names = append(names, s.String())
	}
	if got := strings.Join(names, " "); got != "unknown listening connecting handshaking connected waiting closed unknown" {
		t.Error(got)
	}
}

func TestUnbindTakesTheTextGivenToBind(t *testing.T) {
	for _, ep := range []string{"tcp://127.0.0.1:*", "tcp://localhost:*", "ipc://*", "inproc://x"} {
		s := must(zmq.NewPull(quickOptions()))
		defer s.Close()
		at, again := must(s.Bind(ep)), ""
		if ep != "inproc://x" {
			again = must(s.Bind(ep))
		}
		other := must(s.Bind("tcp://127.0.0.1:*"))
		if ep == "tcp://127.0.0.1:*" {
			if err := s.Unbind(other); err != nil { // it was bound with the same text
				t.Fatal(err)
			}
		}
		if err := s.Unbind(ep); err != nil {
			t.Errorf("Unbind(%s): %v", ep, err)
		}
		for _, e := range s.Endpoints() {
			if e.Endpoint == at || e.Endpoint == again {
				t.Errorf("%s is still bound after Unbind(%s)", e.Endpoint, ep)
			}
		}
		if err := s.Unbind(ep); !errors.Is(err, zmq.ErrEndpointNotFound) {
			t.Errorf("Unbind(%s) again: %v", ep, err)
		}
	}
	dgram := must(zmq.NewDgram(nil))
	defer dgram.Close()
	must(dgram.Bind("udp://127.0.0.1:*"))
	if err := dgram.Unbind("udp://127.0.0.1:*"); err != nil {
		t.Error(err)
	}
}

func TestUnbindKeepsConnectedEndpoints(t *testing.T) {
	s := must(zmq.NewPair(quickOptions()))
	defer s.Close()
	at := unusedEndpoint()
	s.Connect(at)
	if err := s.Unbind(at); !errors.Is(err, zmq.ErrEndpointNotFound) {
		t.Errorf("Unbind: %v", err)
	}
	if err := s.Disconnect(at); err != nil {
		t.Errorf("Disconnect: %v", err)
	}
}

func TestFlushErrorNamesWhatIsMissing(t *testing.T) {
	o := quickOptions()
	push, pub := must(zmq.NewPush(o)), must(zmq.NewPub(o))
	defer push.Close()
	defer pub.Close()
	if err := errors.Join(push.Flush(ended()), pub.Flush(ended())); err != nil {
		t.Errorf("nothing was sent: %v", err)
	}
	push.Connect("inproc://nothing")
	push.TrySend([]byte("1"))
	wantWaitError(t, push.Flush(ended()), `zmq: flush: context canceled: 1 message not written: inproc://nothing: no socket is bound`)
	push.TrySend([]byte("2"))
	wantWaitError(t, push.Flush(ended()), `zmq: flush: context canceled: 2 messages not written: inproc://nothing: no socket is bound`)
	pull := must(zmq.NewPull(o))
	defer pull.Close()
	must(pull.Bind("inproc://nothing"))
	if err := push.Flush(testContext(t)); err != nil {
		t.Error(err)
	}
	push.Close()
	wantError(t, "Flush", push.Flush(testContext(t)), zmq.ErrClosed)
}
