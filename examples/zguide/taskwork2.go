package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/zerobroker/zmq"
)

// taskwork2 is taskwork with a kill signal (chapter 2): it ends when the sink
// (tasksink2) publishes one.
//
// The worker begins when WaitSubscribed has returned, and so cannot miss the signal. The
// C program has no means for that.
func taskwork2(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("taskwork2", flag.ContinueOnError)
	endpoint := flags.String("ventilator", "tcp://127.0.0.1:5557", "endpoint of the ventilator")
	sinkEndpoint := flags.String("sink", "tcp://127.0.0.1:5558", "endpoint of the sink")
	control := flags.String("control", "tcp://127.0.0.1:5559", "endpoint of the kill signal")
	if err := flags.Parse(args); err != nil {
		return err
	}

	controller, err := zmq.NewSub(nil)
	if err != nil {
		return err
	}
	defer controller.Close()
	if err := controller.Connect(*control); err != nil {
		return err
	}
	if err := controller.Subscribe(""); err != nil {
		return err
	}
	if err := controller.WaitSubscribed(ctx); err != nil {
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
	receiver, err := zmq.NewPull(nil)
	if err != nil {
		return err
	}
	defer receiver.Close()
	if err := receiver.Connect(*endpoint); err != nil {
		return err
	}

	for {
		var task zmq.Message
		var err error
		select {
		case <-receiver.Ready():
			task, err = receiver.TryRecv()
		case <-controller.Ready():
			if _, err = controller.TryRecv(); err == nil {
				return nil // any message is the kill signal
			}
		case <-ctx.Done():
			return ctx.Err()
		}
		if errors.Is(err, zmq.ErrWouldBlock) {
			continue // ready for something else than a message for the program
		}
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
}
