// Command events publishes numbered events and watches them, as LLM servers do for their
// caches of keys and values: a watcher that was disconnected receives what it has missed.
// The wire format is that of vLLM's event plane, so either side may be vLLM.
//
//	go run ./events publish tcp://127.0.0.1:5557 tcp://127.0.0.1:5558
//	go run ./events watch tcp://127.0.0.1:5557 tcp://127.0.0.1:5558
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/zerobroker/zmq/patterns/seq"
)

// publish publishes each line of r as an event. It keeps the last 10,000 for watchers
// that have missed them.
func publish(ctx context.Context, endpoint, replay string, r io.Reader) error {
	pub, err := seq.NewPublisher(&seq.PublisherOptions{Topic: "kv-events", BufferMessages: 10_000})
	if err != nil {
		return err
	}
	defer pub.Close()
	if _, err := pub.Bind(endpoint); err != nil {
		return err
	}
	if _, err := pub.BindReplay(replay); err != nil {
		return err
	}
	lines := make(chan string)
	go func() {
		for in := bufio.NewScanner(r); in.Scan(); {
			lines <- in.Text()
		}
	}()
	for { // also after the last line: watchers may still ask for events
		select {
		case line := <-lines:
			if _, err := pub.Publish(ctx, []byte(line)); err != nil && !errors.Is(err, seq.ErrEmptyPayload) {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// watch writes the events of a publisher to w, in order and from the oldest one that the
// publisher has.
func watch(ctx context.Context, endpoint, replay string, w io.Writer) error {
	sub, err := seq.NewSubscriber(&seq.SubscriberOptions{
		Start:         seq.StartOldest,
		ProbeInterval: time.Second, // asks a silent publisher whether the last events were missed
	})
	if err != nil {
		return err
	}
	defer sub.Close()
	if err := sub.Connect(endpoint, replay); err != nil {
		return err
	}
	for m, err := range sub.Messages(ctx) {
		var lost *seq.LostError
		var restarted *seq.RestartedError
		switch {
		case errors.As(err, &lost):
			fmt.Fprintf(w, "events %d to %d are lost: drop what depends on them\n", lost.First, lost.Last)
		case errors.As(err, &restarted):
			fmt.Fprintln(w, "the publisher has restarted: begin again")
		case err != nil:
			return err
		default:
			fmt.Fprintf(w, "%d %s\n", m.Number, m.Payload)
		}
	}
	return nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) != 4 {
		log.Fatal("usage: events publish ENDPOINT REPLAY | events watch ENDPOINT REPLAY")
	}
	var err error
	switch os.Args[1] {
	case "publish":
		err = publish(ctx, os.Args[2], os.Args[3], os.Stdin)
	case "watch":
		err = watch(ctx, os.Args[2], os.Args[3], os.Stdout)
	default:
		log.Fatalf("unknown command %s", os.Args[1])
	}
	if err != nil && ctx.Err() == nil {
		log.Fatal(err)
	}
}
