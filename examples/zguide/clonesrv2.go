package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/zerobroker/zmq"
)

// clonesrv2 is the second model of the Clone pattern (chapter 5): a client (clonecli2)
// first requests a snapshot of all keys, and then applies the updates that are newer.
//
// The goroutine that serves snapshots receives the updates over a channel, where the C
// program has a PAIR. A real program uses the package clone of the module patterns.
func clonesrv2(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("clonesrv2", flag.ContinueOnError)
	snapshots := flags.String("snapshots", "tcp://127.0.0.1:5556", "endpoint for requests of snapshots")
	updates := flags.String("updates", "tcp://127.0.0.1:5557", "endpoint for subscribers of updates")
	if err := flags.Parse(args); err != nil {
		return err
	}

	snapshot, err := zmq.NewRouter(nil)
	if err != nil {
		return err
	}
	defer snapshot.Close()
	if _, err := snapshot.Bind(*snapshots); err != nil {
		return err
	}
	publisher, err := zmq.NewPub(nil)
	if err != nil {
		return err
	}
	defer publisher.Shutdown(ctx)
	if _, err := publisher.Bind(*updates); err != nil {
		return err
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	published := make(chan kvSimple)
	go func() { cancel(clonesrv2Snapshots(ctx, out, snapshot, published)) }()
	for sequence := int64(1); ; sequence++ {
		kv := randomKVSimple("", sequence)
		if err := publisher.Send(ctx, kv.frames()...); err != nil {
			return err
		}
		select {
		case published <- kv:
		case <-ctx.Done():
			fmt.Fprintf(out, "Interrupted\n%d messages out\n", sequence)
			return context.Cause(ctx)
		}
	}
}

// clonesrv2Snapshots stores updates, and sends all keys to clients that request them.
func clonesrv2Snapshots(ctx context.Context, out io.Writer, snapshot *zmq.Router, published <-chan kvSimple) error {
	store := map[string]kvSimple{}
	var sequence int64
	requests := make(chan zmq.Message)
	go snapshot.Deliver(ctx, requests)
	for {
		select {
		case kv := <-published:
			store[kv.key] = kv
			sequence = kv.sequence
		case m := <-requests:
			if m.String() != "ICANHAZ?" {
				fmt.Fprintf(out, "E: bad request %q\n", m)
				break
			}
			fmt.Fprintf(out, "Sending state snapshot=%d\n", sequence)
			err := clonesrv2Send(ctx, snapshot, m.RoutingID(), store, sequence)
			if err != nil && !errors.Is(err, zmq.ErrNoRoute) {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// clonesrv2Send sends all keys to a client, and then the key KTHXBAI with the sequence
// number of the snapshot.
func clonesrv2Send(ctx context.Context, snapshot *zmq.Router, client string, store map[string]kvSimple, sequence int64) error {
	for _, kv := range store {
		if err := snapshot.SendTo(ctx, client, kv.frames()...); err != nil {
			return err
		}
	}
	end := kvSimple{key: "KTHXBAI", sequence: sequence}
	return snapshot.SendTo(ctx, client, end.frames()...)
}
