package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"

	"github.com/zerobroker/zmq"
)

// taskvent shows PUSH and PULL (chapter 1): the ventilator, which distributes a hundred
// tasks among the workers (taskwork) that are connected. A task is the number of
// milliseconds that it takes. The sink (tasksink) receives a message at the start.
//
// The C program asks the user to press Enter when the workers are ready, because the
// first worker that connects would receive all tasks. This one waits for the events of as
// many connections as -workers says.
func taskvent(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("taskvent", flag.ContinueOnError)
	endpoint := flags.String("bind", "tcp://127.0.0.1:5557", "endpoint for workers")
	sinkEndpoint := flags.String("sink", "tcp://127.0.0.1:5558", "endpoint of the sink")
	workers := flags.Int("workers", 1, "number of workers to wait for")
	if err := flags.Parse(args); err != nil {
		return err
	}

	sender, err := zmq.NewPush(nil)
	if err != nil {
		return err
	}
	defer sender.Shutdown(ctx)
	events := sender.Events(ctx) // from here on
	if _, err := sender.Bind(*endpoint); err != nil {
		return err
	}
	sink, err := zmq.NewPush(nil)
	if err != nil {
		return err
	}
	defer sink.Shutdown(ctx)
	if err := sink.Connect(*sinkEndpoint); err != nil {
		return err
	}

	fmt.Fprintf(out, "Waiting for %d workers\n", *workers)
	for event := range events {
		if event.Kind == zmq.EventReady && len(sender.Peers()) >= *workers {
			break
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}

	fmt.Fprintln(out, "Sending tasks to workers...")
	if err := sink.Send(ctx, []byte("0")); err != nil { // the start of the batch
		return err
	}
	total := 0
	for range 100 {
		workload := rand.IntN(100) + 1
		total += workload
		if err := sender.Send(ctx, strconv.AppendInt(nil, int64(workload), 10)); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "Total expected cost: %d msec\n", total)
	return nil
}
