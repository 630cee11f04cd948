package topics

import (
	"bytes"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/pipe"
)

// randomTopic returns topics that are often prefixes of each other: from few
// letters, and with lengths close to the limits of words and labels.
func randomTopic(r *rand.Rand) string {
	lens := []int{0, 1, 2, 3, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 45, 46, 47, 54, 55, 100, 1030, 1100}
	b := make([]byte, lens[r.IntN(len(lens))])
	letters := []byte("\x00a\xff")[:1+r.IntN(3)]
	for i := range b {
		b[i] = letters[0]
		if r.IntN(40) == 0 {
			b[i] = letters[r.IntN(len(letters))]
		}
	}
	return string(b)
}

func TestIndexBehavesLikeModel(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 0))
		o := newModel(t, 1+r.IntN(5))
		for i := range 800 {
			p := o.pipes[r.IntN(len(o.pipes))]
			switch op := r.IntN(100); {
			case op < 50:
				o.add(randomTopic(r), p)
			case op < 75:
				o.remove(randomTopic(r), p)
			case op < 98:
				o.match(randomTopic(r))
			case op < 99:
				o.removeSome(p, r.IntN(30))
			default:
				o.removeSome(p, 1<<30)
			}
			if i%20 == 0 {
				o.check()
			}
		}
		o.clear()
	}
}

// clear removes all topics in different ways, and fails if the index keeps
// memory.
func (o *model) clear() {
	o.t.Helper()
	for topic := range o.subs {
		for _, p := range o.pipes {
			o.remove(topic, p)
		}
	}
	o.check()
	r := &o.real
	if r.dir != nil || r.shards != nil || r.nodes.chunks != nil || r.labels.chunks != nil ||
		r.subscribers.chunks != nil || r.groups.chunks != nil || r.ids != nil || r.root != (edge{}) {
		o.t.Fatalf("empty index keeps memory: %+v", *r)
	}
}

func TestIndexBehavesLikeModelWithManyShards(t *testing.T) {
	o := newModel(t, 3)
	r := rand.New(rand.NewPCG(1, 2))
	var topics []string
	for i := range 30_000 {
		topics = append(topics, fmt.Sprintf("%d/%x", r.IntN(100), r.Uint64()))
		o.add(topics[i], o.pipes[i%3])
	}
	o.check()
	for _, topic := range topics[:1000] {
		o.match(topic + "/x")
	}
	for i, p := range o.pipes {
		o.removeSome(p, 9_000+i*400)
		o.check()
	}
	for _, topic := range topics[:1000] {
		o.match(topic)
		o.add(topic, o.pipes[0])
	}
	o.check()
	o.clear()
}

func TestEmptyTopicMatchesEveryFrame(t *testing.T) {
	o := newModel(t, 3)
	o.match("")
	o.match("a")
	o.remove("", o.pipes[0])
	for _, p := range o.pipes {
		o.add("", p)
		o.add("", p)
		o.match("")
		o.match("anything at all")
		o.check()
	}
	o.add("any", o.pipes[1])
	o.match("anything at all")
	o.clear()
}

func TestRemoveOfUnknownTopicChangesNothing(t *testing.T) {
	o := newModel(t, 2)
	o.add("abcdefghijklmnop", o.pipes[0])
	o.add("abcdefgh", o.pipes[1])
	for _, topic := range []string{
		"", "a", "abcdefg", "abcdefghi", "abcdefghijklmno", "abcdefghijklmnopq", "abcdefghijklmnoX", "bcdefghi",
	} {
		o.remove(topic, o.pipes[0])
		o.remove(topic, o.pipes[1])
		o.check()
	}
	o.remove("abcdefgh", o.pipes[0])
	o.remove("abcdefgh", pipe.New())
	o.check()
}

// The topics are the 4096 prefixes of one topic, added in different orders.
func TestNestedTopicsShareEdges(t *testing.T) {
	long := strings.Repeat("a", 4096)
	orders := map[string]func(i int) int{
		"up":    func(i int) int { return i },
		"down":  func(i int) int { return 4096 - i },
		"mixed": func(i int) int { return i * 1001 % 4097 },
	}
	for name, order := range orders {
		t.Run(name, func(t *testing.T) {
			o := newModel(t, 2)
			for i := range 4097 {
				o.add(long[:order(i)], o.pipes[i%2])
			}
			for _, n := range []int{0, 1, 7, 8, 9, 4095, 4096} {
				o.match(long[:n])
			}
			o.match(long + "a")
			// A tree that does not share prefixes would need 8 MB.
			if o.real.edges > 4096 || o.real.nodes.n > 512 {
				t.Errorf("%d edges, %d nodes", o.real.edges, o.real.nodes.n)
			}
			for i := range 4000 {
				o.remove(long[:order(i)], o.pipes[i%2])
			}
			o.check()
			o.clear()
		})
	}
}

// Every node has all 256 branches.
func TestBranchesShareNode(t *testing.T) {
	o := newModel(t, 1)
	for i := range 1 << 16 {
		o.add(string([]byte{byte(i), byte(i >> 8)}), o.pipes[0])
	}
	if o.real.edges != 1<<16 || o.real.nodes.n != 1 {
		t.Errorf("%d edges, %d nodes", o.real.edges, o.real.nodes.n)
	}
	o.check()
	o.match("\x00\xff\x00")
	o.match("\xff")
	o.clear()
	for i := range 256 {
		o.add("12345678"+string([]byte{byte(i)})+"12345678", o.pipes[0])
	}
	if o.real.edges != 257 || o.real.nodes.n != 2 {
		t.Errorf("%d edges, %d nodes", o.real.edges, o.real.nodes.n)
	}
	o.check()
	o.clear()
}

// See CVE-2021-20236: libzmq recursed once for each byte.
func TestLongTopicNeedsNoRecursion(t *testing.T) {
	defer debug.SetMaxStack(debug.SetMaxStack(1 << 16))
	p := pipe.New()
	for size := 1; size <= 16<<20; size *= 16 {
		var s Index
		topic := bytes.Repeat([]byte("ab"), size)[:size]
		s.Add(topic, p)
		s.Add(topic[:size/2], p)
		s.Add(topic[:size/3], p)
		if got := s.Match(nil, topic); len(got) != 1 || got[0] != p {
			t.Fatalf("topic of %d bytes: Match returned %d pipes, want the subscriber", size, len(got))
		}
		if removed, last := s.Remove(topic, p); !removed || !last {
			t.Fatalf("%d bytes: Remove() = %v, %v", size, removed, last)
		}
		s.Add(topic, p)
		n := 0
		s.RemoveAll(p, func(topic []byte, last bool) { n += len(topic) })
		if size > 3 && n != size+size/2+size/3 || s.Len() != 0 || s.edges != 0 {
			t.Fatalf("topic of %d bytes: RemoveAll removed %d bytes, %d topics remain", size, n, s.Len())
		}
	}
}

// Topics that branch from one long topic are added and removed again and again.
// The memory must not exceed a small multiple of the length of the long topic.
func TestBranchesOfLongTopicDoNotCopyIt(t *testing.T) {
	const size = 4 << 20
	before := heapInUse()
	var s Index
	p, q := pipe.New(), pipe.New()
	topic := bytes.Repeat([]byte("x"), size)
	s.Add(topic, p)
	for n := 64; n < size; n *= 2 {
		splitEdge := append(bytes.Clone(topic[:n]), 'y')
		for range 1000 / (1 + n/1000) {
			s.Add(splitEdge, q)
			s.Remove(splitEdge, q)
		}
		s.Add(splitEdge, q)
	}
	if err := s.check(); err != nil {
		t.Fatal(err)
	}
	if used := heapInUse() - before - size; used > 2*size+size/4 {
		t.Errorf("%d KiB used by a topic of %d KiB and its branches", used>>10, size>>10)
	}
	s.Remove(topic, p)
	if used := heapInUse() - before - size; used > size+size/4 {
		t.Errorf("%d KiB used by the branches of a topic of %d KiB", used>>10, size>>10)
	}
	s.RemoveAll(q, nil)
	if err := s.check(); err != nil || s.edges != 0 {
		t.Fatal(err, s.edges)
	}
	runtime.KeepAlive(topic)
}

// Topics that branch from one long topic are added at every position and
// removed again. What remains of the long topic must not be in many small
// pieces.
func TestRemovedBranchesLeaveFewNodes(t *testing.T) {
	const size = 4096
	r := rand.New(rand.NewPCG(1, 2))
	topic := make([]byte, size)
	orders := map[string]func(i int) int{
		"up":    func(i int) int { return i },
		"down":  func(i int) int { return size - 1 - i },
		"mixed": func(i int) int { return i * 1001 % size },
	}
	for name, order := range orders {
		for _, kept := range []int{0, 10, size} {
			t.Run(fmt.Sprint(name, kept), func(t *testing.T) {
				o := newModel(t, 2)
				o.add(string(topic), o.pipes[0])
				for i := range size {
					n := order(i)
					o.add(string(topic[:n])+"y", o.pipes[1])
					if i >= kept {
						n = order(i - r.IntN(kept+1))
						o.remove(string(topic[:n])+"y", o.pipes[1])
					}
				}
				o.removeSome(o.pipes[1], size)
				o.check()
				if n := o.real.nodes.n; n > 1+2*size/maxMergedLabel {
					t.Errorf("%d nodes", n)
				}
				o.match(string(topic))
				o.clear()
			})
		}
	}
}

func TestManyPipesShareTopic(t *testing.T) {
	const n = 10_000
	var s Index
	pipes := make([]*pipe.Pipe, n)
	for i := range pipes {
		pipes[i] = pipe.New()
		if added, first := s.Add([]byte("news"), pipes[i]); !added || first != (i == 0) {
			t.Fatalf("Add of pipe %d: %v, %v", i, added, first)
		}
		s.Add([]byte("news."), pipes[i])
	}
	if got := s.Match(nil, []byte("news.today")); len(got) != n {
		t.Fatalf("%d pipes", len(got))
	}
	rand.Shuffle(n, func(i, j int) { pipes[i], pipes[j] = pipes[j], pipes[i] })
	for i, p := range pipes {
		if i%1000 == 0 {
			if err := s.check(); err != nil {
				t.Fatal(err)
			}
		}
		if removed, last := s.Remove([]byte("news"), p); !removed || last != (i == n-1) {
			t.Fatalf("Remove of pipe %d: %v, %v", i, removed, last)
		}
		if i%2 == 0 {
			s.RemoveAll(p, nil)
		}
	}
	if got := s.Match(nil, []byte("news.today")); len(got) != n/2 || s.Len() != 1 {
		t.Fatalf("%d pipes, %d topics", len(got), s.Len())
	}
}

// Mark marks the pipes that Match returned, so that a caller can distinguish
// them from the others.
func TestMarkSetsMarkOfGivenPipesOnly(t *testing.T) {
	var s Index
	all := []*pipe.Pipe{pipe.New(), pipe.New(), pipe.New()}
	s.Add([]byte("a"), all[0])
	s.Add([]byte("b"), all[1])
	s.Add([]byte("ab"), all[2])
	s.Add([]byte("abc"), all[0])
	mark := s.Mark(s.Match(nil, []byte("abcd")))
	for i, want := range []bool{true, false, true} {
		if got := all[i].Mark == mark; got != want {
			t.Errorf("pipe %d marked: %v", i, got)
		}
	}
}

// A socket uses a nil pipe for its own subscriptions.
func TestNilPipeCanSubscribe(t *testing.T) {
	var s Index
	s.Add([]byte("a"), nil)
	s.Add([]byte("ab"), nil)
	if !s.Matches([]byte("abc")) || s.Matches([]byte("b")) {
		t.Error("Matches of a subscribed and of another frame are not true and false")
	}
	s.RemoveAll(nil, nil)
	if s.Matches([]byte("abc")) {
		t.Error("RemoveAll of a nil pipe removed no topic")
	}
}

func TestMatchDoesNotAllocate(t *testing.T) {
	var s Index
	dst := make([]*pipe.Pipe, 0, 8)
	for range 2 {
		p := pipe.New()
		s.Add(nil, p)
		s.Add([]byte("ab"), p)
		s.Add([]byte("abcdefghijkl"), p)
		s.Add([]byte(strings.Repeat("abcdefgh", 20)), p)
	}
	topic := []byte(strings.Repeat("abcdefgh", 21))
	if n := testing.AllocsPerRun(100, func() {
		dst = s.Match(dst[:0], topic)
		s.Matches(topic)
	}); n != 0 || len(dst) != 2 {
		t.Errorf("%v allocations, %d pipes", n, len(dst))
	}
}

// A million subscriptions of one peer have a memory limit; this is the share of
// the index.
func TestTopicMemoryIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("a million subscriptions")
	}
	const n = 1_000_000
	before := heapInUse()
	var s Index
	p := pipe.New()
	for topic := range topics32(n) {
		s.Add(topic, p)
	}
	each := float64(heapInUse()-before) / n
	t.Logf("%.1f bytes a topic", each)
	if each > 150 {
		t.Errorf("%.1f bytes a topic", each)
	}
	if topics, size := s.Count(p); topics != n || size != 32*n {
		t.Errorf("Count() = %d, %d", topics, size)
	}
	s.Add([]byte("one that stays"), pipe.New())
	s.RemoveAll(p, nil)
	if kept := heapInUse() - before; kept > 256<<10 {
		t.Errorf("%d KiB in use after all topics but one were removed", kept>>10)
	}
	runtime.KeepAlive(&s)
}

func heapInUse() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// topics32 yields n distinct random topics of 32 bytes, the same in each run.
func topics32(n int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		r := rand.NewChaCha8([32]byte{})
		var topic [32]byte
		for range n {
			r.Read(topic[:])
			if !yield(topic[:]) {
				return
			}
		}
	}
}
