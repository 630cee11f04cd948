package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/zerobroker/zmq"
)

// taskwork shows PUSH and PULL (chapter 1): a worker that receives tasks from the
// ventilator (taskvent), does them, and sends an empty message for each one to the sink
// (tasksink). Several workers share the tasks.
//
// The work is a timer, which ends early if ctx ends.
func taskwork(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("taskwork", flag.ContinueOnError)
	endpoint := flags.String("ventilator", "tcp://127.0.0.1:5557", "endpoint of the ventilator")
	sinkEndpoint := flags.String("sink", "tcp://127.0.0.1:5558", "endpoint of the sink")
	if err := flags.Parse(args); err != nil {
		return err
	}

	receiver, err := zmq.NewPull(nil)
	if err != nil {
		return err
	}
	defer receiver.Close()
	if err := receiver.Connect(*endpoint); err != nil {
		return err
	}
	sender, err := zmq.NewPush(nil)
	if err != nil {
		return err
	}
	defer sender.Shutdown(ctx)
	if err := sender.Connect(*sinkEndpoint); err != nil {
		return err
	}

	for task, err := range receiver.Messages(ctx) {
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s.", task)
		work, err := time.ParseDuration(task.String() + "ms")
		if err != nil {
			return err
		}
		select {
		case <-time.After(work):
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := sender.Send(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}
