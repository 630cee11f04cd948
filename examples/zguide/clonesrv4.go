package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/zerobroker/zmq"
)

// clonesrv4 is the fourth model of the Clone pattern (chapter 5): clients (clonecli4)
// request and subscribe to a subtree, which is a prefix of the keys.
//
// A real program uses the package clone of the module patterns.
func clonesrv4(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("clonesrv4", flag.ContinueOnError)
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
			if m.NumFrames() != 2 || string(m.Frame(0)) != "ICANHAZ?" {
				fmt.Fprintf(out, "E: bad request %q\n", m)
				break
			}
			fmt.Fprintf(out, "I: sending snapshot=%d\n", sequence)
			err := clonesrv4Send(ctx, snapshot, m.RoutingID(), store, string(m.Frame(1)), sequence)
			if err != nil && !errors.Is(err, zmq.ErrNoRoute) {
				return err
			}
		case <-ctx.Done():
			fmt.Fprintf(out, "Interrupted\n%d messages handled\n", sequence)
			return ctx.Err()
		}
	}
}

// clonesrv4Send sends the keys of a subtree to a client, and then the key KTHXBAI with
// the sequence number of the snapshot and the subtree.
func clonesrv4Send(ctx context.Context, snapshot *zmq.Router, client string, store map[string]kvSimple, subtree string, sequence int64) error {
	for key, kv := range store {
		if !strings.HasPrefix(key, subtree) {
			continue
		}
		if err := snapshot.SendTo(ctx, client, kv.frames()...); err != nil {
			return err
		}
	}
	end := kvSimple{"KTHXBAI", sequence, []byte(subtree)}
	return snapshot.SendTo(ctx, client, end.frames()...)
}
