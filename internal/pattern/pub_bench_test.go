package pattern

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// BenchmarkPubSend sends messages to one peer that has n topics, with the lock
// and the queue and without a connection.
func BenchmarkPubSend(b *testing.B) {
	benchmarkPubSend(b, func(s *Pub, mu *sync.Mutex, msgs []msg.Msg) {
		for i := range msgs {
			mu.Lock()
			if err := s.Send(msgs[i]); err != nil {
				b.Fatal(err)
			}
			mu.Unlock()
		}
	})
}

// BenchmarkPubSendBatch is BenchmarkPubSend for batches of 64 messages under one lock.
func BenchmarkPubSendBatch(b *testing.B) {
	benchmarkPubSend(b, func(s *Pub, mu *sync.Mutex, msgs []msg.Msg) {
		mu.Lock()
		defer mu.Unlock()
		prefetched := 0
		for i := range msgs {
			if i == prefetched {
				prefetched += s.Prefetch(msgs[i:])
			}
			if err := s.Send(msgs[i]); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func benchmarkPubSend(b *testing.B, send func(*Pub, *sync.Mutex, []msg.Msg)) {
	const size = 32 // of a topic
	for _, n := range []int{1, 1000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var mu sync.Mutex
			var batch msg.Batch
			s := NewPub(&Options{}, new(pipe.Drops), false)
			p := pipe.New()
			p.Out = pipe.NewQueue(pipe.Config{Lock: &mu, Pooled: true})
			topics := make([]byte, size*n)
			rand.NewChaCha8([32]byte{}).Read(topics)
			for _, i := range rand.Perm(n) {
				s.subs.Add(topics[i*size:][:size], p)
			}
			msgs := make([]msg.Msg, 64)
			for i := 0; b.Loop(); i++ {
				if i%len(msgs) > 0 {
					continue
				}
				for j := range msgs {
					msgs[j].First = topics[(i+j)%n*size:][:size]
				}
				send(s, &mu, msgs)
				if i%512 == 0 {
					p.Out.Take(&batch)
					batch.Recycle()
				}
			}
		})
	}
}
