package zmqprom_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/internal/prometheustest"
	"github.com/zerobroker/zmq/zmqstat"
)

// TestPrometheusAnswersTheQueriesOfTheDashboard runs a Prometheus server that
// scrapes sockets with traffic, and asks it the queries of the dashboard.
func TestPrometheusAnswersTheQueriesOfTheDashboard(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var r zmqstat.Registry
	busySockets(t, ctx, &r)
	server := prometheustest.Start(t, strings.TrimPrefix(exporter(t, &r).URL, "http://"), "/")
	server.Await(t, ctx, prometheustest.Queries(t, dashboard))
}

// busySockets registers sockets such that each metric has a value: traffic,
// subscriptions, full queues, drops, and an endpoint whose handshake fails.
func busySockets(t *testing.T, ctx context.Context, r *zmqstat.Registry) {
	options := func() *zmq.Options { return &zmq.Options{Linger: zmq.NoLinger, SendHWM: 10} }
	pub := must(zmq.NewPub(options()))
	ep := must(pub.Bind("inproc://quotes"))
	sub := must(zmq.NewSub(&zmq.Options{Linger: zmq.NoLinger, RecvHWM: 10}))
	check(sub.Subscribe(""))
	check(sub.Connect(ep))
	push := must(zmq.NewPush(options()))
	check(push.Connect(must(pub.Bind("tcp://127.0.0.1:*")))) // a PUB is no peer of a PUSH
	r.Add("quotes", pub.Socket)
	r.Add("view", sub.Socket)
	r.Add("jobs", push.Socket)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ctx.Err() == nil; i++ {
			pub.TrySend([]byte("quote"))
			if i%2 == 0 { // so that every second one is dropped at last
				sub.TryRecv()
			}
			time.Sleep(time.Millisecond)
		}
	}()
	t.Cleanup(func() {
		<-done
		push.Close()
		sub.Close()
		pub.Close()
	})
}
