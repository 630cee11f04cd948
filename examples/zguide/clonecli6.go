package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"time"
)

// clonecli6 is the sixth model of the Clone pattern (chapter 5): a client of two servers
// (clonesrv6), which updates a random key each second. clone.go contains the pattern.
func clonecli6(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("clonecli6", flag.ContinueOnError)
	at := flags.String("at", "tcp://127.0.0.1:", "prefix of the endpoints, before a port")
	if err := flags.Parse(args); err != nil {
		return err
	}
	const subtree = "/client/"

	client, err := newCloneClient(out, subtree)
	if err != nil {
		return err
	}
	defer client.close()
	for _, port := range []int{5556, 5566} {
		if err := client.connect(*at, port); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() { cancel(client.run(ctx)) }()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			key := subtree + strconv.Itoa(rand.IntN(10000))
			if err := client.set(ctx, key, fmt.Append(nil, rand.IntN(1000000)), rand.IntN(30)); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
