package pipe

import (
	"sync"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
)

type nobody struct{}

func (nobody) Ready(*Queue) {}
func (nobody) Room(*Queue)  {}

func BenchmarkPutNext(b *testing.B) {
	var mu sync.Mutex
	q := NewQueue(Config{Lock: &mu, Reader: nobody{}, Writer: nobody{}})
	m := msg.Msg{First: make([]byte, 10)}
	var r msg.Msg
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		mu.Lock()
		q.Put(&m)
		mu.Unlock()
		if n++; n == 500 {
			for q.Next(&r) {
			}
			n = 0
		}
	}
}
