package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/zerobroker/zmq"
)

// wuserver shows PUB and SUB (chapter 1): a server that publishes the weather of random
// zip codes, as fast as it can, to any number of subscribers.
//
// Send of a PUB neither waits nor fails if there is no subscriber, and a message for
// which there is room is sent although ctx has ended. So the loop tests ctx.
func wuserver(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("wuserver", flag.ContinueOnError)
	endpoint := flags.String("bind", "tcp://127.0.0.1:5556", "endpoint for subscribers")
	if err := flags.Parse(args); err != nil {
		return err
	}

	publisher, err := zmq.NewPub(nil)
	if err != nil {
		return err
	}
	defer publisher.Shutdown(ctx)
	if _, err := publisher.Bind(*endpoint); err != nil {
		return err
	}

	for ctx.Err() == nil {
		zip, temperature, humidity := rand.IntN(100000), rand.IntN(215)-80, rand.IntN(50)+10
		update := fmt.Appendf(nil, "%05d %d %d", zip, temperature, humidity)
		if err := publisher.Send(ctx, update); err != nil {
			return err
		}
	}
	return ctx.Err()
}
