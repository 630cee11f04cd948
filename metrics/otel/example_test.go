package zmqotel_test

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/zerobroker/zmq"
	zmqotel "github.com/zerobroker/zmq/metrics/otel"
	"github.com/zerobroker/zmq/zmqstat"
)

// A program has a PeriodicReader with the exporter for its collector in place of the
// ManualReader.
func ExampleRegister() {
	push := must(zmq.NewPush(&zmq.Options{Namespace: zmq.NewNamespace(), Linger: zmq.NoLinger}))
	defer push.Close()
	var sockets zmqstat.Registry
	sockets.Add("orders", push.Socket)
	reader := metric.NewManualReader()
	registration := must(zmqotel.Register(metric.NewMeterProvider(metric.WithReader(reader)), &sockets))
	defer registration.Unregister()

	check(push.Connect("inproc://orders"))
	check(push.TrySend([]byte("order 1")))
	var data metricdata.ResourceMetrics
	check(reader.Collect(context.Background(), &data))
	for _, m := range data.ScopeMetrics[0].Metrics {
		if m.Name == "messaging.client.sent.messages" {
			fmt.Println(m.Name, m.Data.(metricdata.Sum[int64]).DataPoints[0].Value)
		}
	}
	// Output: messaging.client.sent.messages 1
}
