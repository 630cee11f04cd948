package main

import (
	"cmp"
	"context"
	"fmt"
	"io"

	"github.com/zerobroker/zmq"
)

// mtrelay shows PAIR sockets as signals between goroutines (chapter 2): step 1 signals
// step 2, and step 2 signals step 3.
//
// In Go a channel does this better. PAIR over inproc is for code that may later be
// divided into processes.
func mtrelay(ctx context.Context, out io.Writer, args []string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	go func() {
		if err := mtrelaySignal(ctx, out, opts, 1); err != nil {
			cancel(err)
		}
	}()
	go func() {
		if err := mtrelayStep(ctx, opts, 2); err != nil {
			cancel(err)
		} else if err := mtrelaySignal(ctx, out, opts, 2); err != nil {
			cancel(err)
		}
	}()
	if err := mtrelayStep(ctx, opts, 3); err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	fmt.Fprintln(out, "Test successful!")
	return nil
}

// mtrelayStep waits for the signal to a step.
func mtrelayStep(ctx context.Context, opts *zmq.Options, step int) error {
	receiver, err := zmq.NewPair(opts)
	if err != nil {
		return err
	}
	defer receiver.Close()
	if _, err := receiver.Bind(fmt.Sprintf("inproc://step%d", step)); err != nil {
		return err
	}
	_, err = receiver.Recv(ctx)
	return err
}

// mtrelaySignal signals the step after one.
func mtrelaySignal(ctx context.Context, out io.Writer, opts *zmq.Options, step int) error {
	sender, err := zmq.NewPair(opts)
	if err != nil {
		return err
	}
	defer sender.Shutdown(ctx)
	if err := sender.Connect(fmt.Sprintf("inproc://step%d", step+1)); err != nil {
		return err
	}
	fmt.Fprintf(out, "Step %d ready, signaling step %d\n", step, step+1)
	return sender.Send(ctx, []byte("READY"))
}
