package seq_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/zerobroker/zmq/patterns/seq"
)

// A subscriber that begins with the oldest message receives what the publisher still has,
// and then what it publishes.
func Example() {
	ctx := context.Background()
	pub, err := seq.NewPublisher(&seq.PublisherOptions{Topic: "orders", BufferMessages: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pub.Close()
	live, err1 := pub.Bind("tcp://127.0.0.1:*")
	replay, err2 := pub.BindReplay("tcp://127.0.0.1:*")
	if err := errors.Join(err1, err2); err != nil {
		fmt.Println(err)
		return
	}
	for _, text := range []string{"first", "second", "third"} {
		if _, err := pub.Publish(ctx, []byte(text)); err != nil {
			fmt.Println(err)
		}
	}

	sub, err := seq.NewSubscriber(&seq.SubscriberOptions{Start: seq.StartOldest})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sub.Close()
	if err := sub.Connect(live, replay); err != nil {
		fmt.Println(err)
		return
	}
	for m, err := range sub.Messages(ctx) {
		var lost *seq.LostError
		if errors.As(err, &lost) {
			fmt.Println("lost", lost.First, "to", lost.Last)
			continue
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(m.Topic, m.Number, string(m.Payload), m.Replayed)
		if m.Number == 2 {
			break
		}
	}
	// Output:
	//  1 second true
	//  2 third true
}
