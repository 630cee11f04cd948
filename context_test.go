package zmq_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/zerobroker/zmq"
)

// causes is an error of a type that cannot be compared.
type causes []string

func (c causes) Error() string { return strings.Join(c, ", ") }

// endedWith is a context that has ended with an error of its own.
type endedWith struct {
	context.Context
	err error
}

func (e endedWith) Err() error { return e.err }

func newEndedWith(err error) context.Context { return endedWith{ended(), err} }

// blockingCalls are the calls that take a context. None of them can succeed.
func blockingCalls(t *testing.T) map[string]func(ctx context.Context) error {
	o := quickOptions()
	push, pull, router, dish := must(zmq.NewPush(o)), must(zmq.NewPull(o)), must(zmq.NewRouter(o)), must(zmq.NewDish(o))
	client, server, dgram := must(zmq.NewClient(o)), must(zmq.NewServer(o)), must(zmq.NewDgram(&zmq.Options{}))
	stream := must(zmq.NewStream(o))
	closeAtEnd(t, push, pull, router, dish, client, server, dgram, stream)
	fill := func(s interface{ TrySend(...[]byte) error }) {
		for s.TrySend(nil) == nil {
		}
	}
	fill(push)
	if err := router.ConnectAs("inproc://nothing", "peer"); err != nil {
		t.Fatal(err)
	}
	for router.TrySendTo("peer", nil) == nil {
	}
	to := netip.MustParseAddrPort("127.0.0.1:9")
	return map[string]func(ctx context.Context) error{
		"Sender.Send":            func(ctx context.Context) error { return push.Send(ctx, []byte("x")) },
		"Sender.SendMessage":     func(ctx context.Context) error { return push.SendMessage(ctx, zmq.Message{}) },
		"FrameSender.Send":       func(ctx context.Context) error { return client.Send(ctx, []byte("x")) },
		"FrameSender.Send large": func(ctx context.Context) error { return client.Send(ctx, make([]byte, 1<<20)) },
		"SenderToID.SendTo":      func(ctx context.Context) error { return router.SendTo(ctx, "peer", []byte("x")) },
		"SenderToID.SendMessageTo": func(ctx context.Context) error {
			return router.SendMessageTo(ctx, "peer", zmq.Message{})
		},
		"Receiver.Recv": func(ctx context.Context) error { _, err := pull.Recv(ctx); return err },
		"Dish.Recv":     func(ctx context.Context) error { _, err := dish.Recv(ctx); return err },
		"Dgram.Recv":    func(ctx context.Context) error { _, err := dgram.Recv(ctx); return err },
		"Dgram.SendTo":  func(ctx context.Context) error { return dgram.SendTo(ctx, to, []byte("x")) },
		"Receiver.Messages": func(ctx context.Context) (err error) {
			for _, err = range pull.Messages(ctx) {
			}
			return err
		},
	}
}

// A call that receives returns the error of its context unchanged. That of a send is
// an OpError that wraps it.
func TestCallsReturnTheErrorOfTheirContext(t *testing.T) {
	for name, call := range blockingCalls(t) {
		sends := strings.Contains(name, ".Send")
		for _, want := range []error{context.Canceled, context.DeadlineExceeded, errors.New("mine")} {
			err := call(newEndedWith(want))
			if _, ok := err.(*zmq.OpError); ok != sends || !sends && err != want || !errors.Is(err, want) {
				t.Errorf("%s: error %v, want %v", name, err, want)
			}
		}
		err := call(newEndedWith(causes{"a", "b"}))
		_, alone := err.(causes)
		if _, ok := errors.AsType[causes](err); !ok || alone == sends {
			t.Errorf("%s: error %T %v, want that of the context", name, err, err)
		}
	}
}

func TestDoAndWaitAcceptUncomparableContextErrors(t *testing.T) {
	req := must(zmq.NewReq(quickOptions()))
	closeAtEnd(t, req)
	ctx := newEndedWith(causes{"a", "b"})
	_, err := req.Do(ctx, []byte("x"))
	wantError(t, "Do", err, zmq.ErrWithdrawn)
	for call, err := range map[string]error{"do": err, "wait connected": req.WaitConnected(ctx)} {
		if c, ok := errors.AsType[causes](err); !ok || len(c) != 2 {
			t.Errorf("error %v does not wrap that of the context", err)
		}
		if !strings.HasPrefix(err.Error(), "zmq: "+call+": a, b") || !strings.Contains(err.Error(), ": no endpoint") {
			t.Errorf("error %v does not say why no peer is connected", err)
		}
	}
}

// A nil context is a mistake of the program that is reported at once, not when
// the call first has to wait.
func TestCallsPanicForNilContext(t *testing.T) {
	o := quickOptions()
	calls := blockingCalls(t)
	pair, other := must(zmq.NewPair(o)), must(zmq.NewPair(o))
	join(t, "inproc://pair", pair, other)
	req, sub, pub, radio := must(zmq.NewReq(o)), must(zmq.NewSub(o)), must(zmq.NewPub(o)), must(zmq.NewRadio(o))
	server, stream, dish := must(zmq.NewServer(o)), must(zmq.NewStream(o)), must(zmq.NewDish(o))
	closeAtEnd(t, req, sub, pub, radio, server, stream, dish)
	for name, f := range map[string]func(ctx context.Context) error{
		"Send that need not wait":      func(ctx context.Context) error { return pair.Send(ctx, []byte("x")) },
		"Shutdown":                     func(ctx context.Context) error { return pair.Shutdown(ctx) },
		"Events":                       func(ctx context.Context) error { pair.Events(ctx); return nil },
		"Receiver.Messages, no loop":   func(ctx context.Context) error { pair.Messages(ctx); return nil },
		"Dish.Messages, no loop":       func(ctx context.Context) error { dish.Messages(ctx); return nil },
		"WaitConnected":                func(ctx context.Context) error { return pair.WaitConnected(ctx) },
		"Req.Do":                       func(ctx context.Context) error { _, err := req.Do(ctx); return err },
		"Publisher.WaitSubscribers":    func(ctx context.Context) error { return pub.WaitSubscribers(ctx, 0, "") },
		"Publisher.Send":               func(ctx context.Context) error { return pub.Send(ctx, []byte("x")) },
		"Subscriber.WaitSubscribed":    func(ctx context.Context) error { return sub.WaitSubscribed(ctx) },
		"Radio.WaitSubscribers":        func(ctx context.Context) error { return radio.WaitSubscribers(ctx, 0, "") },
		"Radio.Send":                   func(ctx context.Context) error { return radio.Send(ctx, "g", nil) },
		"Radio.SendMessage":            func(ctx context.Context) error { return radio.SendMessage(ctx, "g", zmq.Message{}) },
		"Dish.WaitSubscribed":          func(ctx context.Context) error { return dish.WaitSubscribed(ctx) },
		"SenderToNumber.SendTo":        func(ctx context.Context) error { return server.SendTo(ctx, 1, nil) },
		"SenderToNumber.SendMessageTo": func(ctx context.Context) error { return server.SendMessageTo(ctx, 1, zmq.Message{}) },
		"Stream.ClosePeer":             func(ctx context.Context) error { return stream.ClosePeer(ctx, "x") },
	} {
		calls[name] = f
	}
	for name, call := range calls {
		func() {
			defer func() {
				if got := recover(); got != "zmq: nil context" {
					t.Errorf("%s: panic %v, want zmq: nil context", name, got)
				}
			}()
			call(nil)
		}()
	}
	if _, err := other.TryRecv(); !errors.Is(err, zmq.ErrWouldBlock) {
		t.Errorf("a call with a nil context has sent a message: %v", err)
	}
}
