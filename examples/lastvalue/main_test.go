package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/examples/internal/exampletest"
)

func TestLateSubscriberReceivesLastValues(t *testing.T) {
	publishers, subscribers := exampletest.Endpoint(t), exampletest.Endpoint(t)
	exampletest.Background(t, func(ctx context.Context) error { return run(ctx, publishers, subscribers) })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()

	pub, err := zmq.NewPub(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer pub.Close()
	if err := pub.Connect(publishers); err != nil {
		t.Fatal(err)
	}
	if err := pub.WaitSubscribers(ctx, 1, "price.tea"); err != nil {
		t.Fatal(err)
	}
	publish := func(topic, value string) {
		if err := pub.Send(ctx, []byte(topic), []byte(value)); err != nil {
			t.Fatal(err)
		}
	}
	early, late := newSub(t, subscribers, "price."), (*zmq.Sub)(nil)
	receive := func(sub *zmq.Sub, want string) {
		t.Helper()
		m, err := sub.Recv(ctx)
		if got := fmt.Sprintf("%s", m.Frames()); err != nil || got != want {
			t.Fatalf("%s, %v, want %s", got, err, want)
		}
	}
	publish("price.tea", "3")
	receive(early, "[price.tea 3]") // published before it had subscribed, or after
	publish("price.tea", "4")
	receive(early, "[price.tea 4]")

	late = newSub(t, subscribers, "price.")
	receive(late, "[price.tea 4]")
	publish("price.tea", "5")
	receive(late, "[price.tea 5]")
	receive(early, "[price.tea 5]")
}

func newSub(t *testing.T, endpoint, prefix string) *zmq.Sub {
	sub, err := zmq.NewSub(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sub.Close() })
	if err := sub.Subscribe(prefix); err != nil {
		t.Fatal(err)
	}
	if err := sub.Connect(endpoint); err != nil {
		t.Fatal(err)
	}
	return sub
}
