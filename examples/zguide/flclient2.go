package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/zerobroker/zmq"
)

// flclient2 is the second client of the Freelance pattern (chapter 4): it sends each
// request to all servers (flserver2) and takes the first reply. The number of a request
// distinguishes its replies from late replies to earlier requests.
//
//	go run ./zguide flclient2 tcp://127.0.0.1:5555 tcp://127.0.0.1:5556
//
// A DEALER sends to its peers in turn, and a connected endpoint counts as a peer. So one
// message for each endpoint reaches every server, as long as no queue is full: the
// requests to a server that does not run are queued, and when its queue is full the other
// servers receive more of them. A real program uses the package freelance of the module
// patterns.
func flclient2(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("flclient2", flag.ContinueOnError)
	requests := flags.Int("requests", 10000, "number of requests")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errors.New("usage: flclient2 ENDPOINT [ENDPOINT ...]")
	}

	client, err := zmq.NewDealer(&zmq.Options{Linger: zmq.NoLinger})
	if err != nil {
		return err
	}
	defer client.Close()
	for _, endpoint := range flags.Args() {
		if err := client.Connect(endpoint); err != nil {
			return err
		}
	}

	start := time.Now()
	for sequence := 1; sequence <= *requests; sequence++ {
		err := flclient2Request(ctx, client, flags.NArg(), strconv.Itoa(sequence))
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, context.DeadlineExceeded):
			return errors.New("name service not available, aborting")
		default:
			return err
		}
	}
	average := time.Since(start) / time.Duration(*requests)
	fmt.Fprintf(out, "Average round trip cost: %d usec\n", average.Microseconds())
	return nil
}

// flclient2Request sends a request to all servers and waits for the first reply to it.
func flclient2Request(ctx context.Context, client *zmq.Dealer, servers int, sequence string) error {
	ctx, cancel := context.WithTimeout(ctx, 2500*time.Millisecond)
	defer cancel()
	for range servers {
		if err := client.Send(ctx, nil, []byte(sequence), []byte("random name")); err != nil {
			return err
		}
	}
	for {
		reply, err := client.Recv(ctx)
		if err != nil {
			return err
		}
		if reply.NumFrames() == 3 && string(reply.Frame(1)) == sequence {
			return nil
		}
	}
}
