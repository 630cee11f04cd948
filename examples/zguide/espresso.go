package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/zerobroker/zmq"
)

// espresso shows a proxy that prints what it forwards (chapter 5): a publisher of random
// letters, a subscriber that ends after five messages, an XSUB-XPUB proxy between them,
// and a listener, which receives a copy of each message and each subscription.
//
// A copy that the listener cannot take at once is dropped, so that it does not delay the
// proxy. Therefore the proxy begins when the listener is connected.
func espresso(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("espresso", flag.ContinueOnError)
	front := flags.String("front", "tcp://127.0.0.1:6000", "endpoint of the publisher")
	back := flags.String("back", "tcp://127.0.0.1:6001", "endpoint for subscribers")
	if err := flags.Parse(args); err != nil {
		return err
	}

	subscriber, err := zmq.NewXSub(nil)
	if err != nil {
		return err
	}
	defer subscriber.Shutdown(ctx)
	if err := subscriber.Connect(*front); err != nil {
		return err
	}
	publisher, err := zmq.NewXPub(nil)
	if err != nil {
		return err
	}
	defer publisher.Shutdown(ctx)
	if _, err := publisher.Bind(*back); err != nil {
		return err
	}
	internal := &zmq.Options{Namespace: zmq.NewNamespace()}
	capture, err := zmq.NewPair(internal)
	if err != nil {
		return err
	}
	defer capture.Close()
	if _, err := capture.Bind("inproc://listener"); err != nil {
		return err
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() { cancel(espressoListener(ctx, out, internal)) }()
	if err := capture.WaitConnected(ctx); err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	go func() { cancel(espressoPublisher(ctx, *front)) }()
	go func() {
		if err := espressoSubscriber(ctx, *back); err != nil {
			cancel(err)
		}
	}()
	cancel(zmq.Proxy(ctx, subscriber.Socket, publisher.Socket, &zmq.ProxyOptions{Capture: capture.Socket}))
	return context.Cause(ctx)
}

func espressoPublisher(ctx context.Context, endpoint string) error {
	publisher, err := zmq.NewPub(nil)
	if err != nil {
		return err
	}
	defer publisher.Shutdown(ctx)
	if _, err := publisher.Bind(endpoint); err != nil {
		return err
	}
	for {
		message := fmt.Appendf(nil, "%c-%05d", 'A'+rand.IntN(10), rand.IntN(100000))
		if err := publisher.Send(ctx, message); err != nil {
			return err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func espressoSubscriber(ctx context.Context, endpoint string) error {
	subscriber, err := zmq.NewSub(nil)
	if err != nil {
		return err
	}
	defer subscriber.Close()
	if err := subscriber.Connect(endpoint); err != nil {
		return err
	}
	if err := subscriber.Subscribe("A", "B"); err != nil {
		return err
	}
	for range 5 {
		if _, err := subscriber.Recv(ctx); err != nil {
			return err
		}
	}
	return nil
}

func espressoListener(ctx context.Context, out io.Writer, internal *zmq.Options) error {
	listener, err := zmq.NewPair(internal)
	if err != nil {
		return err
	}
	defer listener.Close()
	if err := listener.Connect("inproc://listener"); err != nil {
		return err
	}
	for m, err := range listener.Messages(ctx) {
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "[%03d] %q\n", m.Size(), m.String())
	}
	return nil
}
