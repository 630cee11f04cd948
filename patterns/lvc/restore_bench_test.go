package lvc_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/lvc"
)

// restoreTopics is the number of topics that a subscriber restores.
const restoreTopics = 1_000_000

func restoreMessages() []zmq.Message {
	msgs := make([]zmq.Message, restoreTopics)
	for i := range msgs {
		msgs[i] = zmq.NewStringMessage(fmt.Sprintf("topic/%07d", i), fmt.Sprintf("value %026d", i))
	}
	return msgs
}

// BenchmarkRestore measures how long a new subscriber needs to receive the last messages of
// a million topics, and in comparison the same messages from a PUB without a cache. Run it
// with -benchtime 1x or 3x.
func BenchmarkRestore(b *testing.B) {
	msgs := restoreMessages()
	var plain, restored time.Duration
	proxy := filledProxy(b, msgs)
	for b.Loop() {
		runtime.GC() // of what was received before
		plain += publishPlain(b, msgs)
		runtime.GC()
		restored += restore(b, proxy)
	}
	total := float64(restoreTopics) * float64(b.N)
	b.ReportMetric(total/plain.Seconds(), "plain-msgs/s")
	b.ReportMetric(total/restored.Seconds(), "restored-msgs/s")
	b.ReportMetric(100*plain.Seconds()/restored.Seconds(), "%-of-plain")
}

// filledProxy returns the endpoint of a proxy that has cached the messages.
func filledProxy(b *testing.B, msgs []zmq.Message) string {
	ctx := context.Background()
	p, err := lvc.New(nil)
	check(b, err)
	b.Cleanup(func() { p.Close() })
	front, err := p.Front().Bind("tcp://127.0.0.1:*")
	check(b, err)
	back, err := p.Back().Bind("tcp://127.0.0.1:*")
	check(b, err)
	go p.Run(ctx)
	pub, err := zmq.NewPub(&zmq.Options{Overflow: zmq.OverflowBlock})
	check(b, err)
	defer pub.Close()
	check(b, pub.Connect(front))
	check(b, pub.WaitSubscribers(ctx, 1, ""))
	_, err = pub.SendBatch(ctx, msgs)
	check(b, err)
	for p.Stats().Received < restoreTopics {
		time.Sleep(10 * time.Millisecond)
	}
	return back
}

// restore receives all messages from the proxy.
func restore(b *testing.B, endpoint string) time.Duration {
	start := time.Now()
	receiveAll(b, endpoint)
	return time.Since(start)
}

// publishPlain sends all messages to a SUB.
func publishPlain(b *testing.B, msgs []zmq.Message) time.Duration {
	pub, err := zmq.NewPub(&zmq.Options{Overflow: zmq.OverflowBlock, SendHWM: 30_000})
	check(b, err)
	defer pub.Close()
	endpoint, err := pub.Bind("tcp://127.0.0.1:*")
	check(b, err)
	done := make(chan struct{})
	go func() {
		receiveAll(b, endpoint)
		close(done)
	}()
	check(b, pub.WaitSubscribers(context.Background(), 1, ""))
	start := time.Now()
	_, err = pub.SendBatch(context.Background(), msgs)
	check(b, err)
	<-done
	return time.Since(start)
}

func receiveAll(b *testing.B, endpoint string) {
	sub, err := zmq.NewSub(nil)
	check(b, err)
	defer sub.Close()
	check(b, sub.Subscribe(""))
	check(b, sub.Connect(endpoint))
	n := 0
	for _, err := range sub.Messages(context.Background()) {
		check(b, err)
		if n++; n == restoreTopics {
			return
		}
	}
}

func check(b *testing.B, err error) {
	if err != nil {
		b.Fatal(err)
	}
}
