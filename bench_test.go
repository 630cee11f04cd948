package zmq_test

import (
	"context"
	"testing"

	"github.com/zerobroker/zmq"
)

// BenchmarkSend and BenchmarkRecv time a call that does not wait, over inproc.
// They send and receive 500 messages in turn, less than the high-water mark.
func BenchmarkSend(b *testing.B) { benchSendRecv(b, true) }
func BenchmarkRecv(b *testing.B) { benchSendRecv(b, false) }

func benchSendRecv(b *testing.B, timeSend bool) {
	const run = 500
	ctx := context.Background()
	o := &zmq.Options{Namespace: zmq.NewNamespace()}
	pull, _ := zmq.NewPull(o)
	push, _ := zmq.NewPush(o)
	defer pull.Close()
	defer push.Close()
	pull.Bind("inproc://bench")
	push.Connect("inproc://bench")
	body := make([]byte, 10)
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += run {
		if !timeSend {
			b.StopTimer()
		}
		for range run {
			push.Send(ctx, body)
		}
		if timeSend {
			b.StopTimer()
		} else {
			b.StartTimer()
		}
		for range run {
			pull.Recv(ctx)
		}
		if timeSend {
			b.StartTimer()
		}
	}
}
