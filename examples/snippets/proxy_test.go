package snippets_test

import (
	"context"
	"fmt"
	"time"

	"github.com/zerobroker/zmq"
)

func Example_forwarder() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	publishers, subscribers := must(zmq.NewXSub(nil)), must(zmq.NewXPub(nil))
	defer publishers.Close()
	defer subscribers.Close()
	in, out := must(publishers.Bind("tcp://127.0.0.1:*")), must(subscribers.Bind("tcp://127.0.0.1:*"))

	var control zmq.ProxyControl
	ended := make(chan error, 1)
	go func() {
		ended <- zmq.Proxy(ctx, publishers.Socket, subscribers.Socket, &zmq.ProxyOptions{Control: &control})
	}()

	pub, sub := must(zmq.NewPub(nil)), must(zmq.NewSub(nil))
	defer pub.Close()
	defer sub.Close()
	check(pub.Connect(in))
	check(sub.Connect(out))
	check(sub.Subscribe("news"))
	check(pub.WaitSubscribers(ctx, 1, "news")) // the forwarder passes subscriptions on
	check(pub.Send(ctx, []byte("news today")))
	fmt.Println(must(sub.Recv(ctx)))

	control.Terminate()
	fmt.Println(<-ended)
	// Output:
	// news today
	// <nil>
}
