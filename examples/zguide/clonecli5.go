package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/zerobroker/zmq"
)

// clonecli5 is the fifth model of the Clone pattern (chapter 5): a client whose updates
// expire after up to thirty seconds.
func clonecli5(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("clonecli5", flag.ContinueOnError)
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

	store := kvStore{}
	sequence, err := clonecli5Snapshot(ctx, snapshot, store, subtree)
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
			kv, err := parseKVMsg(m)
			if err != nil {
				return err
			}
			if kv.sequence > sequence {
				sequence = kv.sequence
				store.set(kv, 0) // the server deletes it when it expires
				fmt.Fprintf(out, "I: received update=%d\n", sequence)
			}
		case <-tick.C:
			kv := newKVMsg(
				fmt.Sprintf("%s%d", subtree, rand.IntN(10000)),
				strconv.AppendInt(nil, rand.Int64N(1000000), 10),
				rand.IntN(30),
			)
			if err := publisher.Send(ctx, kv.frames()...); err != nil {
				return err
			}
		case <-ctx.Done():
			fmt.Fprintf(out, "Interrupted\n%d keys\n", len(store))
			return ctx.Err()
		}
	}
}

// clonecli5Snapshot requests a snapshot of a subtree, and stores it. It returns the
// sequence number of the snapshot.
func clonecli5Snapshot(ctx context.Context, snapshot *zmq.Dealer, store kvStore, subtree string) (sequence int64, err error) {
	if err := snapshot.Send(ctx, []byte("ICANHAZ?"), []byte(subtree)); err != nil {
		return 0, err
	}
	for {
		m, err := snapshot.Recv(ctx)
		if err != nil {
			return 0, err
		}
		kv, err := parseKVMsg(m)
		if err != nil {
			return 0, err
		}
		if kv.key == "KTHXBAI" {
			return kv.sequence, nil
		}
		store.set(kv, 0)
	}
}
