package topics

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/zerobroker/zmq/internal/pipe"
)

// Topics with regular differences must not accumulate in few shards and
// buckets, whatever the random key of the hash.
func TestHashSpreadsRegularTopics(t *testing.T) {
	const n = 20_000
	families := map[string]func(i int) []byte{
		"decimal": func(i int) []byte { return fmt.Appendf(nil, "%08d", i) },
		"short":   func(i int) []byte { return fmt.Append(nil, i) },
		"low":     func(i int) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(i)) },
		"high":    func(i int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(i)) },
		"bits":    func(i int) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(i)<<20) },
		"nodes":   func(i int) []byte { return fmt.Appendf(nil, "%08d%d", i/10, i%10) },
	}
	for name, topic := range families {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				var s Index
				p := pipe.New()
				for i := range n {
					s.Add(topic(i), p)
				}
				if most := 4 * s.edges / 600; len(s.dir) > most {
					t.Errorf("%d entries in the directory, want %d at most", len(s.dir), most)
				}
				if away := s.outsideHomeBucket(); away > s.edges/8 {
					t.Errorf("%d of %d edges are outside their home bucket", away, s.edges)
				}
			}
		})
	}
}

func (t *Index) outsideHomeBucket() (n int) {
	for e := range t.each {
		_, ref := t.find(e.key, e.word)
		s, b, _ := t.locate(ref)
		if s.homeBucket(t.hash(e.key, e.word)) != b {
			n++
		}
	}
	return n
}

func TestLoadWordReadsUpToEightBytes(t *testing.T) {
	b := []byte{1, 2, 3, 4, 5, 6, 7, 8, 9}
	for n := range len(b) + 1 {
		k := min(n, wordLen)
		w := loadWord(b[:n])
		if got := appendWord(nil, w, k); !slices.Equal(got, b[:k]) {
			t.Errorf("word of %d bytes = %x", n, got)
		}
		if k > 0 && w != loadWord(b)&wordMask(k) {
			t.Errorf("loadWord of %d bytes = %x, wordMask = %x", n, w, wordMask(k))
		}
	}
}

func TestPoolReusesNumbersAndReleasesChunks(t *testing.T) {
	var p pool[int]
	want := make(map[uint32]int)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 20_000 {
		if r.IntN(20_000) > i {
			id := p.add(i)
			if _, used := want[id]; used || id == 0 {
				t.Fatalf("number %d given twice", id)
			}
			want[id] = i
		}
		for id := range want {
			if *p.at(id) != want[id] {
				t.Fatalf("number %d: %d, want %d", id, *p.at(id), want[id])
			}
			if r.IntN(20_000) < i {
				p.free(id)
				delete(want, id)
			}
			break
		}
	}
	for _, c := range p.chunks {
		if c != nil && c.used == 0 {
			t.Fatal("an empty chunk was not released")
		}
	}
	for id := range want {
		p.free(id)
	}
	if p.chunks != nil {
		t.Fatal("chunks were not released")
	}
}
