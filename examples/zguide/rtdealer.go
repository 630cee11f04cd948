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

// rtdealer is rtreq with DEALER workers (chapter 3), which send the empty frame that a
// REQ sends by itself.
func rtdealer(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("rtdealer", flag.ContinueOnError)
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
			if err := rtdealerWorker(ctx, out, *endpoint); err != nil {
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

func rtdealerWorker(ctx context.Context, out io.Writer, endpoint string) error {
	worker, err := zmq.NewDealer(nil)
	if err != nil {
		return err
	}
	defer worker.Shutdown(ctx)
	if err := worker.Connect(endpoint); err != nil {
		return err
	}
	for total := 0; ; total++ {
		if err := worker.Send(ctx, nil, []byte("Hi Boss")); err != nil {
			return err
		}
		task, err := worker.Recv(ctx)
		if err != nil {
			return err
		}
		if task.Body().String() == "Fired!" { // the body follows the empty frame
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
