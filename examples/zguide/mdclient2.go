package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
)

// mdclient2 is an asynchronous client of the Majordomo pattern (chapter 4): it sends all
// requests, while another goroutine receives the replies.
//
// The C program sends all requests before it receives a reply, so that all replies are
// in queues at once, whose high-water marks it may exceed.
func mdclient2(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("mdclient2", flag.ContinueOnError)
	broker := flags.String("broker", "tcp://127.0.0.1:5555", "endpoint of the broker")
	requests := flags.Int("requests", 100000, "number of requests")
	if err := flags.Parse(args); err != nil {
		return err
	}

	client, err := newMDClient2(*broker)
	if err != nil {
		return err
	}
	defer client.close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		for range *requests {
			if err := client.send(ctx, "echo", []byte("Hello world")); err != nil {
				cancel(err)
				return
			}
		}
	}()
	for range *requests {
		if _, err := client.recv(ctx); err != nil {
			return cmp.Or(context.Cause(ctx), err)
		}
	}
	fmt.Fprintf(out, "%d replies received\n", *requests)
	return nil
}
