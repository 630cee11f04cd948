package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/zerobroker/zmq"
)

// suisnail is the Suicidal Snail (chapter 5): a subscriber that ends itself when the
// messages that it receives are older than a second, because it is too slow.
//
// A program of this library can also read how many messages a PUB has dropped for a slow
// subscriber, in [zmq.Socket.PeerStats].
func suisnail(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("suisnail", flag.ContinueOnError)
	endpoint := flags.String("endpoint", "tcp://127.0.0.1:5556", "endpoint of the publisher")
	if err := flags.Parse(args); err != nil {
		return err
	}

	ctx, cancel := context.WithCancelCause(ctx)
	dead := errors.New("the subscriber is dead")
	go func() {
		err := suisnailSubscriber(ctx, out, *endpoint)
		if err == nil {
			err = dead
		}
		cancel(err)
	}()
	cancel(suisnailPublisher(ctx, *endpoint))
	if err := context.Cause(ctx); err != dead {
		return err
	}
	return nil
}

// suisnailPublisher publishes the time in milliseconds, each millisecond.
func suisnailPublisher(ctx context.Context, endpoint string) error {
	publisher, err := zmq.NewPub(nil)
	if err != nil {
		return err
	}
	defer publisher.Close()
	if _, err := publisher.Bind(endpoint); err != nil {
		return err
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			if err := publisher.Send(ctx, strconv.AppendInt(nil, now.UnixMilli(), 10)); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// suisnailSubscriber takes one or two milliseconds for each message.
func suisnailSubscriber(ctx context.Context, out io.Writer, endpoint string) error {
	subscriber, err := zmq.NewSub(nil)
	if err != nil {
		return err
	}
	defer subscriber.Close()
	if err := subscriber.Subscribe(""); err != nil {
		return err
	}
	if err := subscriber.Connect(endpoint); err != nil {
		return err
	}
	for m, err := range subscriber.Messages(ctx) {
		if err != nil {
			return err
		}
		sent, err := strconv.ParseInt(m.String(), 10, 64)
		if err != nil {
			return err
		}
		if time.Since(time.UnixMilli(sent)) > time.Second {
			fmt.Fprintln(out, "E: subscriber cannot keep up, aborting")
			return nil
		}
		select {
		case <-time.After(time.Duration(1+rand.IntN(2)) * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
