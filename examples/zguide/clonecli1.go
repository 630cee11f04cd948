package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/zerobroker/zmq"
)

// clonecli1 is the first model of the Clone pattern (chapter 5): a client that stores
// the updates of clonesrv1.
func clonecli1(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("clonecli1", flag.ContinueOnError)
	endpoint := flags.String("connect", "tcp://127.0.0.1:5556", "endpoint of the server")
	if err := flags.Parse(args); err != nil {
		return err
	}

	updates, err := zmq.NewSub(nil)
	if err != nil {
		return err
	}
	defer updates.Close()
	if err := updates.Subscribe(""); err != nil {
		return err
	}
	if err := updates.Connect(*endpoint); err != nil {
		return err
	}

	count := 0
	store := map[string]kvSimple{}
	for m, err := range updates.Messages(ctx) {
		if err != nil {
			fmt.Fprintf(out, "Interrupted\n%d messages in\n", count)
			return err
		}
		kv, err := parseKVSimple(m)
		if err != nil {
			return err
		}
		store[kv.key] = kv
		count++
	}
	return nil
}
