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
	client.Connect("inproc://clock")

	// One question, and as many answers as it takes.
	client.Send(ctx, []byte("every second"))
	question := must(server.Recv(ctx))
	for i := range 3 {
		server.Reply(ctx, question, fmt.Append(nil, "tick ", i))
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
	client.Connect("inproc://echo")

	// No lockstep: several may be under way.
	client.Send(ctx, []byte("a"))
	client.Send(ctx, []byte("b"))
	for range 2 {
		m := must(server.Recv(ctx))
		server.SendTo(ctx, m.RoutingNumber(), m.Bytes())
	}
	fmt.Println(must(client.Recv(ctx)), must(client.Recv(ctx)))
	// Output: a b
}

func ExamplePeer() {
	ctx := context.Background()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	alice, bob := must(zmq.NewPeer(opts)), must(zmq.NewPeer(opts))
	defer alice.Close()
	defer bob.Close()
	must(bob.Bind("inproc://bob"))
	atBob := must(alice.ConnectPeer("inproc://bob"))

	alice.SendTo(ctx, atBob, []byte("hello"))
	m := must(bob.Recv(ctx))
	bob.Reply(ctx, m, []byte("hello yourself"))
	answer := must(alice.Recv(ctx))
	fmt.Println(m, "-", answer, answer.RoutingNumber() == atBob)
	// Output: hello - hello yourself true
}

func ExampleRadio() {
	ctx := context.Background()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	radio, dish := must(zmq.NewRadio(opts)), must(zmq.NewDish(opts))
	defer radio.Close()
	defer dish.Close()
	must(radio.Bind("inproc://air"))
	dish.Join("weather")
	dish.Connect("inproc://air")

	if err := radio.WaitSubscribers(ctx, 1, "weather"); err != nil {
		panic(err)
	}
	radio.Send(ctx, "weather report", []byte("another group: not a prefix"))
	radio.Send(ctx, "weather", []byte("sunny"))
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
	dish.Join("news", "sport")
	radio.Connect("inproc://air")

	dish.WaitSubscribed(ctx)
	radio.Send(ctx, "news", []byte("nothing happened"))
	radio.Send(ctx, "sport", []byte("0:0"))
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
	// news: nothing happened
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
	first.Connect("inproc://work")
	second.Connect("inproc://work")

	for i := range 4 {
		scatter.Send(ctx, fmt.Append(nil, i))
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
	left.Connect("inproc://results")
	right.Connect("inproc://results")

	// One message from each peer in turn.
	for range 2 {
		left.Send(ctx, []byte("left"))
		right.Send(ctx, []byte("right"))
	}
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
	pong.Connect("inproc://table")

	ping.Send(ctx, []byte("ping"))
	fmt.Println(must(pong.Recv(ctx)))
	pong.Send(ctx, []byte("pong"))
	fmt.Println(must(ping.Recv(ctx)))
	// Output:
	// ping
	// pong
}
