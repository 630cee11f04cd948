package main

import (
	"bufio"
	"context"
	"io"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/examples/internal/exampletest"
)

func TestOneGoroutineServesSocketsAndChannel(t *testing.T) {
	orders, prices := exampletest.Endpoint(t), exampletest.Endpoint(t)
	pub, err := zmq.NewPub(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer pub.Close()
	if _, err := pub.Bind(prices); err != nil {
		t.Fatal(err)
	}
	push, err := zmq.NewPush(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer push.Close()
	if err := push.Connect(orders); err != nil {
		t.Fatal(err)
	}

	r, w := io.Pipe()
	commands := make(chan string)
	ended := make(chan error, 1)
	go func() { ended <- trade(t.Context(), w, orders, prices, commands, 200*time.Millisecond) }()
	lines := bufio.NewScanner(r)
	wants := func(want string) {
		t.Helper()
		for lines.Scan() {
			if lines.Text() == "quiet" && want != "quiet" {
				continue // the machine is slow
			}
			if lines.Text() != want {
				t.Errorf("%q, want %q", lines.Text(), want)
			}
			return
		}
		t.Error("no line")
	}
	if err := push.Send(t.Context(), []byte("10 tea")); err != nil {
		t.Fatal(err)
	}
	wants("order: 10 tea")
	if err := pub.WaitSubscribers(t.Context(), 1, "tea 3"); err != nil {
		t.Fatal(err)
	}
	if err := pub.Send(t.Context(), []byte("tea 3")); err != nil {
		t.Fatal(err)
	}
	wants("price: tea 3")
	go func() { commands <- "help" }()
	wants("command: help")
	wants("quiet")
	go io.Copy(io.Discard, r)
	close(commands)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestTradeEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := trade(ctx, io.Discard, exampletest.Endpoint(t), exampletest.Endpoint(t), nil, time.Hour); err != context.Canceled {
		t.Error(err)
	}
}
