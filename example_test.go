package zmq_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zerobroker/zmq"
)

// must returns v, and panics if there is an error.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// check panics if there is an error.
func check(err error) {
	if err != nil {
		panic(err)
	}
}

func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	push := must(zmq.NewPush(nil))
	defer push.Close()
	endpoint := must(push.Bind("tcp://127.0.0.1:*"))

	pull := must(zmq.NewPull(nil))
	defer pull.Close()
	check(pull.Connect(endpoint))

	for _, work := range []string{"wash", "dry", "fold"} {
		check(push.Send(ctx, []byte(work)))
	}
	n := 0
	for m, err := range pull.Messages(ctx) {
		check(err)
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

// Two workers receive every second message each.
func ExamplePush() {
	ctx := context.Background()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	push := must(zmq.NewPush(opts))
	defer push.Close()
	must(push.Bind("inproc://work"))

	first, second := must(zmq.NewPull(opts)), must(zmq.NewPull(opts))
	defer first.Close()
	defer second.Close()
	check(first.Connect("inproc://work"))
	check(second.Connect("inproc://work"))

	for i := range 4 {
		check(push.Send(ctx, fmt.Append(nil, "job ", i)))
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
		fmt.Println("no message yet")
	}
	push := must(zmq.NewPush(opts))
	defer push.Close()
	check(push.Connect("inproc://results"))
	check(push.Send(ctx, []byte("part one"), []byte("part two")))

	m := must(pull.Recv(ctx))
	fmt.Printf("%d frames: %q %q\n", m.NumFrames(), m.Frame(0), m.Frame(1))
	// Output:
	// no message yet
	// 2 frames: "part one" "part two"
}

func ExamplePub() {
	ctx := context.Background()
	pub := must(zmq.NewPub(nil))
	defer pub.Close()
	endpoint := must(pub.Bind("tcp://127.0.0.1:*"))

	sub := must(zmq.NewSub(nil))
	defer sub.Close()
	check(sub.Subscribe("weather."))
	check(sub.Connect(endpoint))

	// A message that is sent before the subscription arrives is not received.
	check(pub.WaitSubscribers(ctx, 1, "weather.oslo"))
	check(pub.Send(ctx, []byte("sports.chess"), []byte("draw")))
	check(pub.Send(ctx, []byte("weather.oslo"), []byte("snow")))

	m := must(sub.Recv(ctx))
	fmt.Printf("%s: %s\n", m.Frame(0), m.Frame(1))
	// Output:
	// weather.oslo: snow
}

func ExampleSub() {
	ctx := context.Background()
	sub := must(zmq.NewSub(nil))
	defer sub.Close()
	check(sub.Subscribe("a", "b")) // at every publisher, now and later
	endpoint := must(sub.Bind("tcp://127.0.0.1:*"))

	pub := must(zmq.NewPub(nil))
	defer pub.Close()
	check(pub.Connect(endpoint))

	check(sub.WaitSubscribed(ctx))
	for _, topic := range []string{"a1", "c1", "b1"} {
		check(pub.Send(ctx, []byte(topic)))
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
	check(sub.Connect("inproc://feed"))
	check(sub.Subscribe("news"))
	check(sub.Unsubscribe("news"))
	check(sub.Close())

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
	check(xsub.Connect("inproc://feed"))
	check(xsub.Subscribe("news"))
	check(xsub.Send(ctx, []byte("hello"))) // to the publishers

	subscription, hello := must(xpub.Recv(ctx)), must(xpub.Recv(ctx))
	fmt.Printf("%q %q\n", subscription.Bytes(), hello.Bytes())
	check(xpub.Send(ctx, []byte("news at ten")))
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
	check(req.Connect("inproc://echo"))

	check(req.Send(ctx, []byte("hello")))
	if err := req.TrySend([]byte("again")); errors.Is(err, zmq.ErrInvalidState) {
		fmt.Println("one request at a time")
	}
	request := must(rep.Recv(ctx))
	check(rep.SendMessage(ctx, request))
	fmt.Println(must(req.Recv(ctx)))
	// Output:
	// one request at a time
	// hello
}

// Any number of goroutines may call Do on one socket.
func ExampleReq_Do() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	rep := must(zmq.NewRep(nil))
	defer rep.Close()
	endpoint := must(rep.Bind("tcp://127.0.0.1:*"))
	go func() {
		for m, err := range rep.Messages(ctx) {
			if err != nil {
				return // rep is closed
			}
			check(rep.Send(ctx, append(m.Bytes(), '!')))
		}
	}()

	req := must(zmq.NewReq(nil))
	defer req.Close()
	check(req.Connect(endpoint))
	reply, err := req.Do(ctx, []byte("hello"))
	switch {
	case err == nil:
		fmt.Println(reply)
	case errors.Is(err, zmq.ErrWithdrawn):
		fmt.Println("not carried out:", err)
	default:
		fmt.Println("possibly carried out:", err)
	}
	// Output:
	// hello!
}

func ExampleRep() {
	ctx := context.Background()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	rep := must(zmq.NewRep(opts))
	defer rep.Close()
	must(rep.Bind("inproc://ping"))

	req := must(zmq.NewReq(opts))
	defer req.Close()
	check(req.Connect("inproc://ping"))
	check(req.Send(ctx, []byte("ping")))

	fmt.Println("request:", must(rep.Recv(ctx)))
	check(rep.Send(ctx, []byte("pong")))
	fmt.Println("reply:", must(req.Recv(ctx)))
	// Output:
	// request: ping
	// reply: pong
}

// A DEALER sends requests to a REP without waiting for the replies. An empty
// frame precedes each request.
func ExampleDealer() {
	ctx := context.Background()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	rep := must(zmq.NewRep(opts))
	defer rep.Close()
	must(rep.Bind("inproc://service"))

	dealer := must(zmq.NewDealer(opts))
	defer dealer.Close()
	check(dealer.Connect("inproc://service"))
	check(dealer.Send(ctx, nil, []byte("one")))
	check(dealer.Send(ctx, nil, []byte("two")))

	for range 2 {
		request := must(rep.Recv(ctx))
		check(rep.SendMessage(ctx, request))
		reply := must(dealer.Recv(ctx))
		fmt.Printf("%q: %s\n", reply.Frames(), reply.Body())
	}
	// Output:
	// ["" "one"]: one
	// ["" "two"]: two
}

// A ROUTER sends to a DEALER by its routing ID.
func ExampleRouter() {
	ctx := context.Background()
	router := must(zmq.NewRouter(nil))
	defer router.Close()
	endpoint := must(router.Bind("tcp://127.0.0.1:*"))

	dealer := must(zmq.NewDealer(&zmq.Options{RoutingID: "worker-1"}))
	defer dealer.Close()
	check(dealer.Connect(endpoint))
	check(dealer.Send(ctx, []byte("ready")))

	m := must(router.Recv(ctx))
	fmt.Printf("%s: %s\n", m.RoutingID(), m)
	check(router.SendTo(ctx, "worker-1", []byte("job")))
	fmt.Println(must(dealer.Recv(ctx)))

	err := router.SendTo(ctx, "worker-2", []byte("job"))
	fmt.Println(errors.Is(err, zmq.ErrNoRoute))
	// Output:
	// worker-1: ready
	// job
	// true
}

// A ROUTER answers REQ sockets, in any order.
func ExampleRouter_Reply() {
	ctx := context.Background()
	router := must(zmq.NewRouter(nil))
	defer router.Close()
	endpoint := must(router.Bind("tcp://127.0.0.1:*"))

	var requesters []*zmq.Req
	for i := range 2 {
		req := must(zmq.NewReq(nil))
		defer req.Close()
		check(req.Connect(endpoint))
		check(req.Send(ctx, fmt.Append(nil, "request ", i)))
		requesters = append(requesters, req)
	}

	first, second := must(router.Recv(ctx)), must(router.Recv(ctx))
	for _, request := range []zmq.Message{second, first} {
		// The frames of a request are an envelope and a body.
		check(router.Reply(ctx, request, []byte("reply to "+request.Body().String())))
	}
	for _, req := range requesters {
		fmt.Println(must(req.Recv(ctx)))
	}
	// Output:
	// reply to request 0
	// reply to request 1
}

func ExamplePair() {
	ctx := context.Background()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	a, b := must(zmq.NewPair(opts)), must(zmq.NewPair(opts))
	defer a.Close()
	defer b.Close()
	must(a.Bind("inproc://pair"))
	check(b.Connect("inproc://pair"))

	check(a.Send(ctx, []byte("tick")))
	check(b.Send(ctx, []byte("tock")))
	fmt.Println(must(b.Recv(ctx)), must(a.Recv(ctx)))
	// Output:
	// tick tock
}
