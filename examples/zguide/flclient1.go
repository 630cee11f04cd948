package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/zerobroker/zmq"
)

// flclient1 is the first client of the Freelance pattern (chapter 4), for several
// servers (flserver1) without a broker: it tries one after the other, each for a second,
// until one replies. A single server is tried three times.
//
//	go run ./zguide flclient1 tcp://127.0.0.1:5555 tcp://127.0.0.1:5556
//
// It shows the pattern by hand. A real program uses the package freelance of the module
// patterns.
func flclient1(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("flclient1", flag.ContinueOnError)
	if err := flags.Parse(args); err != nil {
		return err
	}
	endpoints := flags.Args()
	switch len(endpoints) {
	case 0:
		return errors.New("usage: flclient1 ENDPOINT [ENDPOINT ...]")
	case 1:
		endpoints = []string{endpoints[0], endpoints[0], endpoints[0]}
	}

	for _, endpoint := range endpoints {
		fmt.Fprintf(out, "I: trying echo service at %s...\n", endpoint)
		_, err := flclient1Try(ctx, endpoint, []byte("Hello world"))
		switch {
		case err == nil:
			fmt.Fprintln(out, "Service is running OK")
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.Is(err, context.DeadlineExceeded):
			return err
		}
		fmt.Fprintf(out, "W: no response from %s\n", endpoint)
	}
	return nil
}

// flclient1Try sends a request to one server and waits for its reply for a second.
func flclient1Try(ctx context.Context, endpoint string, request []byte) (zmq.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	client, err := zmq.NewReq(&zmq.Options{Linger: zmq.NoLinger})
	if err != nil {
		return zmq.Message{}, err
	}
	defer client.Close()
	if err := client.Connect(endpoint); err != nil {
		return zmq.Message{}, err
	}
	return client.Do(ctx, request)
}
