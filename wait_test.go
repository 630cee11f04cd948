package zmq_test

import (
	"context"
	"errors"
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

func TestSendAndRecvReturnTheErrorOfTheContext(t *testing.T) {
	push, pull := must(zmq.NewPush(quickOptions())), must(zmq.NewPull(quickOptions()))
	defer push.Close()
	defer pull.Close()
	if err := push.Send(ended(), nil); err != context.Canceled {
		t.Errorf("Send: %v", err)
	}
	if _, err := pull.Recv(ended()); err != context.Canceled {
		t.Errorf("Recv: %v", err)
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
