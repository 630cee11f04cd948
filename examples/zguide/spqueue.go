package main

import (
	"context"
	"errors"
	"flag"
	"io"

	"github.com/zerobroker/zmq"
)

// spqueue is the queue of the Simple Pirate pattern (chapter 4): the load-balancing
// broker (lbbroker) for clients that send a request again if they receive no reply
// (lpclient), and for workers (spworker).
//
// SendTo reports a worker that has disconnected, and its request goes to the next one. In
// the C program it is lost.
func spqueue(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("spqueue", flag.ContinueOnError)
	front := flags.String("front", "tcp://127.0.0.1:5555", "endpoint for clients")
	back := flags.String("back", "tcp://127.0.0.1:5556", "endpoint for workers")
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
	backend, err := zmq.NewRouter(nil)
	if err != nil {
		return err
	}
	defer backend.Close()
	if _, err := backend.Bind(*back); err != nil {
		return err
	}

	requests, replies := make(chan zmq.Message), make(chan zmq.Message)
	go frontend.Deliver(ctx, requests)
	go backend.Deliver(ctx, replies)
	var ready []string   // routing IDs of workers
	var request [][]byte // the request that waits for a worker
	for {
		next := requests
		if request != nil || len(ready) == 0 {
			next = nil
		}
		select {
		case m := <-replies:
			ready = append(ready, m.RoutingID())
			reply := m.Body().Frames() // a byte 1, or the client, an empty frame and the reply
			if len(reply) < 3 {
				break
			}
			err := frontend.SendTo(ctx, string(reply[0]), reply[1:]...)
			if err != nil && !errors.Is(err, zmq.ErrNoRoute) {
				return err
			}
		case m := <-next:
			request = append([][]byte{nil, []byte(m.RoutingID())}, m.Frames()...)
		case <-ctx.Done():
			return ctx.Err()
		}
		for request != nil && len(ready) > 0 {
			err := backend.SendTo(ctx, ready[0], request...)
			ready = ready[1:]
			if err == nil {
				request = nil
			} else if !errors.Is(err, zmq.ErrNoRoute) {
				return err
			}
		}
	}
}
