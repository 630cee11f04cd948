package zbeacon_test

import (
	"context"
	"fmt"
	"time"

	"github.com/zerobroker/zmq/patterns/zbeacon"
)

// A printer announces itself, and another program finds it.
func Example() {
	options := &zbeacon.Options{Port: 45678, Interface: "127.0.0.1"} // the interface is optional
	printer, err := zbeacon.New(options)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer printer.Close()
	if err := printer.Publish([]byte("printer:5555"), 100*time.Millisecond); err != nil {
		fmt.Println(err)
		return
	}

	finder, err := zbeacon.New(options)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer finder.Close()
	finder.Subscribe([]byte("printer:"))
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	s, err := finder.Recv(ctx)
	fmt.Println(s.Source, string(s.Payload), err)
	// Output: 127.0.0.1 printer:5555 <nil>
}
