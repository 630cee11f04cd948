package zmq_test

import (
	"context"
	"fmt"
	"time"

	"github.com/zerobroker/zmq"
)

// One goroutine serves two sockets, a Go channel and a timer.
func ExampleReceiver_Ready() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	orders, prices := must(zmq.NewPull(opts)), must(zmq.NewPull(opts))
	defer orders.Close()
	defer prices.Close()
	for endpoint, pull := range map[string]*zmq.Pull{"inproc://orders": orders, "inproc://prices": prices} {
		must(pull.Bind(endpoint))
		push := must(zmq.NewPush(opts))
		defer push.Close()
		check(push.Connect(endpoint))
		check(push.Send(ctx, []byte(endpoint)))
	}
	jobs := make(chan string, 1)
	jobs <- "job"

	next := func(pull *zmq.Pull) {
		if m, err := pull.TryRecv(); err == nil {
			fmt.Println(string(m.Bytes()))
		}
	}
	quiet := time.NewTimer(time.Second)
	for {
		select {
		case <-orders.Ready():
			next(orders)
		case <-prices.Ready():
			next(prices)
		case job := <-jobs:
			fmt.Println(job)
		case <-quiet.C:
			return
		}
		quiet.Reset(time.Second)
	}
	// Unordered output:
	// inproc://orders
	// inproc://prices
	// job
}

// One goroutine serves any number of sockets.
func ExamplePoller() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	poller := zmq.NewPoller()
	pulls := map[zmq.Socket]*zmq.Pull{}
	for i := range 3 {
		push, pull := must(zmq.NewPush(opts)), must(zmq.NewPull(opts))
		defer push.Close()
		defer pull.Close()
		endpoint := must(pull.Bind(fmt.Sprintf("inproc://%d", i)))
		check(push.Connect(endpoint))
		check(push.Send(ctx, []byte(endpoint)))
		check(poller.Add(pull.Socket))
		pulls[pull.Socket] = pull
	}
	for received := 0; received < 3; {
		ready, err := poller.Wait(ctx)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, s := range ready {
			if m, err := pulls[s].TryRecv(); err == nil {
				fmt.Println(string(m.Bytes()))
				received++
			}
		}
	}
	// Unordered output:
	// inproc://0
	// inproc://1
	// inproc://2
}
