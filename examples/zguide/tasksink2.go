package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/zerobroker/zmq"
)

// tasksink2 is tasksink with a kill signal (chapter 2): after the last result it
// publishes KILL, and the workers (taskwork2) end.
//
// The C program may end before the signal is written if its linger is 0. Here Shutdown
// returns when the signal has been written.
func tasksink2(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("tasksink2", flag.ContinueOnError)
	endpoint := flags.String("bind", "tcp://127.0.0.1:5558", "endpoint for workers and the ventilator")
	control := flags.String("control", "tcp://127.0.0.1:5559", "endpoint of the kill signal")
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
	controller, err := zmq.NewPub(nil)
	if err != nil {
		return err
	}
	defer controller.Shutdown(ctx)
	if _, err := controller.Bind(*control); err != nil {
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
	return controller.Send(ctx, []byte("KILL"))
}
