package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"sync"

	"github.com/zerobroker/zmq"
)

// lbbroker is a load-balancing broker (chapter 3): ten clients send a request each, and
// three workers report that they are ready. A request goes to the worker that has been
// ready for longest.
//
// [zmq.Receiver.Deliver] makes each socket a channel. Where the C program leaves the
// frontend out of the poll while no worker is ready, the select statement here has a nil
// channel.
func lbbroker(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("lbbroker", flag.ContinueOnError)
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

	tasks, cancel := context.WithCancelCause(ctx) // ends the workers
	defer cancel(nil)
	var served sync.WaitGroup
	for range clients {
		served.Go(func() {
			if err := lbbrokerClient(tasks, out, *front); err != nil {
				cancel(err)
			}
		})
	}
	for range workers {
		go func() { cancel(lbbrokerWorker(tasks, out, *back)) }()
	}

	requests, replies := make(chan zmq.Message), make(chan zmq.Message)
	go frontend.Deliver(tasks, requests)
	go backend.Deliver(tasks, replies)
	var ready []string // routing IDs of workers
	for replied := 0; replied < clients; {
		next := requests
		if len(ready) == 0 {
			next = nil
		}
		select {
		case m := <-replies:
			ready = append(ready, m.RoutingID())
			reply := m.Body().Frames() // READY, or the client, an empty frame and the reply
			if len(reply) < 3 {
				continue
			}
			if err := frontend.SendTo(ctx, string(reply[0]), reply[1:]...); err != nil {
				return err
			}
			replied++
		case m := <-next:
			request := append([][]byte{nil, []byte(m.RoutingID())}, m.Frames()...)
			if err := backend.SendTo(ctx, ready[0], request...); err != nil {
				return err
			}
			ready = ready[1:]
		case <-tasks.Done():
			return context.Cause(tasks)
		}
	}
	served.Wait()
	return nil
}

// lbbrokerClient sends one request.
func lbbrokerClient(ctx context.Context, out io.Writer, endpoint string) error {
	client, err := zmq.NewReq(nil)
	if err != nil {
		return err
	}
	defer client.Shutdown(ctx)
	if err := client.Connect(endpoint); err != nil {
		return err
	}
	if err := client.Send(ctx, []byte("HELLO")); err != nil {
		return err
	}
	reply, err := client.Recv(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Client: %s\n", reply)
	return nil
}

// lbbrokerWorker reports that it is ready, and answers requests. A request begins with
// the routing ID of the client and an empty frame, and so does the reply. A reply also
// reports that the worker is ready again.
func lbbrokerWorker(ctx context.Context, out io.Writer, endpoint string) error {
	worker, err := zmq.NewReq(nil)
	if err != nil {
		return err
	}
	defer worker.Shutdown(ctx)
	if err := worker.Connect(endpoint); err != nil {
		return err
	}
	if err := worker.Send(ctx, []byte("READY")); err != nil {
		return err
	}
	for request, err := range worker.Messages(ctx) {
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "Worker: %s\n", request.Body())
		reply := append(request.Envelope(), []byte("OK"))
		if err := worker.Send(ctx, reply...); err != nil {
			return err
		}
	}
	return nil
}
