package topics

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/zerobroker/zmq/internal/pipe"
)

// benchSet is an index with the topics of one pipe, and the same topics in
// another order, contiguous in memory. So a benchmark waits for the memory of
// the index and not for that of its input.
type benchSet struct {
	set    Index
	pipe   *pipe.Pipe
	topics []byte
	size   int // of each topic
	i      int
}

func newBenchSet(size, n int, topics iter.Seq[[]byte]) *benchSet {
	s := &benchSet{topics: make([]byte, size*n), size: size, pipe: pipe.New()}
	at := rand.Perm(n)
	for topic := range topics {
		s.set.Add(topic, s.pipe)
		copy(s.topics[size*at[0]:], topic)
		at = at[1:]
	}
	return s
}

func newBenchSet32(n int) *benchSet { return newBenchSet(32, n, topics32(n)) }

// next returns the next topic, padded with zeros to size bytes.
func (s *benchSet) next() []byte {
	if s.i == len(s.topics) {
		s.i = 0
	}
	s.i += s.size
	return s.topics[s.i-s.size : s.i]
}

var topicCounts = []int{1, 1000, 100_000, 1_000_000}

func BenchmarkMatch(b *testing.B) {
	for _, n := range topicCounts {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := newBenchSet32(n)
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

// BenchmarkMatchLocked calls Match under a mutex, as a socket does. A
// locked instruction waits for the loads before it. So successive matches do
// not overlap while they wait for memory, as they do in BenchmarkMatch.
func BenchmarkMatchLocked(b *testing.B) {
	for _, n := range topicCounts {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := newBenchSet32(n)
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

func BenchmarkMatches(b *testing.B) {
	for _, n := range topicCounts {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := newBenchSet32(n)
			for b.Loop() {
				if !s.set.Matches(s.next()) {
					b.Fatal("not found")
				}
			}
		})
	}
}

func BenchmarkMatchesNothing(b *testing.B) {
	for _, n := range topicCounts {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := newBenchSet32(n)
			other := make([]byte, 1<<20)
			rand.NewChaCha8([32]byte{1}).Read(other)
			i := 0
			for b.Loop() {
				if s.set.Matches(other[i : i+32]) {
					b.Fatal("found")
				}
				i = (i + 32) & (len(other) - 32)
			}
		})
	}
}

// wordTopics yields n topics of words and numbers, of up to 32 bytes.
func wordTopics(n int) iter.Seq[[]byte] {
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

func BenchmarkMatchWords(b *testing.B) {
	for _, n := range topicCounts {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := newBenchSet(32, n, wordTopics(n))
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

func BenchmarkMatchEmptyTopic(b *testing.B) {
	var s Index
	s.Add(nil, pipe.New())
	dst := make([]*pipe.Pipe, 0, 1)
	topic := []byte("anything at all")
	for b.Loop() {
		dst = s.Match(dst[:0], topic)
	}
}

func BenchmarkMatchShortTopic(b *testing.B) {
	var s Index
	s.Add([]byte("news"), pipe.New())
	dst := make([]*pipe.Pipe, 0, 1)
	topic := []byte("news of today")
	for b.Loop() {
		dst = s.Match(dst[:0], topic)
	}
}

// BenchmarkMatchManyPipes has n pipes that subscribe to the same topics.
func BenchmarkMatchManyPipes(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		for _, prefixes := range [][]string{{"news."}, {"news", "news."}} {
			b.Run(fmt.Sprint(n, "x", len(prefixes)), func(b *testing.B) {
				var s Index
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

func BenchmarkMatchNested(b *testing.B) {
	for _, n := range []int{8, 64, 4096} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var s Index
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

func BenchmarkAddRemove(b *testing.B) {
	for _, n := range topicCounts {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := newBenchSet32(n)
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

// BenchmarkMillion adds, lists and removes a million topics of one pipe.
func BenchmarkMillion(b *testing.B) {
	const n = 1_000_000
	topics := make([]byte, 0, 32*n)
	for topic := range topics32(n) {
		topics = append(topics, topic...)
	}
	p := pipe.New()
	phases := []struct {
		name string
		run  func(s *Index)
	}{
		{"Add", func(s *Index) {
			for t := topics; len(t) > 0; t = t[32:] {
				s.Add(t[:32], p)
			}
		}},
		{"All", func(s *Index) { s.All(func([]byte) {}) }},
		{"RemoveAll", func(s *Index) { s.RemoveAll(p, func([]byte, bool) {}) }},
	}
	for i, phase := range phases {
		b.Run(phase.name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				var s Index
				for _, before := range phases[:i] {
					before.run(&s)
				}
				b.StartTimer()
				phase.run(&s)
			}
		})
	}
}
