package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/zerobroker/zmq"
)

// syncsub shows a subscriber that reports when it is ready (chapter 2), and counts the
// updates of the publisher (syncpub) until its END.
//
// The C program sleeps for a second in the hope that the publisher has its subscription
// then. Here WaitSubscribed waits until the publisher has confirmed it.
func syncsub(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("syncsub", flag.ContinueOnError)
	endpoint := flags.String("connect", "tcp://127.0.0.1:5561", "endpoint of the publisher")
	sync := flags.String("sync", "tcp://127.0.0.1:5562", "endpoint for the request")
	if err := flags.Parse(args); err != nil {
		return err
	}

	subscriber, err := zmq.NewSub(nil)
	if err != nil {
		return err
	}
	defer subscriber.Close()
	if err := subscriber.Connect(*endpoint); err != nil {
		return err
	}
	if err := subscriber.Subscribe(""); err != nil {
		return err
	}
	if err := subscriber.WaitSubscribed(ctx); err != nil {
		return err
	}

	client, err := zmq.NewReq(nil)
	if err != nil {
		return err
	}
	defer client.Shutdown(ctx)
	if err := client.Connect(*sync); err != nil {
		return err
	}
	if err := client.Send(ctx, nil); err != nil {
		return err
	}
	if _, err := client.Recv(ctx); err != nil {
		return err
	}

	updates := 0
	for update, err := range subscriber.Messages(ctx) {
		if err != nil {
			return err
		}
		if update.String() == "END" {
			break
		}
		updates++
	}
	fmt.Fprintf(out, "Received %d updates\n", updates)
	return nil
}
