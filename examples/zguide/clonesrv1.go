package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/zerobroker/zmq"
)

// clonesrv1 is the first model of the Clone pattern (chapter 5): a server publishes
// updates of random keys as fast as it can, and clients (clonecli1) store them. A client
// that connects later lacks the earlier updates.
//
// The C program sleeps 200 ms for the first subscribers. Here WaitSubscribers waits for
// one. A real program uses the package clone of the module patterns.
func clonesrv1(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("clonesrv1", flag.ContinueOnError)
	endpoint := flags.String("bind", "tcp://127.0.0.1:5556", "endpoint for clients")
	if err := flags.Parse(args); err != nil {
		return err
	}

	publisher, err := zmq.NewPub(nil)
	if err != nil {
		return err
	}
	defer publisher.Shutdown(ctx)
	if _, err := publisher.Bind(*endpoint); err != nil {
		return err
	}
	if err := publisher.WaitSubscribers(ctx, 1, ""); err != nil {
		return err
	}

	var sequence int64
	store := map[string]kvSimple{}
	for ctx.Err() == nil {
		sequence++
		kv := randomKVSimple("", sequence)
		if err := publisher.Send(ctx, kv.frames()...); err != nil {
			return err
		}
		store[kv.key] = kv
	}
	fmt.Fprintf(out, "Interrupted\n%d messages out\n", sequence)
	return ctx.Err()
}
