package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
)

// mtserver is a server with five workers (chapter 2): a ROUTER for clients (hwclient), a
// DEALER for workers over inproc, and a proxy between them.
//
// The workers are goroutines, and the names of their endpoints are in a Namespace. A
// server in Go needs neither the DEALER nor the proxy: five goroutines may receive from
// one ROUTER and call [zmq.Router.Reply].
func mtserver(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("mtserver", flag.ContinueOnError)
	endpoint := flags.String("bind", "tcp://127.0.0.1:5555", "endpoint for clients")
	if err := flags.Parse(args); err != nil {
		return err
	}

	clients, err := zmq.NewRouter(nil)
	if err != nil {
		return err
	}
	defer clients.Close()
	if _, err := clients.Bind(*endpoint); err != nil {
		return err
	}
	internal := &zmq.Options{Namespace: zmq.NewNamespace()}
	workers, err := zmq.NewDealer(internal)
	if err != nil {
		return err
	}
	defer workers.Shutdown(ctx)
	if _, err := workers.Bind("inproc://workers"); err != nil {
		return err
	}

	ctx, cancel := context.WithCancelCause(ctx)
	var running sync.WaitGroup
	for range 5 {
		running.Go(func() { cancel(mtserverWorker(ctx, out, internal)) })
	}
	cancel(zmq.Proxy(ctx, clients.Socket, workers.Socket, nil))
	running.Wait()
	return context.Cause(ctx)
}

func mtserverWorker(ctx context.Context, out io.Writer, internal *zmq.Options) error {
	worker, err := zmq.NewRep(internal)
	if err != nil {
		return err
	}
	defer worker.Shutdown(ctx)
	if err := worker.Connect("inproc://workers"); err != nil {
		return err
	}
	for request, err := range worker.Messages(ctx) {
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "Received request: [%s]\n", request)
		select { // do some work
		case <-time.After(time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := worker.Send(ctx, []byte("World")); err != nil {
			return err
		}
	}
	return nil
}
