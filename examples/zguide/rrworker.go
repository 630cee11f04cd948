package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/zerobroker/zmq"
)

// rrworker is a worker of a broker (chapter 2): a REP that connects to rrbroker or
// msgqueue and takes a second for each request. Several workers share the requests.
func rrworker(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("rrworker", flag.ContinueOnError)
	endpoint := flags.String("connect", "tcp://127.0.0.1:5560", "endpoint of the broker")
	if err := flags.Parse(args); err != nil {
		return err
	}

	worker, err := zmq.NewRep(nil)
	if err != nil {
		return err
	}
	defer worker.Shutdown(ctx)
	if err := worker.Connect(*endpoint); err != nil {
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
