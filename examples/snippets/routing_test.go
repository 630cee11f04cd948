package snippets_test

import (
	"context"
	"fmt"
	"time"

	"github.com/zerobroker/zmq"
)

func Example_concurrentServer() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	router := must(zmq.NewRouter(nil))
	defer router.Close()
	endpoint := must(router.Bind("tcp://127.0.0.1:*"))
	go func() {
		for request, err := range router.Messages(ctx) {
			if err != nil {
				return
			}
			go func() { // requests are done at the same time, and answered in any order
				router.Reply(ctx, request, fmt.Append(nil, "done: ", request.Body()))
			}()
		}
	}()

	req := must(zmq.NewReq(nil))
	defer req.Close()
	check(req.Connect(endpoint))
	fmt.Println(must(req.Do(ctx, []byte("wash"))))
	// Output:
	// done: wash
}

func Example_sendTo() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	router := must(zmq.NewRouter(nil))
	defer router.Close()
	dealer := must(zmq.NewDealer(&zmq.Options{RoutingID: "robot.7"}))
	defer dealer.Close()
	check(dealer.Connect(must(router.Bind("tcp://127.0.0.1:*"))))

	check(dealer.Send(ctx, []byte("here I am")))
	m := must(router.Recv(ctx))
	fmt.Println(m.RoutingID(), "says", m)

	check(router.SendTo(ctx, "robot.7", []byte("stop")))
	fmt.Println(must(dealer.Recv(ctx)))
	fmt.Println(router.SendTo(ctx, "robot.8", []byte("stop")))
	// Output:
	// robot.7 says here I am
	// stop
	// zmq: send: no route to peer: no peer has the routing ID "robot.8"
}
