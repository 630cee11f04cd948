package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/zerobroker/zmq"
)

// pathosub is the pathological subscriber (chapter 5): it subscribes to one random topic
// of pathopub and prints its messages.
func pathosub(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("pathosub", flag.ContinueOnError)
	endpoint := flags.String("connect", "tcp://127.0.0.1:5556", "endpoint of the publisher; tcp://127.0.0.1:5558 for lvcache")
	topic := flags.String("topic", fmt.Sprintf("%03d", rand.IntN(1000)), "topic")
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
	if err := subscriber.Subscribe(*topic); err != nil {
		return err
	}
	for m, err := range subscriber.Messages(ctx) {
		if err != nil {
			return err
		}
		if m.NumFrames() != 2 || string(m.Frame(0)) != *topic {
			return fmt.Errorf("message %q is not of topic %s", m, *topic)
		}
		fmt.Fprintf(out, "%s\n", m.Frame(1))
	}
	return nil
}
