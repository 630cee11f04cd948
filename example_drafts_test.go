package zmq_test

import (
	"context"
	"fmt"

	"github.com/zerobroker/zmq"
)

func ExampleServer() {
	ctx := context.Background()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	server, client := must(zmq.NewServer(opts)), must(zmq.NewClient(opts))
	defer server.Close()
	defer client.Close()
	must(server.Bind("inproc://clock"))
	check(client.Connect("inproc://clock"))

	// A request may have any number of replies.
	check(client.Send(ctx, []byte("every second")))
	request := must(server.Recv(ctx))
	for i := range 3 {
		check(server.Reply(ctx, request, fmt.Append(nil, "tick ", i)))
	}
	for range 3 {
		fmt.Println(must(client.Recv(ctx)))
	}
	// Output:
	// tick 0
	// tick 1
	// tick 2
}

func ExampleClient() {
	ctx := context.Background()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	server, client := must(zmq.NewServer(opts)), must(zmq.NewClient(opts))
	defer server.Close()
	defer client.Close()
	must(server.Bind("inproc://echo"))
	check(client.Connect("inproc://echo"))

	// A client need not wait for the reply before its next request.
	check(client.Send(ctx, []byte("a")))
	check(client.Send(ctx, []byte("b")))
	for range 2 {
		m := must(server.Recv(ctx))
		check(server.SendTo(ctx, m.RoutingNumber(), m.Bytes()))
	}
	fmt.Println(must(client.Recv(ctx)), must(client.Recv(ctx)))
	// Output: a b
}

func ExamplePeer() {
	ctx := context.Background()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	a, b := must(zmq.NewPeer(opts)), must(zmq.NewPeer(opts))
	defer a.Close()
	defer b.Close()
	must(b.Bind("inproc://b"))
	number := must(a.ConnectPeer("inproc://b"))

	check(a.SendTo(ctx, number, []byte("ping")))
	m := must(b.Recv(ctx))
	check(b.Reply(ctx, m, []byte("pong")))
	reply := must(a.Recv(ctx))
	fmt.Println(m, reply, reply.RoutingNumber() == number)
	// Output: ping pong true
}

func ExampleRadio() {
	ctx := context.Background()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	radio, dish := must(zmq.NewRadio(opts)), must(zmq.NewDish(opts))
	defer radio.Close()
	defer dish.Close()
	must(radio.Bind("inproc://air"))
	check(dish.Join("weather"))
	check(dish.Connect("inproc://air"))

	check(radio.WaitSubscribers(ctx, 1, "weather"))
	check(radio.Send(ctx, "weather report", []byte("another group, which is not joined")))
	check(radio.Send(ctx, "weather", []byte("sunny")))
	m := must(dish.Recv(ctx))
	fmt.Println(m.Group, m)
	// Output: weather sunny
}

func ExampleDish() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	radio, dish := must(zmq.NewRadio(opts)), must(zmq.NewDish(opts))
	defer radio.Close()
	defer dish.Close()
	must(dish.Bind("inproc://air"))
	check(dish.Join("news", "sport"))
	check(radio.Connect("inproc://air"))

	check(dish.WaitSubscribed(ctx))
	check(radio.Send(ctx, "news", []byte("headline")))
	check(radio.Send(ctx, "sport", []byte("0:0")))
	for m, err := range dish.Messages(ctx) {
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Printf("%s: %s\n", m.Group, m)
		if m.Group == "sport" {
			cancel()
		}
	}
	// Output:
	// news: headline
	// sport: 0:0
	// context canceled
}

func ExampleScatter() {
	ctx := context.Background()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	scatter := must(zmq.NewScatter(opts))
	defer scatter.Close()
	must(scatter.Bind("inproc://work"))
	first, second := must(zmq.NewGather(opts)), must(zmq.NewGather(opts))
	defer first.Close()
	defer second.Close()
	check(first.Connect("inproc://work"))
	check(second.Connect("inproc://work"))

	for i := range 4 {
		check(scatter.Send(ctx, fmt.Append(nil, i)))
	}
	fmt.Println(must(first.Recv(ctx)), must(first.Recv(ctx)))
	fmt.Println(must(second.Recv(ctx)), must(second.Recv(ctx)))
	// Output:
	// 0 2
	// 1 3
}

func ExampleGather() {
	ctx := context.Background()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	gather := must(zmq.NewGather(opts))
	defer gather.Close()
	must(gather.Bind("inproc://results"))
	left, right := must(zmq.NewScatter(opts)), must(zmq.NewScatter(opts))
	defer left.Close()
	defer right.Close()
	check(left.Connect("inproc://results"))
	check(right.Connect("inproc://results"))

	for range 2 {
		check(left.Send(ctx, []byte("left")))
		check(right.Send(ctx, []byte("right")))
	}
	// Recv takes a message from each peer in turn.
	for range 4 {
		fmt.Println(must(gather.Recv(ctx)))
	}
	// Output:
	// left
	// right
	// left
	// right
}

func ExampleChannel() {
	ctx := context.Background()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	ping, pong := must(zmq.NewChannel(opts)), must(zmq.NewChannel(opts))
	defer ping.Close()
	defer pong.Close()
	must(ping.Bind("inproc://table"))
	check(pong.Connect("inproc://table"))

	check(ping.Send(ctx, []byte("ping")))
	fmt.Println(must(pong.Recv(ctx)))
	check(pong.Send(ctx, []byte("pong")))
	fmt.Println(must(ping.Recv(ctx)))
	// Output:
	// ping
	// pong
}
