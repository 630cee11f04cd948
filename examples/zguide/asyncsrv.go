package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
)

// asyncsrv is an asynchronous server (chapter 3): clients send requests without waiting
// for replies, and five workers send none to four replies for each request. It ends after
// five seconds.
//
// The C program needs a ROUTER, a DEALER, a proxy, and a socket for each worker thread.
// Here the workers share the ROUTER: any number of goroutines may receive from a socket
// and send to it.
func asyncsrv(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("asyncsrv", flag.ContinueOnError)
	endpoint := flags.String("endpoint", "tcp://127.0.0.1:5570", "endpoint of the server")
	if err := flags.Parse(args); err != nil {
		return err
	}
	const clients, workers = 3, 5

	server, err := zmq.NewRouter(nil)
	if err != nil {
		return err
	}
	defer server.Close()
	if _, err := server.Bind(*endpoint); err != nil {
		return err
	}

	done := errors.New("five seconds have passed")
	running, cancel := context.WithTimeoutCause(ctx, 5*time.Second, done)
	defer cancel()
	running, fail := context.WithCancelCause(running)
	defer fail(nil)
	var tasks sync.WaitGroup
	for i := range clients {
		id := fmt.Sprintf("CLIENT-%d", i+1)
		tasks.Go(func() { fail(asyncsrvClient(running, out, *endpoint, id)) })
	}
	for range workers {
		tasks.Go(func() { fail(asyncsrvWorker(running, server)) })
	}
	tasks.Wait()
	if err := context.Cause(running); err != done {
		return err
	}
	return nil
}

// asyncsrvClient sends a request each second and prints the replies.
func asyncsrvClient(ctx context.Context, out io.Writer, endpoint, id string) error {
	client, err := zmq.NewDealer(&zmq.Options{RoutingID: id})
	if err != nil {
		return err
	}
	defer client.Shutdown(ctx)
	if err := client.Connect(endpoint); err != nil {
		return err
	}
	replies := make(chan zmq.Message)
	go client.Deliver(ctx, replies)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for request := 1; ; {
		select {
		case m := <-replies:
			fmt.Fprintf(out, "%s: %s\n", id, m)
		case <-tick.C:
			if err := client.Send(ctx, fmt.Appendf(nil, "request #%d", request)); err != nil {
				return err
			}
			request++
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// asyncsrvWorker answers requests with copies of them.
func asyncsrvWorker(ctx context.Context, server *zmq.Router) error {
	for request, err := range server.Messages(ctx) {
		if err != nil {
			return err
		}
		for range rand.IntN(5) {
			select { // do some work
			case <-time.After(rand.N(time.Second)):
			case <-ctx.Done():
				return ctx.Err()
			}
			err := server.SendTo(ctx, request.RoutingID(), request.Frames()...)
			if err != nil && !errors.Is(err, zmq.ErrNoRoute) {
				return err
			}
		}
	}
	return nil
}
