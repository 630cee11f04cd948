package zmq_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
)

// A broker for requests: clients and workers connect to it, in any number and order. A
// worker that hangs or whose machine is gone is disconnected when it has not answered a
// heartbeat, and the other workers receive the requests. A request that it had received
// has no reply: its client sends it again after a timeout.
func ExampleProxy() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	front := must(zmq.NewRouter(nil))
	defer front.Close()
	back := must(zmq.NewDealer(&zmq.Options{Heartbeat: zmq.HeartbeatOptions{
		Interval: time.Second, Timeout: 2 * time.Second,
	}}))
	defer back.Close()
	forClients, forWorkers := must(front.Bind("tcp://127.0.0.1:*")), must(back.Bind("tcp://127.0.0.1:*"))

	control := new(zmq.ProxyControl)
	var running sync.WaitGroup
	running.Go(func() { check(zmq.Proxy(ctx, front.Socket, back.Socket, &zmq.ProxyOptions{Control: control})) })

	worker := must(zmq.NewRep(nil))
	check(worker.Connect(forWorkers))
	running.Go(func() {
		for request, err := range worker.Messages(ctx) {
			if err != nil {
				return // the worker is closed
			}
			check(worker.Send(ctx, []byte("reply to "+request.String())))
		}
	})

	client := must(zmq.NewReq(nil))
	defer client.Close()
	check(client.Connect(forClients))
	for i := range 3 {
		fmt.Println(must(client.Do(ctx, fmt.Append(nil, "request ", i))))
	}

	control.Terminate()
	worker.Close()
	running.Wait()
	fmt.Println(control.Stats().Back.MessagesSent, "requests forwarded,", control.Stats().Front.MessagesSent, "replies")
	// Output:
	// reply to request 0
	// reply to request 1
	// reply to request 2
	// 3 requests forwarded, 3 replies
}
