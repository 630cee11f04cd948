package freelance_test

import (
	"context"
	"fmt"
	"log"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/freelance"
)

func Example() {
	ctx := context.Background()
	var servers []*freelance.Server
	for _, name := range []string{"first", "second"} {
		s, err := freelance.NewServer("inproc://freelance-"+name, func(context.Context, zmq.Message) (zmq.Message, error) {
			return zmq.NewStringMessage("reply of the " + name), nil
		}, nil)
		if err != nil {
			log.Fatal(err)
		}
		defer s.Close()
		servers = append(servers, s)
	}
	client, err := freelance.NewClient([]string{servers[0].Endpoint(), servers[1].Endpoint()}, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	for range 2 {
		reply, err := client.Request(ctx, []byte("request"))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(reply)
		servers[0].Close()
	}
	// Output:
	// reply of the first
	// reply of the second
}
