package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/zerobroker/zmq"
)

// bstarsrv2 is bstarsrv with a reactor (chapter 4): bstar.serve contains the loop, and
// the server is a handler of requests.
func bstarsrv2(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("bstarsrv2", flag.ContinueOnError)
	primary := flags.Bool("p", false, "primary server")
	backup := flags.Bool("b", false, "backup server")
	at := flags.String("at", "tcp://127.0.0.1:", "prefix of the endpoints, before a port")
	if err := flags.Parse(args); err != nil {
		return err
	}
	front, local, remote, state := "5001", "5003", "5004", bstarPrimary
	switch {
	case *primary == *backup:
		return errors.New("usage: bstarsrv2 -p | -b")
	case *primary:
		fmt.Fprintln(out, "I: primary active, waiting for backup (passive)")
	case *backup:
		fmt.Fprintln(out, "I: backup passive, waiting for primary (active)")
		front, local, remote, state = "5002", "5004", "5003", bstarBackup
	}

	b, err := newBStar(out, state, *at+local, *at+remote)
	if err != nil {
		return err
	}
	defer b.close()
	frontend, err := zmq.NewRouter(nil)
	if err != nil {
		return err
	}
	defer frontend.Close()
	if _, err := frontend.Bind(*at + front); err != nil {
		return err
	}
	return b.serve(ctx, frontend, func(m zmq.Message) error {
		err := frontend.SendMessageTo(ctx, m.RoutingID(), m)
		if errors.Is(err, zmq.ErrNoRoute) {
			return nil
		}
		return err
	})
}

// serve runs the server until ctx ends. It calls handle for each request that an active
// server receives.
func (b *bstar) serve(ctx context.Context, voter *zmq.Router, handle func(zmq.Message) error) error {
	requests, states := make(chan zmq.Message), make(chan zmq.Message)
	go voter.Deliver(ctx, requests)
	go b.statesub.Deliver(ctx, states)
	tick := time.NewTicker(bstarInterval)
	defer tick.Stop()
	for {
		var err error
		select {
		case m := <-requests:
			if b.clientRequest() {
				err = handle(m)
			}
		case m := <-states:
			err = b.peerState(m)
		case <-tick.C:
			err = b.publish(ctx)
		case <-ctx.Done():
			return ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}
