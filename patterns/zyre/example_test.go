package zyre_test

import (
	"context"
	"fmt"
	"time"

	"github.com/zerobroker/zmq/patterns/zbeacon"
	"github.com/zerobroker/zmq/patterns/zyre"
)

// A printer and a visitor find each other, and the visitor sends a message to all printers.
func Example() {
	start := func(name string) (*zyre.Node, error) {
		// The interface and the port are optional. An error is that of New.
		d, err := zyre.NewBeaconDiscovery(&zyre.BeaconOptions{Beacon: zbeacon.Options{Interface: "127.0.0.1", Port: 45691}})
		if err != nil {
			return nil, err
		}
		return zyre.New(&zyre.Options{Name: name, Discovery: d})
	}
	printer, err := start("printer")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer printer.Close()
	if err := printer.Join("printers"); err != nil {
		fmt.Println(err)
		return
	}
	visitor, err := start("visitor")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer visitor.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for event, err := range visitor.Events(ctx) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if j, ok := event.(zyre.Join); ok && j.Group == "printers" {
			fmt.Println("found", j.Peer.Name)
			visitor.Shout("printers", []byte("a page"))
			break
		}
	}
	for event, err := range printer.Events(ctx) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if s, ok := event.(zyre.Shout); ok {
			fmt.Printf("%s prints %s\n", printer.Name(), s.Content.Bytes())
			break
		}
	}
	// Output:
	// found printer
	// printer prints a page
}
