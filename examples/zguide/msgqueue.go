package main

import (
	"context"
	"flag"
	"io"

	"github.com/zerobroker/zmq"
)

// msgqueue is a broker of requests (chapter 2): a ROUTER for clients (rrclient), a
// DEALER for workers (rrworker), and a proxy between them.
//
// Proxy ends when ctx ends. The C program is killed.
func msgqueue(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("msgqueue", flag.ContinueOnError)
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
	return zmq.Proxy(ctx, frontend.Socket, backend.Socket, nil)
}
