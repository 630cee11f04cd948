package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/zerobroker/zmq"
)

// tasksink shows PUSH and PULL (chapter 1): the sink, which receives the start of the
// batch from the ventilator (taskvent) and a hundred results from the workers
// (taskwork), and reports how long they took.
func tasksink(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("tasksink", flag.ContinueOnError)
	endpoint := flags.String("bind", "tcp://127.0.0.1:5558", "endpoint for workers and the ventilator")
	if err := flags.Parse(args); err != nil {
		return err
	}

	receiver, err := zmq.NewPull(nil)
	if err != nil {
		return err
	}
	defer receiver.Close()
	if _, err := receiver.Bind(*endpoint); err != nil {
		return err
	}

	if _, err := receiver.Recv(ctx); err != nil { // the start of the batch
		return err
	}
	start := time.Now()
	for task := range 100 {
		if _, err := receiver.Recv(ctx); err != nil {
			return err
		}
		if task%10 == 0 {
			fmt.Fprint(out, ":")
		} else {
			fmt.Fprint(out, ".")
		}
	}
	fmt.Fprintf(out, "\nTotal elapsed time: %d msec\n", time.Since(start).Milliseconds())
	return nil
}
