package zgossip_test

import (
	"context"
	"fmt"
	"time"

	"github.com/zerobroker/zmq/patterns/zgossip"
)

// A node publishes a service, and another one, which knows only its endpoint, learns it.
func Example() {
	base, err := zgossip.New(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer base.Close()
	endpoint, err := base.Bind("tcp://127.0.0.1:*")
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := base.Publish("printer", "tcp://10.0.0.7:5555"); err != nil {
		fmt.Println(err)
		return
	}

	other, err := zgossip.New(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer other.Close()
	if err := other.Connect(endpoint); err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	tuple, err := other.Recv(ctx)
	fmt.Println(tuple.Key, tuple.Value, err)
	// Output: printer tcp://10.0.0.7:5555 <nil>
}
