package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/examples/internal/exampletest"
)

// newTestClient returns a client with attempts of a time that only a lost call needs.
func newTestClient(t *testing.T, timeout time.Duration, endpoints ...string) *client {
	c, err := newClient(endpoints, timeout, 5)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestCallReturnsSum(t *testing.T) {
	endpoint := exampletest.Endpoint(t)
	exampletest.Background(t, func(ctx context.Context) error { return serve(ctx, endpoint) })
	if sum, err := newTestClient(t, time.Minute, endpoint).add(t.Context(), 20, 22); sum != 42 || err != nil {
		t.Error(sum, err)
	}
}

// A server that reads calls and does not reply is skipped.
func TestCallIsRepeatedAtAnotherServer(t *testing.T) {
	dead, alive := exampletest.Endpoint(t), exampletest.Endpoint(t)
	router, err := zmq.NewRouter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer router.Close()
	if _, err := router.Bind(dead); err != nil {
		t.Fatal(err)
	}
	exampletest.Background(t, func(ctx context.Context) error { return serve(ctx, alive) })
	c := newTestClient(t, 500*time.Millisecond, dead, alive)
	for i := range 3 {
		if sum, err := c.add(t.Context(), i, i); sum != 2*i || err != nil {
			t.Error(sum, err)
		}
	}
}

func TestCallEndsAfterItsAttempts(t *testing.T) {
	c := newTestClient(t, time.Millisecond, exampletest.Endpoint(t))
	if _, err := c.add(t.Context(), 1, 2); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestRepeatedCallIsDoneOnce(t *testing.T) {
	r := newReplies(2)
	call := func(id string) string { return r.reply(zmq.NewStringMessage(id, "1 2")).String() }
	first := call("a")
	if call("a") != first || r.done != 1 {
		t.Errorf("done %d times", r.done)
	}
	call("b")
	call("c") // replaces a
	if call("c"); r.done != 3 {
		t.Errorf("done %d times", r.done)
	}
	if call("a"); r.done != 4 || len(r.byID) != 2 {
		t.Errorf("done %d times, %d replies kept", r.done, len(r.byID))
	}
}

func TestInvalidCallIsNotRepeated(t *testing.T) {
	r := newReplies(2)
	for _, m := range []zmq.Message{zmq.NewStringMessage("a", "1 x"), zmq.NewStringMessage("a")} {
		if reply := r.reply(m); string(reply.Frame(0)) != "error" {
			t.Error(reply)
		}
	}
}
