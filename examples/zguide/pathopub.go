package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/zerobroker/zmq"
)

// pathopub is the pathological publisher (chapter 5): it publishes each of a thousand
// topics once, and then a random topic each second. A subscriber (pathosub) that connects
// later waits for its topic for long, unless lvcache is between them.
//
// It waits a second for subscribers. [zmq.Publisher.WaitSubscribers] would not help
// here: there is no number of subscribers to wait for.
func pathopub(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("pathopub", flag.ContinueOnError)
	endpoint := flags.String("bind", "tcp://127.0.0.1:5556", "endpoint for subscribers; tcp://127.0.0.1:5557 for lvcache")
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

	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for first := true; ; first = false {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if !first {
			topic := fmt.Appendf(nil, "%03d", rand.IntN(1000))
			if err := publisher.Send(ctx, topic, []byte("Off with his head!")); err != nil {
				return err
			}
			continue
		}
		for topic := range 1000 {
			if err := publisher.Send(ctx, fmt.Appendf(nil, "%03d", topic), []byte("Save Roger")); err != nil {
				return err
			}
		}
	}
}
