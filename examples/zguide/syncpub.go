package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/zerobroker/zmq"
)

// syncpub shows a publisher that begins when all subscribers are ready (chapter 2): each
// of them (syncsub) sends a request to a second socket.
//
// Between programs of this library the second socket is not necessary, because
// [zmq.Publisher.WaitSubscribers] waits for a number of subscribers; it is there for the
// Guide's syncsub. The C program sets a high-water mark above the number of messages.
// Here Send waits for the slowest subscriber instead.
func syncpub(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("syncpub", flag.ContinueOnError)
	endpoint := flags.String("bind", "tcp://127.0.0.1:5561", "endpoint for subscribers")
	sync := flags.String("sync", "tcp://127.0.0.1:5562", "endpoint for the requests of subscribers")
	subscribers := flags.Int("subscribers", 10, "number of subscribers to wait for")
	updates := flags.Int("updates", 1000000, "number of messages")
	if err := flags.Parse(args); err != nil {
		return err
	}

	publisher, err := zmq.NewPub(&zmq.Options{Overflow: zmq.OverflowBlock})
	if err != nil {
		return err
	}
	defer publisher.Shutdown(ctx)
	if _, err := publisher.Bind(*endpoint); err != nil {
		return err
	}
	service, err := zmq.NewRep(nil)
	if err != nil {
		return err
	}
	defer service.Shutdown(ctx)
	if _, err := service.Bind(*sync); err != nil {
		return err
	}

	fmt.Fprintln(out, "Waiting for subscribers")
	for range *subscribers {
		if _, err := service.Recv(ctx); err != nil {
			return err
		}
		if err := service.Send(ctx, nil); err != nil {
			return err
		}
	}
	fmt.Fprintln(out, "Broadcasting messages")
	for range *updates {
		if err := publisher.Send(ctx, []byte("Rhubarb")); err != nil {
			return err
		}
	}
	return publisher.Send(ctx, []byte("END"))
}
