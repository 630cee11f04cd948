package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/zerobroker/zmq"
)

// clonecli2 is the second model of the Clone pattern (chapter 5): a client that
// requests a snapshot of clonesrv2, and then stores the updates that are newer.
//
// It subscribes before it requests the snapshot, so that no update is missed.
// WaitSubscribed makes sure of that, which the C program cannot.
func clonecli2(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("clonecli2", flag.ContinueOnError)
	snapshots := flags.String("snapshots", "tcp://127.0.0.1:5556", "endpoint for snapshots")
	updates := flags.String("updates", "tcp://127.0.0.1:5557", "endpoint of updates")
	if err := flags.Parse(args); err != nil {
		return err
	}

	subscriber, err := zmq.NewSub(nil)
	if err != nil {
		return err
	}
	defer subscriber.Close()
	if err := subscriber.Subscribe(""); err != nil {
		return err
	}
	if err := subscriber.Connect(*updates); err != nil {
		return err
	}
	if err := subscriber.WaitSubscribed(ctx); err != nil {
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
	sequence, err := cloneSnapshot(ctx, snapshot, store)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Received snapshot=%d\n", sequence)
	for m, err := range subscriber.Messages(ctx) {
		if err != nil {
			fmt.Fprintf(out, "Interrupted\nlast update=%d\n", sequence)
			return err
		}
		kv, err := parseKVSimple(m)
		if err != nil {
			return err
		}
		if kv.sequence > sequence {
			sequence = kv.sequence
			store[kv.key] = kv
		}
	}
	return nil
}

// cloneSnapshot requests a snapshot, and stores it. It returns the sequence number of
// the snapshot. More frames, such as a subtree, may follow the request.
func cloneSnapshot(ctx context.Context, snapshot *zmq.Dealer, store map[string]kvSimple, more ...[]byte) (sequence int64, err error) {
	request := append([][]byte{[]byte("ICANHAZ?")}, more...)
	if err := snapshot.Send(ctx, request...); err != nil {
		return 0, err
	}
	for {
		m, err := snapshot.Recv(ctx)
		if err != nil {
			return 0, err
		}
		kv, err := parseKVSimple(m)
		if err != nil {
			return 0, err
		}
		if kv.key == "KTHXBAI" {
			return kv.sequence, nil
		}
		store[kv.key] = kv
	}
}
