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

	early, _ := zmq.NewSub(nil)
	defer early.Close()
	early.Subscribe("")
	early.Connect(back)
	early.WaitConnected(ctx)
	pub, _ := zmq.NewPub(nil)
	defer pub.Close()
	pub.Connect(front)
	pub.WaitSubscribers(ctx, 1, "price")
	for _, price := range []string{"10", "11", "12"} {
		pub.Send(ctx, []byte("price/tea"), []byte(price))
		pub.Send(ctx, []byte("price/coffee"), []byte(price))
	}
	for got := ""; got != "price/coffee\t12" && ctx.Err() == nil; { // the proxy has all messages
		m, _ := early.Recv(ctx)
		got = m.String()
	}

	late, _ := zmq.NewSub(nil)
	defer late.Close()
	late.Subscribe("price/t")
	late.Connect(back)
	m, err := late.Recv(ctx)
	fmt.Println(m, err)
	// Output: price/tea	12 <nil>
}
