package topics

import "math/rand/v2"

// maxSlots is the size at which a full shard is split instead of enlarged. It
// is less than 1<<slotBits, because the halves of a split may be unequal.
const maxSlots = 2048

// createFirstShard initializes an empty table. Shard ids begin at 1, because
// reference 0 is the root edge.
func (t *table) createFirstShard() {
	if t.seed[0] == 0 {
		t.seed = [3]uint64{rand.Uint64() | 1, rand.Uint64(), rand.Uint64() | 1}
	}
	s := &shard{id: 1}
	s.alloc(0)
	t.shards = []*shard{nil, s}
	t.dir, t.shift, t.atFullDepth = []*shard{s, s}, 63, 0
}

// alloc replaces the buckets of s by empty ones for n edges. At least two
// fifths of the slots stay free, so that nearly all edges fit into their home
// bucket. The shard is full when it holds a third more than n edges.
func (s *shard) alloc(n int) {
	size := slotsFor(n) / bucketLen
	s.buckets = make([][bucketLen]edge, size)
	s.tags = make([]uint64, size)
	s.n = 0
}

func slotsFor(n int) int { return (n*5/3 + bucketLen) &^ (bucketLen - 1) }

// grow enlarges or splits a full shard.
func (t *Index) grow(s *shard) {
	old := *s
	if slotsFor(s.n) > maxSlots {
		t.splitShard(s)
	} else {
		s.alloc(s.n)
	}
	t.rehash(&old)
}

// shrink releases the memory that a shard with few edges does not need.
func (t *Index) shrink(s *shard) {
	switch {
	case t.edges == 0:
		t.dir, t.shards, t.freeIDs = nil, nil, nil
	case t.mergeShards(s):
	case slotsFor(s.n) < s.slots():
		old := *s
		s.alloc(s.n)
		t.rehash(&old)
	}
}

// rehash inserts the edges of old, which is no longer in use, into the table.
func (t *Index) rehash(old *shard) {
	old.each(func(e *edge) bool {
		h := t.hash(e.key, e.word)
		t.place(t.shard(h), h, e)
		return true
	})
}

// splitShard replaces s by two empty shards, one of which is s itself.
func (t *table) splitShard(s *shard) {
	if s.bits == t.depth() {
		t.doubleDir()
	}
	s.bits++
	s.hashPrefix <<= 1
	if s.bits == t.depth() {
		t.atFullDepth += 2
	}
	other := &shard{id: t.newShard(), bits: s.bits, hashPrefix: s.hashPrefix | 1}
	t.shards[other.id] = other
	t.writeDir(other)
	n := t.countFor(s, other)
	other.alloc(n)
	s.alloc(s.n - n)
}

// countFor returns the number of edges of s that belong into other.
func (t *table) countFor(s, other *shard) (n int) {
	s.each(func(e *edge) bool {
		if t.shard(t.hash(e.key, e.word)) == other {
			n++
		}
		return true
	})
	return n
}

// mergeShards merges s with the shard that shares all but the last bit of its
// hash prefix, if both are small. It reports whether it did.
func (t *Index) mergeShards(s *shard) bool {
	if s.bits == 0 {
		return false
	}
	other := t.dir[(s.hashPrefix^1)<<(t.depth()-s.bits)]
	if other.bits != s.bits || slotsFor(s.n+other.n) > maxSlots/2 {
		return false
	}
	if s.bits == t.depth() {
		t.atFullDepth -= 2
	}
	old := *s
	s.bits--
	s.hashPrefix >>= 1
	s.alloc(old.n + other.n)
	t.writeDir(s)
	t.rehash(&old)
	t.rehash(other)
	t.shards[other.id] = nil
	t.freeIDs = append(t.freeIDs, other.id)
	for t.atFullDepth == 0 && len(t.dir) > 2 {
		t.halveDir()
	}
	return true
}

func (t *table) newShard() uint32 {
	if n := len(t.freeIDs); n > 0 {
		id := t.freeIDs[n-1]
		t.freeIDs = t.freeIDs[:n-1]
		return id
	}
	t.shards = append(t.shards, nil)
	return uint32(len(t.shards) - 1)
}

// depth returns the number of hash bits that index the directory.
func (t *table) depth() uint8 { return 64 - t.shift }

// writeDir points the directory entries of s to s.
func (t *table) writeDir(s *shard) {
	n := t.depth() - s.bits
	for i := range uint64(1) << n {
		t.dir[s.hashPrefix<<n|i] = s
	}
}

// doubleDir doubles the directory.
func (t *table) doubleDir() {
	dir := make([]*shard, 2*len(t.dir))
	for i := range dir {
		dir[i] = t.dir[i/2]
	}
	t.dir, t.atFullDepth = dir, 0
	t.shift--
}

// halveDir halves the directory.
func (t *table) halveDir() {
	dir := make([]*shard, len(t.dir)/2)
	for i := range dir {
		if dir[i] = t.dir[2*i]; dir[i].bits == t.depth()-1 {
			t.atFullDepth++
		}
	}
	t.dir = dir
	t.shift++
}
