package zyre_test

import (
	"context"
	"testing"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/zyre"
)

// BenchmarkWhisper measures messages of 100 bytes from one node to another over TCP on the
// loopback interface.
func BenchmarkWhisper(b *testing.B) {
	start := func(name string) *zyre.Node {
		d, err := zyre.NewGossipDiscovery(&zyre.GossipOptions{Host: "127.0.0.1"})
		if err != nil {
			b.Fatal(err)
		}
		n, err := zyre.New(&zyre.Options{Name: name, Discovery: d, Socket: &zmq.Options{SendHWM: zmq.Unlimited}})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { n.Close() })
		return n
	}
	x, y := start("x"), start("y")
	if err := x.Connect(zyre.Announcement{UUID: y.UUID(), Endpoint: y.Endpoint()}); err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	if _, err := x.Recv(ctx); err != nil {
		b.Fatal(err)
	}
	if _, err := y.Recv(ctx); err != nil {
		b.Fatal(err)
	}
	payload := make([]byte, 100)
	const window = 2000
	credit := make(chan struct{}, window)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range b.N {
			if _, err := y.Recv(ctx); err != nil {
				return
			}
			<-credit
		}
	}()
	b.ResetTimer()
	for range b.N {
		credit <- struct{}{}
		if err := x.Whisper(y.UUID(), payload); err != nil {
			b.Fatal(err)
		}
	}
	<-done
}
