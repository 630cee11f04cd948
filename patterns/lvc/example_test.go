package lvc_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/lvc"
)

// A subscriber that connects after the messages were published receives the last one of each
// topic.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	proxy, err := lvc.New(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer proxy.Close()
	front, err1 := proxy.Front().Bind("tcp://127.0.0.1:*")
	back, err2 := proxy.Back().Bind("tcp://127.0.0.1:*")
	if err := errors.Join(err1, err2); err != nil {
		fmt.Println(err)
		return
	}
	go proxy.Run(ctx)

	pub, _ := zmq.NewPub(nil)
	defer pub.Close()
	pub.Connect(front)
	pub.WaitSubscribers(ctx, 1, "price")
	for _, price := range []string{"10", "11", "12"} {
		pub.Send(ctx, []byte("price/tea"), []byte(price))
		pub.Send(ctx, []byte("price/coffee"), []byte(price))
	}
	for proxy.Stats().Received < 6 {
		time.Sleep(time.Millisecond)
	}

	sub, _ := zmq.NewSub(nil)
	defer sub.Close()
	sub.Subscribe("price/t")
	sub.Connect(back)
	m, err := sub.Recv(ctx)
	fmt.Println(m, err)
	// Output: price/tea	12 <nil>
}
