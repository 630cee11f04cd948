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
			for i := 0; b.Loop(); i++ {
				topic := topics[i%n*size:][:size]
				mu.Lock()
				err := s.Send(msg.Msg{First: topic})
				mu.Unlock()
				if err != nil {
					b.Fatal(err)
				}
				if i%512 == 0 {
					p.Out.Take(&batch)
					batch.Recycle()
				}
			}
		})
	}
}
