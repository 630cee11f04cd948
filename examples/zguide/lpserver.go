package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/zerobroker/zmq"
)

// lpserver is the server of the Lazy Pirate pattern (chapter 4): it takes a second for
// each request, is overloaded once, and then crashes.
//
// The C program is overloaded and crashes at random. Here flags say at which requests.
func lpserver(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("lpserver", flag.ContinueOnError)
	endpoint := flags.String("bind", "tcp://127.0.0.1:5555", "endpoint for clients")
	overload := flags.Int("overload", 4, "request with which the server is overloaded")
	crash := flags.Int("crash", 7, "request with which the server crashes")
	if err := flags.Parse(args); err != nil {
		return err
	}

	server, err := zmq.NewRep(nil)
	if err != nil {
		return err
	}
	defer server.Shutdown(ctx)
	if _, err := server.Bind(*endpoint); err != nil {
		return err
	}

	for cycle := 1; ; cycle++ {
		request, err := server.Recv(ctx)
		if err != nil {
			return err
		}
		work := time.Second
		switch cycle {
		case *crash:
			fmt.Fprintln(out, "I: simulating a crash")
			return nil
		case *overload:
			fmt.Fprintln(out, "I: simulating CPU overload")
			work += 2 * time.Second
		}
		fmt.Fprintf(out, "I: normal request (%s)\n", request)
		select {
		case <-time.After(work):
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := server.SendMessage(ctx, request); err != nil {
			return err
		}
	}
}
