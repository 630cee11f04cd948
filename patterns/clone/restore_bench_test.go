package clone_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/clone"
)

// restoreKeys is the number of keys that a client restores.
const restoreKeys = 1_000_000

// BenchmarkRestore measures how long a new client needs to receive a million keys, and in
// comparison the same messages from a PUSH to a PULL. Run it with -benchtime 1x or 3x.
func BenchmarkRestore(b *testing.B) {
	msgs := make([]zmq.Message, restoreKeys)
	for i := range msgs {
		msgs[i] = zmq.NewMessage(fmt.Appendf(nil, "/key/%07d", i), binary.BigEndian.AppendUint64(nil, uint64(i)), nil, nil,
			fmt.Appendf(nil, "value %026d", i))
	}
	ends := filledServer(b, msgs)
	var plain, restored time.Duration
	for b.Loop() {
		runtime.GC() // of what was received before
		plain += pushPlain(b, msgs)
		runtime.GC()
		start := time.Now()
		c, err := clone.NewClient([]clone.Endpoints{ends}, nil)
		check(b, err)
		check(b, c.WaitSynced(context.Background()))
		restored += time.Since(start)
		if st := c.Stats(); st.Keys != restoreKeys {
			b.Fatalf("%d keys", st.Keys)
		}
		check(b, c.Close())
	}
	total := float64(restoreKeys) * float64(b.N)
	b.ReportMetric(total/plain.Seconds(), "plain-msgs/s")
	b.ReportMetric(total/restored.Seconds(), "restored-keys/s")
	b.ReportMetric(100*plain.Seconds()/restored.Seconds(), "%-of-plain")
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// filledServer returns the endpoints of a server that has the messages as values.
func filledServer(b *testing.B, msgs []zmq.Message) clone.Endpoints {
	ctx := context.Background()
	ends := freeEndpoints(b)
	s, err := clone.NewServer(ends, nil)
	check(b, err)
	b.Cleanup(func() { s.Close() })
	go s.Run(ctx)
	pub, err := zmq.NewPub(&zmq.Options{Overflow: zmq.OverflowBlock})
	check(b, err)
	defer pub.Close()
	check(b, pub.Connect(ends.Collector))
	check(b, pub.WaitSubscribers(ctx, 1, ""))
	_, err = pub.SendBatch(ctx, msgs)
	check(b, err)
	for s.Stats().Keys < restoreKeys {
		time.Sleep(10 * time.Millisecond)
	}
	return ends
}

// pushPlain sends the messages from a PUSH to a PULL.
func pushPlain(b *testing.B, msgs []zmq.Message) time.Duration {
	pull, err := zmq.NewPull(nil)
	check(b, err)
	defer pull.Close()
	endpoint, err := pull.Bind("tcp://127.0.0.1:*")
	check(b, err)
	push, err := zmq.NewPush(nil)
	check(b, err)
	defer push.Close()
	start := time.Now()
	check(b, push.Connect(endpoint))
	go push.SendBatch(context.Background(), msgs)
	n := 0
	for _, err := range pull.Messages(context.Background()) {
		check(b, err)
		if n++; n == restoreKeys {
			break
		}
	}
	return time.Since(start)
}
