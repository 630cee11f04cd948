package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/zerobroker/zmq"
)

// interrupt shows how a program ends cleanly on SIGINT and SIGTERM (chapter 2): a server
// that receives requests and closes its socket when a signal arrives.
//
// The C program needs a signal handler, a pipe to itself and a poll of both. Here the
// signal ends a context, and with it the call that waits.
func interrupt(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("interrupt", flag.ContinueOnError)
	endpoint := flags.String("bind", "tcp://127.0.0.1:5555", "endpoint for clients")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()

	server, err := zmq.NewRep(nil)
	if err != nil {
		return err
	}
	defer server.Close()
	if _, err := server.Bind(*endpoint); err != nil {
		return err
	}

	for {
		request, err := server.Recv(ctx)
		if errors.Is(err, context.Canceled) {
			fmt.Fprintln(out, "W: interrupt received, killing server...")
			break
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "W: recv %s\n", request)
		if err := server.Send(ctx, []byte("World")); err != nil {
			return err
		}
	}
	fmt.Fprintln(out, "W: cleaning up")
	return nil
}
