package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/zerobroker/zmq"
)

// lvcache is a last-value cache (chapter 5): a proxy between a publisher (pathopub) and
// subscribers (pathosub), which sends the last message of a topic again when a subscriber
// subscribes to it.
//
//	go run ./zguide lvcache
//	go run ./zguide pathopub -bind tcp://127.0.0.1:5557
//	go run ./zguide pathosub -connect tcp://127.0.0.1:5558
//
// The XPUB reports every subscription, and not only the first to a topic. As in the C
// program, the earlier subscribers of the topic receive its last message again; with
// XPubOptions.LastValue only the new one does. A real program uses the package lvc of
// the module patterns.
func lvcache(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("lvcache", flag.ContinueOnError)
	front := flags.String("connect", "tcp://127.0.0.1:5557", "endpoint of the publisher")
	back := flags.String("bind", "tcp://127.0.0.1:5558", "endpoint for subscribers")
	if err := flags.Parse(args); err != nil {
		return err
	}

	frontend, err := zmq.NewSub(nil)
	if err != nil {
		return err
	}
	defer frontend.Close()
	if err := frontend.Connect(*front); err != nil {
		return err
	}
	if err := frontend.Subscribe(""); err != nil {
		return err
	}
	backend, err := zmq.NewXPub(&zmq.Options{XPub: zmq.XPubOptions{Notify: zmq.XPubNotifyEverySubscribe}})
	if err != nil {
		return err
	}
	defer backend.Shutdown(ctx)
	if _, err := backend.Bind(*back); err != nil {
		return err
	}

	cache := map[string]zmq.Message{}
	updates, subscriptions := make(chan zmq.Message), make(chan zmq.Message)
	go frontend.Deliver(ctx, updates)
	go backend.Deliver(ctx, subscriptions)
	for {
		var err error
		select {
		case m := <-updates:
			cache[string(m.Frame(0))] = m.Clone()
			err = backend.Send(ctx, m.Frames()...)
		case m := <-subscriptions:
			event := m.Frame(0)
			if len(event) == 0 || event[0] != 1 {
				break // a cancellation
			}
			topic := string(event[1:])
			fmt.Fprintf(out, "Sending cached topic %s\n", topic)
			if last, ok := cache[topic]; ok {
				err = backend.Send(ctx, last.Frames()...)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}
