package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/zerobroker/zmq"
)

// wuclient shows PUB and SUB (chapter 1): a subscriber that averages the temperature of
// one zip code.
//
// A subscription is a prefix of the first frame: with -filter 1 it is all zip codes that
// begin with 1. The C program has the filter as its argument.
func wuclient(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("wuclient", flag.ContinueOnError)
	endpoint := flags.String("connect", "tcp://127.0.0.1:5556", "endpoint of the server")
	filter := flags.String("filter", "10001 ", "prefix of the updates")
	if err := flags.Parse(args); err != nil {
		return err
	}

	fmt.Fprintln(out, "Collecting updates from weather server...")
	subscriber, err := zmq.NewSub(nil)
	if err != nil {
		return err
	}
	defer subscriber.Close()
	if err := subscriber.Connect(*endpoint); err != nil {
		return err
	}
	if err := subscriber.Subscribe(*filter); err != nil {
		return err
	}

	const updates = 100
	total := 0
	for range updates {
		update, err := subscriber.Recv(ctx)
		if err != nil {
			return err
		}
		var zip, temperature, humidity int
		if _, err := fmt.Sscan(update.String(), &zip, &temperature, &humidity); err != nil {
			return fmt.Errorf("update %q: %w", update, err)
		}
		total += temperature
	}
	fmt.Fprintf(out, "Average temperature for zipcode '%s' was %dF\n", *filter, total/updates)
	return nil
}
