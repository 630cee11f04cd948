package mdp_test

import (
	"bytes"
	"context"
	"fmt"
	"log"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/mdp"
)

func Example() {
	ctx := context.Background()
	broker, err := mdp.NewBroker(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer broker.Close()
	endpoint, err := broker.Bind("tcp://127.0.0.1:*")
	if err != nil {
		log.Fatal(err)
	}

	worker, err := mdp.NewWorker(endpoint, "upper", func(_ context.Context, r *mdp.Request) zmq.Message {
		return zmq.NewMessage(bytes.ToUpper(r.Body.Bytes()))
	}, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer worker.Close()

	client, err := mdp.NewClient(endpoint, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	reply, err := client.Do(ctx, "upper", []byte("hello"))
	fmt.Println(reply, err)
	// Output: HELLO <nil>
}

func ExampleClient_Replies() {
	ctx := context.Background()
	broker, err := mdp.NewBroker(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer broker.Close()
	endpoint, err := broker.Bind("tcp://127.0.0.1:*")
	if err != nil {
		log.Fatal(err)
	}

	countdown := func(ctx context.Context, r *mdp.Request) zmq.Message {
		for _, text := range []string{"3", "2", "1"} {
			if err := r.Partial(ctx, []byte(text)); err != nil {
				break // the client or the broker has disconnected
			}
		}
		return zmq.NewStringMessage("liftoff")
	}
	worker, err := mdp.NewWorker(endpoint, "countdown", countdown, &mdp.WorkerOptions{Concurrency: 10})
	if err != nil {
		log.Fatal(err)
	}
	defer worker.Close()

	client, err := mdp.NewClient(endpoint, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	for reply, err := range client.Replies(ctx, "countdown") {
		fmt.Println(reply.Message, reply.Final, err)
	}
	// Output:
	// 3 false <nil>
	// 2 false <nil>
	// 1 false <nil>
	// liftoff true <nil>
}
