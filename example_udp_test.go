package zmq_test

import (
	"context"
	"fmt"
	"time"

	"github.com/zerobroker/zmq"
)

// Over udp a RADIO sends every message once to the endpoint, and each DISH
// filters the groups that it has joined.
func ExampleRadio_udp() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	dish := must(zmq.NewDish(nil))
	defer dish.Close()
	check(dish.Join("weather"))
	// For a multicast group: "udp://239.1.2.3:5555", or
	// "udp://eth0;239.1.2.3:5555".
	endpoint := must(dish.Bind("udp://127.0.0.1:*"))

	radio := must(zmq.NewRadio(nil))
	defer radio.Close()
	check(radio.Connect(endpoint))
	for _, m := range [][2]string{{"traffic", "none"}, {"weather", "sun"}} {
		check(radio.Send(ctx, m[0], []byte(m[1])))
	}

	m := must(dish.Recv(ctx))
	fmt.Println(m.Group, m.String())
	// Output: weather sun
}
