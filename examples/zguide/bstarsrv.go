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

// bstarsrv is a server of the Binary Star pattern (chapter 4): one of two servers that
// echo requests, of which one is active. Start it with -p as the primary server and with
// -b as the backup server; bstarcli is the client.
//
// A primary server without a backup serves clients after two seconds, as the Guide's
// class bstar does; its bstarsrv does so at once. A real program uses the package
// binarystar of the module patterns.
func bstarsrv(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("bstarsrv", flag.ContinueOnError)
	primary := flags.Bool("p", false, "primary server")
	backup := flags.Bool("b", false, "backup server")
	at := flags.String("at", "tcp://127.0.0.1:", "prefix of the endpoints, before a port")
	if err := flags.Parse(args); err != nil {
		return err
	}
	front, local, remote, state := "5001", "5003", "5004", bstarPrimary
	switch {
	case *primary == *backup:
		return errors.New("usage: bstarsrv -p | -b")
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

	requests, states := make(chan zmq.Message), make(chan zmq.Message)
	go frontend.Deliver(ctx, requests)
	go b.statesub.Deliver(ctx, states)
	tick := time.NewTicker(bstarInterval)
	defer tick.Stop()
	for {
		var err error
		select {
		case m := <-requests:
			if !b.clientRequest() {
				break // the client tries the other server
			}
			err = frontend.SendMessageTo(ctx, m.RoutingID(), m)
			if errors.Is(err, zmq.ErrNoRoute) {
				err = nil
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
