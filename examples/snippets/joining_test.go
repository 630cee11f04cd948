package snippets_test

import (
	"context"
	"fmt"
	"time"

	"github.com/zerobroker/zmq"
)

func Example_publisherWaits() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	pub, sub := must(zmq.NewPub(nil)), must(zmq.NewSub(nil))
	defer pub.Close()
	defer sub.Close()
	check(sub.Subscribe("weather."))
	check(sub.Connect(must(pub.Bind("tcp://127.0.0.1:*"))))

	check(pub.WaitSubscribers(ctx, 1, "weather.oslo")) // until one peer would receive this topic
	check(pub.Send(ctx, []byte("weather.oslo"), []byte("snow")))
	fmt.Printf("%s\n", must(sub.Recv(ctx)).Frames())
	// Output:
	// [weather.oslo snow]
}

func Example_subscriberWaits() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	pub, sub := must(zmq.NewPub(nil)), must(zmq.NewSub(nil))
	defer pub.Close()
	defer sub.Close()
	check(sub.Connect(must(pub.Bind("tcp://127.0.0.1:*"))))

	check(sub.Subscribe("weather."))
	check(sub.WaitSubscribed(ctx)) // until the publisher has processed the subscription
	fmt.Println("nothing that is published from now on is missed")
	// Output:
	// nothing that is published from now on is missed
}
