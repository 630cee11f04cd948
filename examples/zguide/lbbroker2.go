package main

import (
	"context"
	"flag"
	"io"
	"sync"

	"github.com/zerobroker/zmq"
)

// lbbroker2 is lbbroker in the style of the language (chapter 3). The C program uses
// CZMQ, a higher-level library for C; here that level is goroutines and channels: one
// goroutine for each socket, and a channel of the workers that are ready. The clients
// and the workers are those of lbbroker.
func lbbroker2(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("lbbroker2", flag.ContinueOnError)
	front := flags.String("front", "ipc://frontend.ipc", "endpoint for clients")
	back := flags.String("back", "ipc://backend.ipc", "endpoint for workers")
	if err := flags.Parse(args); err != nil {
		return err
	}
	const clients, workers = 10, 3

	frontend, err := zmq.NewRouter(nil)
	if err != nil {
		return err
	}
	defer frontend.Shutdown(ctx)
	if _, err := frontend.Bind(*front); err != nil {
		return err
	}
	backend, err := zmq.NewRouter(nil)
	if err != nil {
		return err
	}
	defer backend.Close()
	if _, err := backend.Bind(*back); err != nil {
		return err
	}

	tasks, cancel := context.WithCancelCause(ctx)
	ready := make(chan string, workers) // routing IDs
	var running, served sync.WaitGroup
	running.Go(func() { cancel(lbbroker2Requests(tasks, frontend, backend, ready)) })
	running.Go(func() { cancel(lbbroker2Replies(tasks, frontend, backend, ready)) })
	for range workers {
		running.Go(func() { cancel(lbbrokerWorker(tasks, out, *back)) })
	}
	for range clients {
		served.Go(func() {
			if err := lbbrokerClient(tasks, out, *front); err != nil {
				cancel(err)
			}
		})
	}
	served.Wait()
	err = context.Cause(tasks) // nil if all clients have been served
	cancel(nil)
	running.Wait()
	return err
}

// lbbroker2Requests takes a worker that is ready, and then a request for it.
func lbbroker2Requests(ctx context.Context, frontend, backend *zmq.Router, ready <-chan string) error {
	for {
		var worker string
		select {
		case worker = <-ready:
		case <-ctx.Done():
			return ctx.Err()
		}
		m, err := frontend.Recv(ctx)
		if err != nil {
			return err
		}
		request := append([][]byte{nil, []byte(m.RoutingID())}, m.Frames()...)
		if err := backend.SendTo(ctx, worker, request...); err != nil {
			return err
		}
	}
}

// lbbroker2Replies forwards replies. Each message of a worker reports that it is ready.
func lbbroker2Replies(ctx context.Context, frontend, backend *zmq.Router, ready chan<- string) error {
	for m, err := range backend.Messages(ctx) {
		if err != nil {
			return err
		}
		ready <- m.RoutingID() // has room for each worker
		reply := m.Body().Frames()
		if len(reply) < 3 {
			continue // READY
		}
		if err := frontend.SendTo(ctx, string(reply[0]), reply[1:]...); err != nil {
			return err
		}
	}
	return nil
}
