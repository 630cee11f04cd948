package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/zerobroker/zmq"
)

// hwclient shows REQ and REP (chapter 1): a client that sends ten requests, one after
// the other. The server may be started later.
//
// Shutdown(ctx) is Close, except that it waits for unsent messages until ctx ends. So
// SIGINT ends the program at once if there is no server. Concurrent requests, which this
// program does not need, are calls of [zmq.Req.Do].
func hwclient(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("hwclient", flag.ContinueOnError)
	endpoint := flags.String("connect", "tcp://127.0.0.1:5555", "endpoint of the server")
	if err := flags.Parse(args); err != nil {
		return err
	}

	fmt.Fprintln(out, "Connecting to hello world server...")
	client, err := zmq.NewReq(nil)
	if err != nil {
		return err
	}
	defer client.Shutdown(ctx)
	if err := client.Connect(*endpoint); err != nil {
		return err
	}

	for i := range 10 {
		fmt.Fprintf(out, "Sending Hello %d...\n", i)
		if err := client.Send(ctx, []byte("Hello")); err != nil {
			return err
		}
		reply, err := client.Recv(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "Received %s %d\n", reply, i)
	}
	return nil
}
