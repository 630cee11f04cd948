package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/zerobroker/zmq"
)

// peering1 is the prototype of the flow of state between brokers (chapter 3): each
// broker publishes the number of its free workers, here a random one, and subscribes to
// those of its peers.
//
//	go run ./zguide peering1 DC1 DC2 DC3     and DC2 DC1 DC3, DC3 DC1 DC2
//
// The C program publishes when it has received nothing for a second. This one publishes
// each second.
func peering1(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("peering1", flag.ContinueOnError)
	at := flags.String("at", "ipc://", "prefix of the endpoints")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errors.New("usage: peering1 ME [PEER ...]")
	}
	self, peers := flags.Arg(0), flags.Args()[1:]

	fmt.Fprintf(out, "I: preparing broker at %s...\n", self)
	statebe, err := zmq.NewPub(nil)
	if err != nil {
		return err
	}
	defer statebe.Close()
	if _, err := statebe.Bind(*at + self + "-state.ipc"); err != nil {
		return err
	}
	statefe, err := zmq.NewSub(nil)
	if err != nil {
		return err
	}
	defer statefe.Close()
	if err := statefe.Subscribe(""); err != nil {
		return err
	}
	for _, peer := range peers {
		fmt.Fprintf(out, "I: connecting to state backend at '%s'\n", peer)
		if err := statefe.Connect(*at + peer + "-state.ipc"); err != nil {
			return err
		}
	}

	states := make(chan zmq.Message)
	go statefe.Deliver(ctx, states)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case m := <-states:
			if m.NumFrames() == 2 {
				fmt.Fprintf(out, "%s - %s workers free\n", m.Frame(0), m.Frame(1))
			}
		case <-tick.C:
			free := strconv.Itoa(rand.IntN(10))
			if err := statebe.Send(ctx, []byte(self), []byte(free)); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
