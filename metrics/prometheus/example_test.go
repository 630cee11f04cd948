package zmqprom_test

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/zerobroker/zmq"
	zmqprom "github.com/zerobroker/zmq/metrics/prometheus"
	"github.com/zerobroker/zmq/zmqstat"
)

// The program serves the metrics with promhttp.Handler, or as here with a registry of
// its own.
func ExampleNew() {
	push := must(zmq.NewPush(&zmq.Options{Namespace: zmq.NewNamespace(), Linger: zmq.NoLinger}))
	defer push.Close()
	var sockets zmqstat.Registry
	sockets.Add("orders", push.Socket)
	registry := prometheus.NewRegistry()
	registry.MustRegister(zmqprom.New(&sockets))

	check(push.Connect("inproc://orders"))
	check(push.TrySend([]byte("order 1")))
	for _, family := range must(registry.Gather()) {
		if name := family.GetName(); name == "messaging_client_sent_messages_total" {
			fmt.Println(name, family.GetMetric()[0].GetCounter().GetValue())
		}
	}
	// Output: messaging_client_sent_messages_total 1
}
