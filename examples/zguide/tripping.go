package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/zerobroker/zmq"
)

// tripping compares round trips with pipelined requests (chapter 4): a client sends
// requests through a broker to a worker, first one after the other, and then all of them
// while it receives the replies.
//
// The C program sends all requests before it receives a reply. Here another goroutine
// sends, so that full queues are no deadlock.
func tripping(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("tripping", flag.ContinueOnError)
	front := flags.String("front", "tcp://127.0.0.1:5555", "endpoint for the client")
	back := flags.String("back", "tcp://127.0.0.1:5556", "endpoint for the worker")
	requests := flags.Int("requests", 10000, "number of synchronous requests; ten times as many are asynchronous")
	if err := flags.Parse(args); err != nil {
		return err
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() { cancel(trippingBroker(ctx, *front, *back)) }()
	go func() { cancel(trippingWorker(ctx, *back)) }()
	client, err := zmq.NewDealer(nil)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := client.Connect(*front); err != nil {
		return err
	}

	fmt.Fprintln(out, "Setting up test...")
	if err := trippingCalls(ctx, client, 1); err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	fmt.Fprintln(out, "Synchronous round-trip test...")
	start := time.Now()
	if err := trippingCalls(ctx, client, *requests); err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	trippingReport(out, *requests, time.Since(start))

	fmt.Fprintln(out, "Asynchronous round-trip test...")
	start = time.Now()
	go func() {
		for range 10 * *requests {
			if err := client.Send(ctx, []byte("hello")); err != nil {
				cancel(err)
				return
			}
		}
	}()
	for range 10 * *requests {
		if _, err := client.Recv(ctx); err != nil {
			return cmp.Or(context.Cause(ctx), err)
		}
	}
	trippingReport(out, 10**requests, time.Since(start))
	return nil
}

// trippingCalls sends n requests and waits for the reply to each.
func trippingCalls(ctx context.Context, client *zmq.Dealer, n int) error {
	for range n {
		if err := client.Send(ctx, []byte("hello")); err != nil {
			return err
		}
		if _, err := client.Recv(ctx); err != nil {
			return err
		}
	}
	return nil
}

func trippingReport(out io.Writer, calls int, took time.Duration) {
	fmt.Fprintf(out, " %.0f calls/second\n", float64(calls)/max(took, time.Microsecond).Seconds())
}

func trippingWorker(ctx context.Context, endpoint string) error {
	worker, err := zmq.NewDealer(nil)
	if err != nil {
		return err
	}
	defer worker.Shutdown(ctx)
	if err := worker.Connect(endpoint); err != nil {
		return err
	}
	for request, err := range worker.Messages(ctx) {
		if err != nil {
			return err
		}
		if err := worker.SendMessage(ctx, request); err != nil {
			return err
		}
	}
	return nil
}

func trippingBroker(ctx context.Context, front, back string) error {
	frontend, err := zmq.NewDealer(nil)
	if err != nil {
		return err
	}
	defer frontend.Shutdown(ctx)
	if _, err := frontend.Bind(front); err != nil {
		return err
	}
	backend, err := zmq.NewDealer(nil)
	if err != nil {
		return err
	}
	defer backend.Shutdown(ctx)
	if _, err := backend.Bind(back); err != nil {
		return err
	}
	return zmq.Proxy(ctx, frontend.Socket, backend.Socket, nil)
}
