package zmq_test

import (
	"context"
	"fmt"
	"time"

	"github.com/zerobroker/zmq"
)

// After Flush every message is written, and the socket can still be used.
func ExampleSender_Flush() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	push, pull := must(zmq.NewPush(nil)), must(zmq.NewPull(nil))
	defer push.Close()
	defer pull.Close()
	check(push.Connect(must(pull.Bind("tcp://127.0.0.1:*"))))

	for i := range 3 {
		check(push.Send(ctx, fmt.Append(nil, "record ", i)))
	}
	if err := push.Flush(ctx); err != nil {
		fmt.Println("not everything is written:", err)
	}
	fmt.Println(push.Stats().MessagesWritten, "messages written")
	// Output:
	// 3 messages written
}

// A select statement receives messages together with other channels. Deliver loses no
// message when it ends: the next call that receives has the one that it could not send.
func ExampleReceiver_Deliver() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	push, pull := must(zmq.NewPush(opts)), must(zmq.NewPull(opts))
	defer push.Close()
	defer pull.Close()
	must(pull.Bind("inproc://work"))
	check(push.Connect("inproc://work"))
	check(push.Send(ctx, []byte("wash")))

	messages, done := make(chan zmq.Message), make(chan error, 1)
	go func() { done <- pull.Deliver(ctx, messages) }()
	for messages != nil {
		select {
		case m := <-messages:
			fmt.Println(m)
			cancel() // after the last one
		case err := <-done:
			fmt.Println("ended:", err)
			messages = nil
		}
	}
	// Output:
	// wash
	// ended: context canceled
}

// A proxy has counters, and is paused and ended by another goroutine.
func ExampleProxyControl() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	front, back := must(zmq.NewPull(opts)), must(zmq.NewPush(opts))
	push, pull := must(zmq.NewPush(opts)), must(zmq.NewPull(opts))
	for _, s := range []zmq.Socket{front.Socket, back.Socket, push.Socket, pull.Socket} {
		defer s.Close()
	}
	check(push.Connect(must(front.Bind("inproc://front"))))
	check(pull.Connect(must(back.Bind("inproc://back"))))
	var control zmq.ProxyControl
	done := make(chan error, 1)
	go func() { done <- zmq.Proxy(ctx, front.Socket, back.Socket, &zmq.ProxyOptions{Control: &control}) }()

	check(push.Send(ctx, []byte("task")))
	fmt.Println(must(pull.Recv(ctx)))
	control.Pause() // tasks wait in the queue of front until Resume
	fmt.Println("forwarded:", control.Stats().Back.MessagesSent, "paused:", control.Stats().Paused)
	control.Terminate()
	fmt.Println(<-done)
	// Output:
	// task
	// forwarded: 1 paused: true
	// <nil>
}
