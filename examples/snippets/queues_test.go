package snippets_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zerobroker/zmq"
)

func Example_fullQueue() {
	push := must(zmq.NewPush(&zmq.Options{SendHWM: 2, Linger: zmq.NoLinger}))
	defer push.Close()
	check(push.Connect("inproc://not.bound")) // messages wait here for the connection

	for i := range 3 {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		err := push.Send(ctx, fmt.Append(nil, i))
		cancel()
		fmt.Println(i, "queued:", err == nil, "full:", errors.Is(err, context.DeadlineExceeded))
	}
	// Output:
	// 0 queued: true full: false
	// 1 queued: true full: false
	// 2 queued: false full: true
}

func Example_dropOldest() {
	ctx := context.Background()
	push := must(zmq.NewPush(&zmq.Options{SendHWM: 2, Overflow: zmq.OverflowDropOldest, Linger: zmq.NoLinger}))
	defer push.Close()
	check(push.Connect("inproc://not.bound"))
	for i := range 5 {
		check(push.Send(ctx, fmt.Append(nil, "position ", i))) // never waits
	}
	fmt.Println(push.Stats().Drops[zmq.DropHWM], "dropped")
	// Output:
	// 3 dropped
}

func Example_closing() {
	push := must(zmq.NewPush(&zmq.Options{Linger: 10 * time.Millisecond}))
	check(push.Connect("inproc://not.bound"))
	check(push.Send(context.Background(), []byte("lost")))

	err := push.Close() // waits for at most Linger
	if unsent, ok := errors.AsType[*zmq.UnsentError](err); ok {
		fmt.Println(unsent.Messages, "message was not sent")
	}
	// Output:
	// 1 message was not sent
}
