package clone_test

import (
	"context"
	"fmt"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/clone"
)

// Two clients share a hashmap.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	at := clone.Endpoints{Snapshot: "inproc://snapshot", Publisher: "inproc://publisher", Collector: "inproc://collector"}
	sockets := &zmq.Options{Namespace: zmq.NewNamespace()} // tcp needs no options: see clone.TCP
	server, err := clone.NewServer(at, &clone.ServerOptions{Socket: sockets})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	go server.Run(ctx)

	one, err := clone.NewClient([]clone.Endpoints{at}, &clone.ClientOptions{Socket: sockets})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer one.Close()
	if err := one.Set(ctx, "/config/mode", []byte("fast"), 0); err != nil {
		fmt.Println(err)
	}

	two, err := clone.NewClient([]clone.Endpoints{at}, &clone.ClientOptions{Socket: sockets})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer two.Close()
	for change, err := range two.Watch(ctx, "/config/") {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s = %s\n", change.Key, change.Value)
		break
	}
	// Output: /config/mode = fast
}
