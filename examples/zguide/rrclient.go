package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/zerobroker/zmq"
)

// rrclient is a client of a broker (chapter 2): it sends ten requests to rrbroker or
// msgqueue, which distributes them among workers (rrworker).
func rrclient(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("rrclient", flag.ContinueOnError)
	endpoint := flags.String("connect", "tcp://127.0.0.1:5559", "endpoint of the broker")
	if err := flags.Parse(args); err != nil {
		return err
	}

	client, err := zmq.NewReq(nil)
	if err != nil {
		return err
	}
	defer client.Shutdown(ctx)
	if err := client.Connect(*endpoint); err != nil {
		return err
	}

	for i := range 10 {
		if err := client.Send(ctx, []byte("Hello")); err != nil {
			return err
		}
		reply, err := client.Recv(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "Received reply %d [%s]\n", i, reply)
	}
	return nil
}
