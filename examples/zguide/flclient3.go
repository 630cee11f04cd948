package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"
)

// flclient3 is the third client of the Freelance pattern (chapter 4): it sends each
// request to one of the servers (flserver3) that are alive. flcliapi.go contains the
// pattern.
func flclient3(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("flclient3", flag.ContinueOnError)
	requests := flags.Int("requests", 10000, "number of requests")
	if err := flags.Parse(args); err != nil {
		return err
	}
	endpoints := flags.Args()
	if len(endpoints) == 0 {
		endpoints = []string{"tcp://localhost:5555", "tcp://localhost:5556", "tcp://localhost:5557"}
	}

	client, err := newFLClient(endpoints)
	if err != nil {
		return err
	}
	defer client.close()
	start := time.Now()
	for range *requests {
		if _, err := client.request(ctx, []byte("random name")); err != nil {
			return fmt.Errorf("name service not available, aborting: %w", err)
		}
	}
	average := time.Since(start) / time.Duration(*requests)
	fmt.Fprintf(out, "Average round trip cost: %d usec\n", average.Microseconds())
	return nil
}
