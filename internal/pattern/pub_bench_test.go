package pattern

import (
	"fmt"
	"sync"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// BenchmarkPubSend is the cost of a message that one peer gets, who has n
// prefixes, with the lock and the queue, and without a network.
func BenchmarkPubSend(b *testing.B) {
	for _, n := range topicCounts {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var mu sync.Mutex
			var batch msg.Batch
			topics := newTopicBench32(n)
			s := NewPub(&Options{}, new(pipe.Drops), false)
			s.subs = &topics.set
			out := pipe.NewQueue(pipe.Config{Lock: &mu, Pooled: true})
			topics.pipe.Out = out
			for i := 0; b.Loop(); i++ {
				mu.Lock()
				err := s.Send(msg.Msg{First: topics.next()})
				mu.Unlock()
				if err != nil {
					b.Fatal(err)
				}
				if i%512 == 0 {
					out.Take(&batch)
					batch.Recycle()
				}
			}
		})
	}
}
