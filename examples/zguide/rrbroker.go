package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"sync"

	"github.com/zerobroker/zmq"
)

// rrbroker is a broker of requests by hand (chapter 2): a ROUTER for clients (rrclient)
// and a DEALER for workers (rrworker). msgqueue is the same with [zmq.Proxy].
//
// The C program polls both sockets and copies frame by frame. Here one goroutine forwards
// requests and another forwards replies, because sockets may be used concurrently, and a
// message is received with all of its frames. The routing ID is a property of a message
// that a ROUTER receives, and a parameter of SendTo.
func rrbroker(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("rrbroker", flag.ContinueOnError)
	front := flags.String("front", "tcp://127.0.0.1:5559", "endpoint for clients")
	back := flags.String("back", "tcp://127.0.0.1:5560", "endpoint for workers")
	if err := flags.Parse(args); err != nil {
		return err
	}

	frontend, err := zmq.NewRouter(nil)
	if err != nil {
		return err
	}
	defer frontend.Close()
	if _, err := frontend.Bind(*front); err != nil {
		return err
	}
	backend, err := zmq.NewDealer(nil)
	if err != nil {
		return err
	}
	defer backend.Shutdown(ctx)
	if _, err := backend.Bind(*back); err != nil {
		return err
	}

	ctx, cancel := context.WithCancelCause(ctx)
	var directions sync.WaitGroup
	directions.Go(func() { cancel(rrbrokerRequests(ctx, frontend, backend)) })
	directions.Go(func() { cancel(rrbrokerReplies(ctx, frontend, backend)) })
	directions.Wait()
	return context.Cause(ctx)
}

// rrbrokerRequests forwards requests to workers. The routing ID of the client is the
// first frame.
func rrbrokerRequests(ctx context.Context, frontend *zmq.Router, backend *zmq.Dealer) error {
	for request, err := range frontend.Messages(ctx) {
		if err != nil {
			return err
		}
		frames := append([][]byte{[]byte(request.RoutingID())}, request.Frames()...)
		if err := backend.Send(ctx, frames...); err != nil {
			return err
		}
	}
	return nil
}

// rrbrokerReplies forwards replies to the client that their first frame names. It drops
// the reply to a client that has disconnected.
func rrbrokerReplies(ctx context.Context, frontend *zmq.Router, backend *zmq.Dealer) error {
	for reply, err := range backend.Messages(ctx) {
		if err != nil {
			return err
		}
		frames := reply.Frames()
		err := frontend.SendTo(ctx, string(frames[0]), frames[1:]...)
		if err != nil && !errors.Is(err, zmq.ErrNoRoute) {
			return err
		}
	}
	return nil
}
