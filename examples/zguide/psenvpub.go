package main

import (
	"context"
	"flag"
	"io"
	"time"

	"github.com/zerobroker/zmq"
)

// psenvpub shows the envelope of PUB and SUB (chapter 2): messages whose first frame is
// the key that subscriptions are compared with. Each second it publishes two of them.
func psenvpub(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("psenvpub", flag.ContinueOnError)
	endpoint := flags.String("bind", "tcp://127.0.0.1:5563", "endpoint for subscribers")
	if err := flags.Parse(args); err != nil {
		return err
	}

	publisher, err := zmq.NewPub(nil)
	if err != nil {
		return err
	}
	defer publisher.Shutdown(ctx)
	if _, err := publisher.Bind(*endpoint); err != nil {
		return err
	}

	for {
		if err := publisher.Send(ctx, []byte("A"), []byte("We don't want to see this")); err != nil {
			return err
		}
		if err := publisher.Send(ctx, []byte("B"), []byte("We would like to see this")); err != nil {
			return err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
