package zmq_test

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
)

// The tests in this file make the same calls on sockets of every type.

// eachType runs f as a subtest with a socket of each type.
func eachType(t *testing.T, o *zmq.Options, f func(t *testing.T, typ socketType, s anySocket)) {
	for _, typ := range socketTypes {
		t.Run(typ.name, func(t *testing.T) {
			s, err := typ.make(o)
			if err != nil {
				t.Fatal(err)
			}
			closeAtEnd(t, s)
			f(t, typ, s)
		})
	}
}

// waits returns the errors of the methods of a socket that wait for peers, by
// the operation in their text.
func waits(s anySocket, ctx context.Context) map[string]error {
	errs := make(map[string]error)
	if s, ok := s.(connector); ok {
		errs["wait connected"] = s.WaitConnected(ctx)
	}
	if s, ok := s.(interface{ WaitSubscribed(context.Context) error }); ok {
		errs["wait subscribed"] = s.WaitSubscribed(ctx)
	}
	if s, ok := s.(interface {
		WaitSubscribers(context.Context, int, string, ...string) error
	}); ok {
		errs["wait subscribers"] = s.WaitSubscribers(ctx, 1, "x")
	}
	if s, ok := s.(*zmq.Req); ok {
		_, errs["do"] = s.Do(ctx, []byte("x"))
	}
	return errs
}

func TestWaitMethodsReturnTimeoutWithReason(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	<-ctx.Done()
	eachType(t, inprocOptions(), func(t *testing.T, _ socketType, s anySocket) {
		for op, err := range waits(s, ctx) {
			var opErr *zmq.OpError
			if !errors.As(err, &opErr) || !opErr.Timeout() || opErr.Op != op || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: error %v", op, err)
			}
			if want := "zmq: " + op + ": context deadline exceeded: no endpoint: call Bind or Connect first"; err.Error() != want {
				t.Errorf("error %v, want %s", err, want)
			}
		}
	})
}

func TestWaitMethodsReportRefusedConnection(t *testing.T) {
	at := unusedEndpoint()
	eachType(t, quickOptions(), func(t *testing.T, typ socketType, s anySocket) {
		c, ok := s.(connector)
		if !ok {
			t.Skip("the type does not connect")
		}
		check(c.Connect(at))
		await(t, "a failed attempt", func() bool { return c.Endpoints()[0].Err != nil })
		for op, err := range waits(s, ended()) {
			if text := err.Error(); !strings.Contains(text, "zmq: "+op+": context canceled: "+at+": connection refused (") {
				t.Errorf("error %v", err)
			}
		}
	})
}

// The listener is a PUSH, with which only PULL is compatible, or a PUB.
func TestWaitConnectedNamesAnIncompatibleType(t *testing.T) {
	push, pub := must(zmq.NewPush(nil)), must(zmq.NewPub(nil))
	closeAtEnd(t, push, pub)
	atPush, atPub := must(push.Bind("tcp://127.0.0.1:*")), must(pub.Bind("tcp://127.0.0.1:*"))
	eachType(t, quickOptions(), func(t *testing.T, typ socketType, s anySocket) {
		c, ok := s.(connector)
		if !ok || typ.name == "STREAM" {
			t.Skip("the type has no handshake")
		}
		at, peer := atPush, "PUSH"
		if typ.name == "PULL" {
			at, peer = atPub, "PUB"
		}
		check(c.Connect(at))
		await(t, "a failed handshake", func() bool { return c.Endpoints()[0].Err != nil })
		if text := c.WaitConnected(ended()).Error(); !strings.Contains(text, at+": incompatible socket type: ") || !strings.Contains(text, peer) {
			t.Errorf("error %v", text)
		}
	})
}

func TestWaitConnectedNamesADuplicateRoutingID(t *testing.T) {
	router, first := must(zmq.NewRouter(nil)), must(zmq.NewDealer(&zmq.Options{RoutingID: "id"}))
	join(t, "tcp://127.0.0.1:*", router, first)
	if err := router.WaitConnected(testContext(t)); err != nil {
		t.Fatal(err)
	}
	at := router.Endpoints()[0].Endpoint
	for _, name := range []string{"REQ", "DEALER", "ROUTER"} {
		o := quickOptions()
		o.RoutingID = "id"
		s := must(typeOf[name].make(o)).(connector)
		closeAtEnd(t, s)
		check(s.Connect(at))
		await(t, "a refused handshake", func() bool { return s.Endpoints()[0].Err != nil })
		if text := s.WaitConnected(ended()).Error(); !strings.Contains(text, at+`: refused by peer: "not-admitted:routing-ID-in-use" (`) {
			t.Errorf("%s: error %v", name, text)
		}
	}
}

// queueOne queues a message for an endpoint at which no socket listens. It
// reports whether the type queues messages for such an endpoint.
func queueOne(s anySocket, endpoint string) (queued bool, err error) {
	x := []byte("x")
	switch s := s.(type) {
	case *zmq.Pub, *zmq.XPub, *zmq.Radio, *zmq.Rep, *zmq.Server, *zmq.XSub:
		return false, nil
	case interface {
		zmqConnector
		TrySend(frames ...[]byte) error
	}:
		return true, errors.Join(s.Connect(endpoint), s.TrySend(x))
	case interface {
		zmqConnector
		TrySend(frame []byte) error
	}:
		return true, errors.Join(s.Connect(endpoint), s.TrySend(x))
	case interface {
		ConnectAs(endpoint, id string) error
		TrySendTo(id string, frames ...[]byte) error
	}:
		return true, errors.Join(s.ConnectAs(endpoint, "id"), s.TrySendTo("id", x))
	case *zmq.Peer:
		number, err := s.ConnectPeer(endpoint)
		return true, errors.Join(err, s.TrySendTo(number, x))
	}
	return false, nil
}

type zmqConnector interface{ Connect(endpoint string) error }

func TestCloseReportsUnsentMessages(t *testing.T) {
	at := unusedEndpoint()
	eachType(t, quickOptions(), func(t *testing.T, _ socketType, s anySocket) {
		queued, err := queueOne(s, at)
		if err != nil {
			t.Fatal(err)
		}
		err = s.Close()
		var unsent *zmq.UnsentError
		var op *zmq.OpError
		switch {
		case !queued && err != nil:
			t.Errorf("closed: %v", err)
		case queued && (!errors.As(err, &unsent) || unsent.Messages != 1 || !errors.As(err, &op) || op.Op != "close" || !op.Timeout()):
			t.Errorf("closed: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("closed again: %v", err)
		}
	})
}

// lastOf returns the error of the last pair of an iterator, and how many pairs
// it yields.
func lastOf[M any](seq func(func(M, error) bool)) (n int, err error) {
	for _, err = range seq {
		n++
	}
	return n, err
}

// lastMessage returns the final error of Messages, and how many pairs it
// yields. ok is false for a type that does not receive.
func lastMessage(s anySocket, ctx context.Context) (n int, err error, ok bool) {
	switch s := s.(type) {
	case *zmq.Dish:
		n, err = lastOf(s.Messages(ctx))
	case *zmq.Dgram:
		n, err = lastOf(s.Messages(ctx))
	case interface {
		Messages(ctx context.Context) iter.Seq2[zmq.Message, error]
	}:
		n, err = lastOf(s.Messages(ctx))
	default:
		return 0, nil, false
	}
	return n, err, true
}

func TestMessagesYieldsOnlyItsFinalErrorWithoutMessages(t *testing.T) {
	eachType(t, inprocOptions(), func(t *testing.T, _ socketType, s anySocket) {
		n, err, ok := lastMessage(s, ended())
		if !ok {
			t.Skip("the type does not receive")
		}
		if n != 1 || err != context.Canceled {
			t.Errorf("with a context that has ended: %d pairs, %v", n, err)
		}
		s.Close()
		if n, err, _ = lastMessage(s, t.Context()); n != 1 || !errors.Is(err, zmq.ErrClosed) {
			t.Errorf("on a closed socket: %d pairs, %v", n, err)
		}
	})
}

// The buffers are freed although the sockets are open and the context has not
// ended.
func TestEventsIteratorIsFreedForEveryType(t *testing.T) {
	const iterators, size = 20, 100_000 // size is less than that of the buffer of an iterator
	heap := func() int {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	eachType(t, inprocOptions(), func(t *testing.T, _ socketType, s anySocket) {
		before := heap()
		for range iterators {
			s.Events(t.Context())
		}
		await(t, "the memory of the iterators is freed", func() bool { return heap() < before+iterators*size/4 })
	})
}
