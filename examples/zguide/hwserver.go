package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/zerobroker/zmq"
)

// hwserver shows REQ and REP (chapter 1): a server that answers each request with
// "World".
//
// The C program sleeps for a second to simulate work; this one does not, so that the
// output of a client appears at once. The loop ends when ctx ends, which libzmq does not
// have: there a signal interrupts the call.
func hwserver(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("hwserver", flag.ContinueOnError)
	endpoint := flags.String("bind", "tcp://127.0.0.1:5555", "endpoint for clients")
	if err := flags.Parse(args); err != nil {
		return err
	}

	server, err := zmq.NewRep(nil)
	if err != nil {
		return err
	}
	defer server.Close()
	if _, err := server.Bind(*endpoint); err != nil {
		return err
	}

	for request, err := range server.Messages(ctx) {
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "Received %s\n", request)
		if err := server.Send(ctx, []byte("World")); err != nil {
			return err
		}
	}
	return nil
}
