package zmq_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zerobroker/zmq"
)

// forward sends all messages that it receives, until ctx ends or a socket is
// closed. It takes sockets of all types that receive and send.
func forward(ctx context.Context, from zmq.Receiver, to zmq.Sender) error {
	for m, err := range from.Messages(ctx) {
		if err == nil {
			err = to.SendMessage(ctx, m)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// A function with a parameter of type Sender sends with sockets of many types.
// This proxy connects publishers and subscribers with two such calls.
func ExampleSender() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	xsub, xpub := must(zmq.NewXSub(opts)), must(zmq.NewXPub(opts))
	defer xsub.Close()
	defer xpub.Close()
	must(xsub.Bind("inproc://publishers"))
	must(xpub.Bind("inproc://subscribers"))
	go forward(ctx, xsub.Receiver, xpub.Sender) // messages
	go forward(ctx, xpub.Receiver, xsub.Sender) // subscriptions

	pub, sub := must(zmq.NewPub(opts)), must(zmq.NewSub(opts))
	defer pub.Close()
	defer sub.Close()
	check(pub.Connect("inproc://publishers"))
	check(sub.Connect("inproc://subscribers"))
	check(sub.Subscribe("news"))
	check(pub.WaitSubscribers(ctx, 1, "news")) // the proxy forwards subscriptions
	check(pub.Send(ctx, []byte("news at ten")))
	fmt.Println(must(sub.Recv(ctx)))
	// Output:
	// news at ten
}

// The last iteration has the error that ends the loop.
func ExampleReceiver_Messages() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	push, pull := must(zmq.NewPush(opts)), must(zmq.NewPull(opts))
	defer push.Close()
	defer pull.Close()
	must(pull.Bind("inproc://work"))
	check(push.Connect("inproc://work"))
	check(push.Send(ctx, []byte("one")))
	check(push.Send(ctx, []byte("two")))

	for m, err := range pull.Messages(ctx) {
		switch {
		case errors.Is(err, zmq.ErrClosed):
			fmt.Println("the socket is closed")
		case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
			fmt.Println("the context has ended")
		case err != nil:
			fmt.Println("receiving failed:", err)
		default:
			fmt.Println(m)
			if m.String() == "two" {
				pull.Close() // usually in another goroutine
			}
		}
	}
	// Output:
	// one
	// two
	// the socket is closed
}

// The error of a wait says why no peer is connected.
func ExampleConnector_WaitConnected() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	push := must(zmq.NewPush(&zmq.Options{Namespace: zmq.NewNamespace()}))
	defer push.Close()
	check(push.Connect("inproc://work"))

	err := push.WaitConnected(ctx)
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	fmt.Println(err)
	// Output:
	// true
	// zmq: wait connected: context deadline exceeded: inproc://work: no socket is bound
}

// Close reports messages that were not written within Options.Linger.
func ExampleSocket_Close() {
	push := must(zmq.NewPush(&zmq.Options{Namespace: zmq.NewNamespace(), Linger: zmq.NoLinger}))
	check(push.Connect("inproc://work")) // to which no socket is bound
	check(push.TrySend([]byte("one")))
	check(push.TrySend([]byte("two")))

	var unsent *zmq.UnsentError
	if err := push.Close(); errors.As(err, &unsent) {
		fmt.Println(unsent.Messages, "messages not sent")
	}
	// Output:
	// 2 messages not sent
}

func ExampleSocket_Events() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	pull := must(zmq.NewPull(nil))
	defer pull.Close()
	events := pull.Events(ctx)
	endpoint := must(pull.Bind("tcp://127.0.0.1:*"))

	push := must(zmq.NewPush(nil))
	check(push.Connect(endpoint))
	check(push.WaitConnected(ctx))
	check(push.Close())

	for e := range events {
		fmt.Println(e.Kind)
		if e.Kind == zmq.EventDisconnected {
			break
		}
	}
	// Output:
	// listening
	// accepted
	// ready
	// disconnected
}

// A batch of small messages is sent, and received, faster than one message at a time.
func ExampleReceiver_RecvBatch() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	push, pull := must(zmq.NewPush(opts)), must(zmq.NewPull(opts))
	defer push.Close()
	defer pull.Close()
	must(pull.Bind("inproc://samples"))
	check(push.Connect("inproc://samples"))

	var samples []zmq.Message
	for i := range 5 {
		samples = append(samples, zmq.NewMessage(fmt.Append(nil, "sample ", i)))
	}
	n, err := push.SendBatch(ctx, samples)
	if err != nil {
		fmt.Println("not sent:", len(samples)-n, err)
	}

	batch := make([]zmq.Message, 64)
	for received := 0; received < len(samples); {
		n := must(pull.RecvBatch(ctx, batch))
		for _, m := range batch[:n] {
			fmt.Println(m)
		}
		received += n
	}
	// Output:
	// sample 0
	// sample 1
	// sample 2
	// sample 3
	// sample 4
}
