package ppp_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/ppp"
)

func Example() {
	ctx := context.Background()
	queue, err := ppp.NewQueue(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer queue.Close()
	clients, err := queue.BindClients("tcp://127.0.0.1:*")
	if err != nil {
		log.Fatal(err)
	}
	workers, err := queue.BindWorkers("tcp://127.0.0.1:*")
	if err != nil {
		log.Fatal(err)
	}

	worker, err := ppp.NewWorker(workers, func(_ context.Context, request zmq.Message) (zmq.Message, error) {
		return zmq.NewStringMessage(strings.ToUpper(string(request.Bytes()))), nil
	}, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer worker.Close()

	client, err := ppp.NewClient([]string{clients}, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	reply, err := client.Request(ctx, []byte("hello"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(reply)
	// Output: HELLO
}
