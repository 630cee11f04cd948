package main

import (
	"context"
	"flag"
	"io"

	"github.com/zerobroker/zmq"
)

// wuproxy forwards the updates of a weather server (wuserver) to subscribers in another
// network (chapter 2): an XSUB for the publisher, an XPUB for the subscribers (wuclient
// -connect tcp://127.0.0.1:8100), and a proxy, which also forwards the subscriptions.
//
// The C program has two addresses of the author's network. Here both are this machine.
func wuproxy(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("wuproxy", flag.ContinueOnError)
	front := flags.String("connect", "tcp://127.0.0.1:5556", "endpoint of the weather server")
	back := flags.String("bind", "tcp://127.0.0.1:8100", "endpoint for subscribers")
	if err := flags.Parse(args); err != nil {
		return err
	}

	frontend, err := zmq.NewXSub(nil)
	if err != nil {
		return err
	}
	defer frontend.Shutdown(ctx)
	if err := frontend.Connect(*front); err != nil {
		return err
	}
	backend, err := zmq.NewXPub(nil)
	if err != nil {
		return err
	}
	defer backend.Shutdown(ctx)
	if _, err := backend.Bind(*back); err != nil {
		return err
	}
	return zmq.Proxy(ctx, frontend.Socket, backend.Socket, nil)
}
