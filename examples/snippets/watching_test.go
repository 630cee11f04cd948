package snippets_test

import (
	"context"
	"fmt"
	"time"

	"github.com/zerobroker/zmq"
)

func Example_events() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	pull := must(zmq.NewPull(nil))
	defer pull.Close()
	events := pull.Events(ctx) // of what happens from now on
	endpoint := must(pull.Bind("tcp://127.0.0.1:*"))

	push := must(zmq.NewPush(nil))
	check(push.Connect(endpoint))
	check(push.WaitConnected(ctx))
	push.Close()

	for e := range events {
		fmt.Println(e.Kind, e.Peer.SocketType())
		if e.Kind == zmq.EventDisconnected {
			break
		}
	}
	// Output:
	// listening unknown
	// accepted unknown
	// ready PUSH
	// disconnected PUSH
}
