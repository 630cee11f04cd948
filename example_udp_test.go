package zmq_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/zerobroker/zmq"
)

// Over udp a DISH filters for itself, so that a RADIO need not know of it: it
// sends every message once, to all who listen on the network.
func ExampleRadio_udp() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	dish, err := zmq.NewDish(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer dish.Close()
	if err := dish.Join("weather"); err != nil {
		log.Fatal(err)
	}
	// For a multicast group: "udp://239.1.2.3:5555", or "udp://eth0;239.1.2.3:5555".
	endpoint, err := dish.Bind("udp://127.0.0.1:*")
	if err != nil {
		log.Fatal(err)
	}

	radio, err := zmq.NewRadio(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer radio.Close()
	if err := radio.Connect(endpoint); err != nil {
		log.Fatal(err)
	}
	for _, m := range [][2]string{{"traffic", "none"}, {"weather", "sun"}} {
		if err := radio.Send(ctx, m[0], []byte(m[1])); err != nil {
			log.Fatal(err)
		}
	}

	m, err := dish.Recv(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Group, m.String())
	// Output: weather sun
}
