package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/zerobroker/zmq"
)

// clonesrv3 is the third model of the Clone pattern (chapter 5): clients (clonecli3) send
// updates to the server, which numbers and publishes them.
//
// A real program uses the package clone of the module patterns.
func clonesrv3(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("clonesrv3", flag.ContinueOnError)
	snapshots := flags.String("snapshots", "tcp://127.0.0.1:5556", "endpoint for requests of snapshots")
	updates := flags.String("updates", "tcp://127.0.0.1:5557", "endpoint for subscribers of updates")
	collect := flags.String("collect", "tcp://127.0.0.1:5558", "endpoint for updates of clients")
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
	collector, err := zmq.NewPull(nil)
	if err != nil {
		return err
	}
	defer collector.Close()
	if _, err := collector.Bind(*collect); err != nil {
		return err
	}

	var sequence int64
	store := map[string]kvSimple{}
	requests, collected := make(chan zmq.Message), make(chan zmq.Message)
	go snapshot.Deliver(ctx, requests)
	go collector.Deliver(ctx, collected)
	for {
		select {
		case m := <-collected:
			kv, err := parseKVSimple(m)
			if err != nil {
				fmt.Fprintf(out, "E: %v\n", err)
				break
			}
			sequence++
			kv.sequence = sequence
			if err := publisher.Send(ctx, kv.frames()...); err != nil {
				return err
			}
			store[kv.key] = kv
			fmt.Fprintf(out, "I: publishing update %5d\n", sequence)
		case m := <-requests:
			if m.String() != "ICANHAZ?" {
				fmt.Fprintf(out, "E: bad request %q\n", m)
				break
			}
			fmt.Fprintf(out, "I: sending snapshot=%d\n", sequence)
			err := clonesrv3Send(ctx, snapshot, m.RoutingID(), store, sequence)
			if err != nil && !errors.Is(err, zmq.ErrNoRoute) {
				return err
			}
		case <-ctx.Done():
			fmt.Fprintf(out, "Interrupted\n%d messages handled\n", sequence)
			return ctx.Err()
		}
	}
}

// clonesrv3Send sends all keys to a client, and then the key KTHXBAI with the sequence
// number of the snapshot.
func clonesrv3Send(ctx context.Context, snapshot *zmq.Router, client string, store map[string]kvSimple, sequence int64) error {
	for _, kv := range store {
		if err := snapshot.SendTo(ctx, client, kv.frames()...); err != nil {
			return err
		}
	}
	end := kvSimple{key: "KTHXBAI", sequence: sequence}
	return snapshot.SendTo(ctx, client, end.frames()...)
}
