package main

import (
	"context"
	"flag"
	"fmt"
	"io"
)

// mdclient is a client of the Majordomo pattern (chapter 4): it sends requests to the
// service echo, one after the other, through mdbroker to mdworker.
func mdclient(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("mdclient", flag.ContinueOnError)
	broker := flags.String("broker", "tcp://127.0.0.1:5555", "endpoint of the broker")
	requests := flags.Int("requests", 100000, "number of requests")
	if err := flags.Parse(args); err != nil {
		return err
	}

	client, err := newMDClient(*broker)
	if err != nil {
		return err
	}
	defer client.close()
	for range *requests {
		if _, err := client.send(ctx, "echo", []byte("Hello world")); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "%d requests/replies processed\n", *requests)
	return nil
}
