package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/zerobroker/zmq"
)

// psenvsub shows the envelope of PUB and SUB (chapter 2): it subscribes to the messages
// of psenvpub whose first frame begins with B.
func psenvsub(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("psenvsub", flag.ContinueOnError)
	endpoint := flags.String("connect", "tcp://127.0.0.1:5563", "endpoint of the publisher")
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
	if err := subscriber.Subscribe("B"); err != nil {
		return err
	}

	for m, err := range subscriber.Messages(ctx) {
		if err != nil {
			return err
		}
		if m.NumFrames() != 2 {
			return fmt.Errorf("message of %d frames, want 2", m.NumFrames())
		}
		fmt.Fprintf(out, "[%s] %s\n", m.Frame(0), m.Frame(1))
	}
	return nil
}
