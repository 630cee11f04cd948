package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/zerobroker/zmq"
)

// spworker is a worker of the Simple Pirate pattern (chapter 4): a REQ that reports to
// the queue (spqueue) that it is ready, and sends requests back as replies. It takes a
// second for each, is overloaded once, and then crashes.
//
// The C program is overloaded and crashes at random. Here flags say at which requests.
func spworker(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("spworker", flag.ContinueOnError)
	endpoint := flags.String("connect", "tcp://127.0.0.1:5556", "endpoint of the queue")
	overload := flags.Int("overload", 4, "request with which the worker is overloaded")
	crash := flags.Int("crash", 8, "request with which the worker crashes")
	if err := flags.Parse(args); err != nil {
		return err
	}

	id := fmt.Sprintf("%04X-%04X", rand.IntN(0x10000), rand.IntN(0x10000))
	worker, err := zmq.NewReq(&zmq.Options{RoutingID: id})
	if err != nil {
		return err
	}
	defer worker.Shutdown(ctx)
	if err := worker.Connect(*endpoint); err != nil {
		return err
	}
	fmt.Fprintf(out, "I: (%s) worker ready\n", id)
	if err := worker.Send(ctx, []byte{1}); err != nil {
		return err
	}

	for cycle := 1; ; cycle++ {
		request, err := worker.Recv(ctx)
		if err != nil {
			return err
		}
		work := time.Second
		switch cycle {
		case *crash:
			fmt.Fprintf(out, "I: (%s) simulating a crash\n", id)
			return nil
		case *overload:
			fmt.Fprintf(out, "I: (%s) simulating CPU overload\n", id)
			work += 3 * time.Second
		}
		fmt.Fprintf(out, "I: (%s) normal reply\n", id)
		select {
		case <-time.After(work):
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := worker.SendMessage(ctx, request); err != nil {
			return err
		}
	}
}
