package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
)

// rtreq shows a ROUTER that gives work to REQ workers (chapter 3): each worker requests
// its next task when it has done the last one, so that fast workers do more.
//
// [zmq.Router.Reply] sends the envelope of the request, which the C program sends frame
// by frame.
func rtreq(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("rtreq", flag.ContinueOnError)
	endpoint := flags.String("endpoint", "tcp://127.0.0.1:5671", "endpoint for workers")
	if err := flags.Parse(args); err != nil {
		return err
	}
	const workers = 10

	broker, err := zmq.NewRouter(nil)
	if err != nil {
		return err
	}
	defer broker.Shutdown(ctx)
	if _, err := broker.Bind(*endpoint); err != nil {
		return err
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			if err := rtreqWorker(ctx, out, *endpoint); err != nil {
				cancel(err)
			}
		})
	}
	end := time.Now().Add(5 * time.Second)
	for fired := 0; fired < workers; {
		request, err := broker.Recv(ctx)
		if err != nil {
			return cmp.Or(context.Cause(ctx), err)
		}
		task := "Work harder"
		if time.Now().After(end) {
			task = "Fired!"
			fired++
		}
		if err := broker.Reply(ctx, request, []byte(task)); err != nil {
			return err
		}
	}
	running.Wait()
	return nil
}

func rtreqWorker(ctx context.Context, out io.Writer, endpoint string) error {
	worker, err := zmq.NewReq(nil)
	if err != nil {
		return err
	}
	defer worker.Shutdown(ctx)
	if err := worker.Connect(endpoint); err != nil {
		return err
	}
	for total := 0; ; total++ {
		if err := worker.Send(ctx, []byte("Hi Boss")); err != nil {
			return err
		}
		task, err := worker.Recv(ctx)
		if err != nil {
			return err
		}
		if task.String() == "Fired!" {
			fmt.Fprintf(out, "Completed: %d tasks\n", total)
			return nil
		}
		select { // do some random work
		case <-time.After(rand.N(500*time.Millisecond) + time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
