package pattern

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/zerobroker/zmq/internal/pipe"
)

// topicBench is a set of subscriptions of one pipe, and their topics in
// another order than they were added, one after the other in memory: what a
// benchmark waits for is the set and not its own topics.
type topicBench struct {
	set    Topics
	pipe   *pipe.Pipe
	topics []byte
	size   int // of each
	i      int
}

func newTopicBench(size, n int, topics iter.Seq[[]byte]) *topicBench {
	s := &topicBench{topics: make([]byte, size*n), size: size, pipe: pipe.New()}
	at := rand.Perm(n)
	for topic := range topics {
		s.set.Add(topic, s.pipe)
		copy(s.topics[size*at[0]:], topic)
		at = at[1:]
	}
	return s
}

func newTopicBench32(n int) *topicBench { return newTopicBench(32, n, topics32(n)) }

// next is a topic and zeros up to the size.
func (s *topicBench) next() []byte {
	if s.i == len(s.topics) {
		s.i = 0
	}
	s.i += s.size
	return s.topics[s.i-s.size : s.i]
}

var topicCounts = []int{1, 1000, 100_000, 1_000_000}

func BenchmarkTopicsMatch(b *testing.B) {
	for _, n := range topicCounts {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := newTopicBench32(n)
			dst := make([]*pipe.Pipe, 0, 1)
			b.ReportAllocs()
			for b.Loop() {
				dst = s.set.Match(dst[:0], s.next())
			}
			if len(dst) != 1 {
				b.Fatalf("%d pipes", len(dst))
			}
		})
	}
}

// BenchmarkTopicsMatchLocked is Match as a socket calls it. A locked instruction
// waits for the loads before it, so that one match does not begin while another
// waits for memory, as they do in BenchmarkTopicsMatch.
func BenchmarkTopicsMatchLocked(b *testing.B) {
	for _, n := range topicCounts {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := newTopicBench32(n)
			dst := make([]*pipe.Pipe, 0, 1)
			var mu sync.Mutex
			for b.Loop() {
				mu.Lock()
				dst = s.set.Match(dst[:0], s.next())
				dst[0].Slot++
				mu.Unlock()
			}
		})
	}
}

func BenchmarkTopicsHas(b *testing.B) {
	for _, n := range topicCounts {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := newTopicBench32(n)
			for b.Loop() {
				if !s.set.Has(s.next()) {
					b.Fatal("not found")
				}
			}
		})
	}
}

func BenchmarkTopicsMiss(b *testing.B) {
	for _, n := range topicCounts {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := newTopicBench32(n)
			other := make([]byte, 1<<20)
			rand.NewChaCha8([32]byte{1}).Read(other)
			i := 0
			for b.Loop() {
				if s.set.Has(other[i : i+32]) {
					b.Fatal("found")
				}
				i = (i + 32) & (len(other) - 32)
			}
		})
	}
}

// topicWords yields n topics as people write them, of up to 32 bytes.
func topicWords(n int) iter.Seq[[]byte] {
	words := strings.Fields("price trade quote status alert weather sensor order")
	r := rand.New(rand.NewPCG(1, 2))
	return func(yield func([]byte) bool) {
		for range n {
			w, v := words[r.IntN(8)], words[r.IntN(8)]
			if !yield(fmt.Appendf(nil, "%s.%d.%s.%d", w, r.IntN(n), v, r.IntN(10))) {
				return
			}
		}
	}
}

func BenchmarkTopicsMatchWords(b *testing.B) {
	for _, n := range topicCounts {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := newTopicBench(32, n, topicWords(n))
			dst := make([]*pipe.Pipe, 0, 1)
			for b.Loop() {
				dst = s.set.Match(dst[:0], s.next())
			}
			if len(dst) != 1 {
				b.Fatalf("%d pipes", len(dst))
			}
		})
	}
}

func BenchmarkTopicsMatchEmpty(b *testing.B) {
	var s Topics
	s.Add(nil, pipe.New())
	dst := make([]*pipe.Pipe, 0, 1)
	topic := []byte("anything at all")
	for b.Loop() {
		dst = s.Match(dst[:0], topic)
	}
}

func BenchmarkTopicsMatchShort(b *testing.B) {
	var s Topics
	s.Add([]byte("news"), pipe.New())
	dst := make([]*pipe.Pipe, 0, 1)
	topic := []byte("news of today")
	for b.Loop() {
		dst = s.Match(dst[:0], topic)
	}
}

// BenchmarkTopicsMatchMany has n pipes with the same prefixes.
func BenchmarkTopicsMatchMany(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		for _, prefixes := range [][]string{{"news."}, {"news", "news."}} {
			b.Run(fmt.Sprint(n, "x", len(prefixes)), func(b *testing.B) {
				var s Topics
				for range n {
					p := pipe.New()
					for _, prefix := range prefixes {
						s.Add([]byte(prefix), p)
					}
				}
				dst := make([]*pipe.Pipe, 0, 2*n)
				topic := []byte("news.today")
				for b.Loop() {
					dst = s.Match(dst[:0], topic)
				}
				if len(dst) != n {
					b.Fatalf("%d pipes", len(dst))
				}
			})
		}
	}
}

func BenchmarkTopicsMatchNested(b *testing.B) {
	for _, n := range []int{8, 64, 4096} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var s Topics
			p := pipe.New()
			topic := make([]byte, n)
			for i := range n {
				s.Add(topic[:i+1], p)
			}
			dst := make([]*pipe.Pipe, 0, 2)
			for b.Loop() {
				dst = s.Match(dst[:0], topic)
			}
		})
	}
}

func BenchmarkTopicsAddRemove(b *testing.B) {
	for _, n := range topicCounts {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := newTopicBench32(n)
			p := pipe.New()
			for b.Loop() {
				topic := s.next()
				topic[8] ^= 1
				s.set.Add(topic, p)
				s.set.Remove(topic, p)
				topic[8] ^= 1
			}
		})
	}
}

// BenchmarkTopicsBomb is the life of a million subscriptions of one peer.
func BenchmarkTopicsBomb(b *testing.B) {
	const n = 1_000_000
	topics := make([]byte, 0, 32*n)
	for topic := range topics32(n) {
		topics = append(topics, topic...)
	}
	p := pipe.New()
	phases := []struct {
		name string
		run  func(s *Topics)
	}{
		{"Add", func(s *Topics) {
			for t := topics; len(t) > 0; t = t[32:] {
				s.Add(t[:32], p)
			}
		}},
		{"All", func(s *Topics) { s.All(func([]byte) {}) }},
		{"RemoveAll", func(s *Topics) { s.RemoveAll(p, func([]byte, bool) {}) }},
	}
	for i, phase := range phases {
		b.Run(phase.name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				var s Topics
				for _, before := range phases[:i] {
					before.run(&s)
				}
				b.StartTimer()
				phase.run(&s)
			}
		})
	}
}
