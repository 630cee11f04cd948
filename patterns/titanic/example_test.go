package titanic_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"os"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/mdp"
	"github.com/zerobroker/zmq/patterns/titanic"
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

	dir, err := os.MkdirTemp("", "titanic")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	store, err := titanic.OpenLog(dir, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	server, err := titanic.NewServer(endpoint, store, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	majordomo, err := mdp.NewClient(endpoint, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer majordomo.Close()
	client := titanic.NewClient(majordomo)
	id, err := client.Request(ctx, "upper", []byte("hello"))
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.Reply(ctx, id)
	fmt.Println(err)

	// The worker may start after the client has ended.
	upper := func(_ context.Context, r *mdp.Request) zmq.Message {
		return zmq.NewMessage(bytes.ToUpper(r.Body.Bytes()))
	}
	worker, err := mdp.NewWorker(endpoint, "upper", upper, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer worker.Close()
	reply, err := client.Wait(ctx, id)
	fmt.Println(reply, err)
	fmt.Println(client.Close(ctx, id))
	// Output:
	// titanic: no reply yet
	// HELLO <nil>
	// <nil>
}
