package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/zerobroker/zmq"
)

// clonesrv5 is the fifth model of the Clone pattern (chapter 5): updates of clients
// (clonecli5) have a time to live, after which the server deletes the key.
//
// A real program uses the package clone of the module patterns.
func clonesrv5(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("clonesrv5", flag.ContinueOnError)
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
	store := kvStore{}
	publish := func(kv kvMsg, ttl time.Duration, what string) error {
		sequence++
		kv.sequence = sequence
		store.set(kv, ttl)
		fmt.Fprintf(out, "I: publishing %s=%d\n", what, sequence)
		return publisher.Send(ctx, kv.frames()...)
	}
	requests, collected := make(chan zmq.Message), make(chan zmq.Message)
	go snapshot.Deliver(ctx, requests)
	go collector.Deliver(ctx, collected)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		var err error
		select {
		case m := <-collected:
			kv, malformed := parseKVMsg(m)
			if malformed != nil {
				fmt.Fprintf(out, "E: %v\n", malformed)
				break
			}
			err = publish(kv, time.Duration(kv.ttl())*time.Second, "update")
		case m := <-requests:
			if m.NumFrames() != 2 || string(m.Frame(0)) != "ICANHAZ?" {
				fmt.Fprintf(out, "E: bad request %q\n", m)
				break
			}
			fmt.Fprintf(out, "I: sending snapshot=%d\n", sequence)
			err = clonesrv5Send(ctx, snapshot, m.RoutingID(), store, string(m.Frame(1)), sequence)
			if errors.Is(err, zmq.ErrNoRoute) {
				err = nil
			}
		case now := <-tick.C:
			for _, key := range store.expired(now) {
				if err = publish(kvMsg{key: key}, 0, "delete"); err != nil {
					break
				}
			}
		case <-ctx.Done():
			fmt.Fprintf(out, "Interrupted\n%d messages handled\n", sequence)
			return ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// clonesrv5Send sends the keys of a subtree to a client, and then the key KTHXBAI with
// the sequence number of the snapshot and the subtree.
func clonesrv5Send(ctx context.Context, snapshot *zmq.Router, client string, store kvStore, subtree string, sequence int64) error {
	for key, kv := range store {
		if !strings.HasPrefix(key, subtree) {
			continue
		}
		if err := snapshot.SendTo(ctx, client, kv.frames()...); err != nil {
			return err
		}
	}
	end := kvMsg{key: "KTHXBAI", sequence: sequence, body: []byte(subtree)}
	return snapshot.SendTo(ctx, client, end.frames()...)
}
