package zmq_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zerobroker/zmq"
)

// must ends an example that cannot go on.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	push := must(zmq.NewPush(nil))
	defer push.Close()
	endpoint := must(push.Bind("tcp://127.0.0.1:*"))

	pull := must(zmq.NewPull(nil))
	defer pull.Close()
	if err := pull.Connect(endpoint); err != nil {
		panic(err)
	}

	for _, work := range []string{"wash", "dry", "fold"} {
		if err := push.Send(ctx, []byte(work)); err != nil {
			panic(err)
		}
	}
	n := 0
	for m, err := range pull.Messages(ctx) {
		if err != nil {
			panic(err)
		}
		fmt.Println(m)
		if n++; n == 3 {
			break
		}
	}
	// Output:
	// wash
	// dry
	// fold
}

func ExamplePush() {
	ctx := context.Background()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	push := must(zmq.NewPush(opts))
	defer push.Close()
	must(push.Bind("inproc://work"))

	// Two workers get every second message each.
	first, second := must(zmq.NewPull(opts)), must(zmq.NewPull(opts))
	defer first.Close()
	defer second.Close()
	first.Connect("inproc://work")
	second.Connect("inproc://work")

	for i := range 4 {
		push.Send(ctx, fmt.Append(nil, "job ", i))
	}
	fmt.Println(must(first.Recv(ctx)), must(first.Recv(ctx)))
	fmt.Println(must(second.Recv(ctx)), must(second.Recv(ctx)))
	// Output:
	// job 0 job 2
	// job 1 job 3
}

func ExamplePull() {
	ctx := context.Background()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	pull := must(zmq.NewPull(opts))
	defer pull.Close()
	must(pull.Bind("inproc://results"))

	if _, err := pull.TryRecv(); errors.Is(err, zmq.ErrWouldBlock) {
		fmt.Println("nothing yet")
	}
	push := must(zmq.NewPush(opts))
	defer push.Close()
	push.Connect("inproc://results")
	push.Send(ctx, []byte("part one"), []byte("part two"))

	m := must(pull.Recv(ctx))
	fmt.Printf("%d frames: %q %q\n", m.NumFrames(), m.Frame(0), m.Frame(1))
	// Output:
	// nothing yet
	// 2 frames: "part one" "part two"
}

func ExamplePub() {
	ctx := context.Background()
	pub := must(zmq.NewPub(nil))
	defer pub.Close()
	endpoint := must(pub.Bind("tcp://127.0.0.1:*"))

	sub := must(zmq.NewSub(nil))
	defer sub.Close()
	sub.Subscribe("weather.")
	sub.Connect(endpoint)

	// Without this, what is published before the subscription arrives is lost.
	if err := pub.WaitSubscribers(ctx, 1, "weather.oslo"); err != nil {
		panic(err)
	}
	pub.Send(ctx, []byte("sports.chess"), []byte("draw"))
	pub.Send(ctx, []byte("weather.oslo"), []byte("snow"))
	fmt.Println(must(sub.Recv(ctx)))
	// Output:
	// weather.oslo	snow
}

func ExampleSub() {
	ctx := context.Background()
	sub := must(zmq.NewSub(nil))
	defer sub.Close()
	// A subscription is the socket's: made once, told to every publisher.
	sub.Subscribe("a", "b")
	endpoint := must(sub.Bind("tcp://127.0.0.1:*"))

	pub := must(zmq.NewPub(nil))
	defer pub.Close()
	pub.Connect(endpoint)

	if err := sub.WaitSubscribed(ctx); err != nil { // a publisher knows both
		panic(err)
	}
	for _, topic := range []string{"a1", "c1", "b1"} {
		pub.Send(ctx, []byte(topic))
	}
	fmt.Println(must(sub.Recv(ctx)), must(sub.Recv(ctx)))
	// Output:
	// a1 b1
}

func ExampleXPub() {
	ctx := context.Background()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	xpub := must(zmq.NewXPub(opts))
	defer xpub.Close()
	must(xpub.Bind("inproc://feed"))

	sub := must(zmq.NewSub(opts))
	sub.Connect("inproc://feed")
	sub.Subscribe("news")
	sub.Unsubscribe("news")
	sub.Close()

	for range 2 {
		m := must(xpub.Recv(ctx))
		fmt.Printf("%q\n", m.Bytes())
	}
	// Output:
	// "\x01news"
	// "\x00news"
}

func ExampleXSub() {
	ctx := context.Background()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	xpub := must(zmq.NewXPub(opts))
	defer xpub.Close()
	must(xpub.Bind("inproc://feed"))

	xsub := must(zmq.NewXSub(opts))
	defer xsub.Close()
	xsub.Connect("inproc://feed")
	xsub.Send(ctx, []byte("\x01news")) // subscribes
	xsub.Send(ctx, []byte("hello"))    // goes to the publishers

	subscription, hello := must(xpub.Recv(ctx)), must(xpub.Recv(ctx))
	fmt.Printf("%q %q\n", subscription.Bytes(), hello.Bytes())
	xpub.Send(ctx, []byte("news at ten"))
	fmt.Println(must(xsub.Recv(ctx)))
	// Output:
	// "\x01news" "hello"
	// news at ten
}

func ExampleReq() {
	ctx := context.Background()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	rep := must(zmq.NewRep(opts))
	defer rep.Close()
	must(rep.Bind("inproc://echo"))

	req := must(zmq.NewReq(opts))
	defer req.Close()
	req.Connect("inproc://echo")

	req.Send(ctx, []byte("hello"))
	if err := req.TrySend([]byte("again")); errors.Is(err, zmq.ErrInvalidState) {
		fmt.Println("one at a time")
	}
	request := must(rep.Recv(ctx))
	rep.Send(ctx, request.Bytes(), []byte("world"))
	fmt.Println(must(req.Recv(ctx)))
	// Output:
	// one at a time
	// hello	world
}

func ExampleReq_Do() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	rep := must(zmq.NewRep(nil))
	defer rep.Close()
	endpoint := must(rep.Bind("tcp://127.0.0.1:*"))
	go func() {
		for m, err := range rep.Messages(ctx) {
			if err != nil {
				return
			}
			rep.Send(ctx, append(m.Bytes(), '!'))
		}
	}()

	req := must(zmq.NewReq(nil))
	defer req.Close()
	req.Connect(endpoint)
	// Any number of goroutines may do this on one socket.
	reply := must(req.Do(ctx, []byte("hello")))
	fmt.Println(reply)
	// Output:
	// hello!
}

func ExampleRep() {
	ctx := context.Background()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	rep := must(zmq.NewRep(opts))
	defer rep.Close()
	must(rep.Bind("inproc://upper"))

	req := must(zmq.NewReq(opts))
	defer req.Close()
	req.Connect("inproc://upper")
	req.Send(ctx, []byte("ping"))

	request := must(rep.Recv(ctx))
	fmt.Println("request:", request)
	rep.Send(ctx, []byte("pong"))
	fmt.Println("reply:", must(req.Recv(ctx)))
	// Output:
	// request: ping
	// reply: pong
}

func ExampleDealer() {
	ctx := context.Background()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	rep := must(zmq.NewRep(opts))
	defer rep.Close()
	must(rep.Bind("inproc://service"))

	dealer := must(zmq.NewDealer(opts))
	defer dealer.Close()
	dealer.Connect("inproc://service")
	// An empty frame ends the envelope that REP sends back.
	dealer.Send(ctx, nil, []byte("request"))

	must(rep.Recv(ctx))
	rep.Send(ctx, []byte("reply"))
	m := must(dealer.Recv(ctx))
	fmt.Printf("%q\n", m.Frames())
	// Output:
	// ["" "reply"]
}

func ExampleRouter() {
	ctx := context.Background()
	router := must(zmq.NewRouter(nil))
	defer router.Close()
	endpoint := must(router.Bind("tcp://127.0.0.1:*"))

	dealer := must(zmq.NewDealer(&zmq.Options{RoutingID: "worker-1"}))
	defer dealer.Close()
	dealer.Connect(endpoint)
	dealer.Send(ctx, []byte("ready"))

	m := must(router.Recv(ctx))
	fmt.Println(m.RoutingID(), "says", m)
	router.SendTo(ctx, "worker-1", []byte("job"))
	fmt.Println(must(dealer.Recv(ctx)))

	// Reply also answers a REQ, whose requests have an envelope.
	req := must(zmq.NewReq(nil))
	defer req.Close()
	req.Connect(endpoint)
	req.Send(ctx, []byte("ping"))
	request := must(router.Recv(ctx))
	router.Reply(ctx, request, []byte("pong to "), request.Body().Bytes())
	fmt.Printf("%s\n", must(req.Recv(ctx)).Bytes())

	err := router.SendTo(ctx, "worker-2", []byte("job"))
	fmt.Println(errors.Is(err, zmq.ErrNoRoute))
	// Output:
	// worker-1 says ready
	// job
	// pong to ping
	// true
}

func ExamplePair() {
	ctx := context.Background()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	a, b := must(zmq.NewPair(opts)), must(zmq.NewPair(opts))
	defer a.Close()
	defer b.Close()
	must(a.Bind("inproc://pair"))
	b.Connect("inproc://pair")

	a.Send(ctx, []byte("tick"))
	b.Send(ctx, []byte("tock"))
	fmt.Println(must(b.Recv(ctx)), must(a.Recv(ctx)))
	// Output:
	// tick tock
}

func ExampleSocket_events() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	pull := must(zmq.NewPull(nil))
	defer pull.Close()
	events := pull.Events(ctx)
	endpoint := must(pull.Bind("tcp://127.0.0.1:*"))

	push := must(zmq.NewPush(nil))
	push.Connect(endpoint)
	push.WaitConnected(ctx)
	push.Close()

	for e := range events {
		fmt.Println(e.Kind)
		if e.Kind == zmq.EventDisconnected {
			break
		}
	}
	// Output:
	// listening
	// accepted
	// ready
	// disconnected
}
