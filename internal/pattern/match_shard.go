package pattern

import "math/rand/v2"

// maxSlots is how many places a shard may have and not be split. slotBits allow
// for more, as halves may be unequal.
const maxSlots = 2048

// open makes the first shard. No shard has the id 0, so that no edge in one has
// the number of the root.
func (t *topicTable) open() {
	if t.seed[0] == 0 {
		t.seed = [3]uint64{rand.Uint64() | 1, rand.Uint64(), rand.Uint64() | 1}
	}
	s := &topicShard{id: 1}
	s.alloc(0)
	t.shards = []*topicShard{nil, s}
	t.dir, t.shift, t.deepest = []*topicShard{s, s}, 63, 0
}

// alloc gives a shard room for n edges, none of which is there yet. It leaves
// at least two fifths free: so nearly all edges are in the bucket they belong
// to, and the shard is full when it has a third more.
func (s *topicShard) alloc(n int) {
	size := slotsFor(n) / bucketLen
	s.buckets = make([][bucketLen]topicEdge, size)
	s.tags = make([]uint64, size)
	s.n = 0
}

func slotsFor(n int) int { return (n*5/3 + bucketLen) &^ (bucketLen - 1) }

// enlarge makes room in a full shard.
func (t *Topics) enlarge(s *topicShard) {
	old := *s
	if slotsFor(s.n) > maxSlots {
		t.split(s)
	} else {
		s.alloc(s.n)
	}
	t.refill(&old)
}

// shrink gives memory back that a shard with few edges does not need.
func (t *Topics) shrink(s *topicShard) {
	switch {
	case t.edges == 0:
		t.dir, t.shards, t.spare = nil, nil, nil
	case t.merge(s):
	case slotsFor(s.n) < s.slots():
		old := *s
		s.alloc(s.n)
		t.refill(&old)
	}
}

// refill places the edges of a shard that has been replaced.
func (t *Topics) refill(old *topicShard) {
	old.each(func(e *topicEdge) bool {
		h := t.hash(e.key, e.word)
		t.place(t.shard(h), h, e)
		return true
	})
}

// split replaces s by two empty shards, one of which is s itself.
func (t *topicTable) split(s *topicShard) {
	if s.bits == t.depth() {
		t.widen()
	}
	s.bits++
	s.path <<= 1
	if s.bits == t.depth() {
		t.deepest += 2
	}
	other := &topicShard{id: t.newShard(), bits: s.bits, path: s.path | 1}
	t.shards[other.id] = other
	t.enter(other)
	n := t.countIn(s, other)
	other.alloc(n)
	s.alloc(s.n - n)
}

// countIn is how many edges of s belong to other.
func (t *topicTable) countIn(s, other *topicShard) (n int) {
	s.each(func(e *topicEdge) bool {
		if t.shard(t.hash(e.key, e.word)) == other {
			n++
		}
		return true
	})
	return n
}

// merge joins s with the shard that it was split from, if both are small.
func (t *Topics) merge(s *topicShard) bool {
	if s.bits == 0 {
		return false
	}
	other := t.dir[(s.path^1)<<(t.depth()-s.bits)]
	if other.bits != s.bits || slotsFor(s.n+other.n) > maxSlots/2 {
		return false
	}
	if s.bits == t.depth() {
		t.deepest -= 2
	}
	old := *s
	s.bits--
	s.path >>= 1
	s.alloc(old.n + other.n)
	t.enter(s)
	t.refill(&old)
	t.refill(other)
	t.shards[other.id] = nil
	t.spare = append(t.spare, other.id)
	for t.deepest == 0 && len(t.dir) > 2 {
		t.narrow()
	}
	return true
}

func (t *topicTable) newShard() uint32 {
	if n := len(t.spare); n > 0 {
		id := t.spare[n-1]
		t.spare = t.spare[:n-1]
		return id
	}
	t.shards = append(t.shards, nil)
	return uint32(len(t.shards) - 1)
}

// depth is how many bits of a hash are an index of the directory.
func (t *topicTable) depth() uint8 { return 64 - t.shift }

// enter writes a shard to its part of the directory.
func (t *topicTable) enter(s *topicShard) {
	n := t.depth() - s.bits
	for i := range uint64(1) << n {
		t.dir[s.path<<n|i] = s
	}
}

// widen doubles the directory.
func (t *topicTable) widen() {
	dir := make([]*topicShard, 2*len(t.dir))
	for i := range dir {
		dir[i] = t.dir[i/2]
	}
	t.dir, t.deepest = dir, 0
	t.shift--
}

// narrow halves the directory.
func (t *topicTable) narrow() {
	dir := make([]*topicShard, len(t.dir)/2)
	for i := range dir {
		if dir[i] = t.dir[2*i]; dir[i].bits == t.depth()-1 {
			t.deepest++
		}
	}
	t.dir = dir
	t.shift++
}
