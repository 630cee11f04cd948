package main

import (
	"context"
	"flag"
	"io"
)

// mdworker is a worker of the Majordomo pattern (chapter 4): it offers the service echo
// to mdbroker, and sends requests back as replies.
func mdworker(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("mdworker", flag.ContinueOnError)
	broker := flags.String("broker", "tcp://127.0.0.1:5555", "endpoint of the broker")
	if err := flags.Parse(args); err != nil {
		return err
	}

	worker, err := newMDWorker(*broker, "echo")
	if err != nil {
		return err
	}
	defer worker.close()
	for {
		request, err := worker.recv(ctx)
		if err != nil {
			return err
		}
		if err := worker.reply(request...); err != nil {
			return err
		}
	}
}
