package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/zerobroker/zmq"
)

// clonecli4 is the fourth model of the Clone pattern (chapter 5): a client that requests
// and updates the keys of a subtree of clonesrv4.
func clonecli4(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("clonecli4", flag.ContinueOnError)
	snapshots := flags.String("snapshots", "tcp://127.0.0.1:5556", "endpoint for snapshots")
	updates := flags.String("updates", "tcp://127.0.0.1:5557", "endpoint of updates")
	collect := flags.String("collect", "tcp://127.0.0.1:5558", "endpoint for own updates")
	if err := flags.Parse(args); err != nil {
		return err
	}
	const subtree = "/client/"

	subscriber, err := zmq.NewSub(nil)
	if err != nil {
		return err
	}
	defer subscriber.Close()
	if err := subscriber.Subscribe(subtree); err != nil {
		return err
	}
	if err := subscriber.Connect(*updates); err != nil {
		return err
	}
	if err := subscriber.WaitSubscribed(ctx); err != nil {
		return err
	}
	publisher, err := zmq.NewPush(nil)
	if err != nil {
		return err
	}
	defer publisher.Shutdown(ctx)
	if err := publisher.Connect(*collect); err != nil {
		return err
	}
	snapshot, err := zmq.NewDealer(nil)
	if err != nil {
		return err
	}
	defer snapshot.Shutdown(ctx)
	if err := snapshot.Connect(*snapshots); err != nil {
		return err
	}

	store := map[string]kvSimple{}
	sequence, err := cloneSnapshot(ctx, snapshot, store, []byte(subtree))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "I: received snapshot=%d\n", sequence)
	received := make(chan zmq.Message)
	go subscriber.Deliver(ctx, received)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case m := <-received:
			kv, err := parseKVSimple(m)
			if err != nil {
				return err
			}
			if kv.sequence > sequence {
				sequence = kv.sequence
				store[kv.key] = kv
				fmt.Fprintf(out, "I: received update=%d\n", sequence)
			}
		case <-tick.C:
			kv := randomKVSimple(subtree, 0)
			if err := publisher.Send(ctx, kv.frames()...); err != nil {
				return err
			}
		case <-ctx.Done():
			fmt.Fprintf(out, "Interrupted\n%d keys\n", len(store))
			return ctx.Err()
		}
	}
}
