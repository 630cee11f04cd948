package topics

import "math/bits"

// table is a hash table of edges with extendible hashing: the first bits of the
// hash are the index in a directory of shards. The hash has a random key, so
// that peers cannot choose topics that collide.
type table struct {
	dir         []*shard // a shard with bits < depth fills 1<<(depth-bits) entries
	shift       uint8    // hash >> shift is an index of dir
	atFullDepth int      // number of shards that fill one entry of dir
	shards      []*shard // by id; nil if unused
	freeIDs     []uint32 // unused ids below len(shards)
	edges       int
	seed        [3]uint64
}

// shard holds edges in buckets. If the home bucket of an edge is full, the edge
// is in the next bucket with a free slot.
type shard struct {
	tags       []uint64 // for each bucket, one byte of the hash of each edge; 0 for a free slot
	buckets    [][bucketLen]edge
	n          int    // number of edges
	id         uint32 // index in table.shards
	bits       uint8  // length of hashPrefix
	hashPrefix uint64 // the first bits of the hash, which all edges of the shard share
}

const (
	bucketLen = 8
	slotBits  = 12 // bits of a reference for bucket and slot; the others are the id of the shard
	maxEdges  = 1 << 27
)

// ref returns the reference of slot i in bucket b: the location of an edge,
// until it moves. Reference 0 is the root edge.
func (s *shard) ref(b, i int) uint32 {
	return s.id<<slotBits | uint32(b*bucketLen+i)
}

func (t *table) locate(ref uint32) (s *shard, b, i int) {
	slot := int(ref & (1<<slotBits - 1))
	return t.shards[ref>>slotBits], slot / bucketLen, slot % bucketLen
}

func (t *Index) edge(ref uint32) *edge {
	if ref == 0 {
		return &t.root
	}
	s, b, i := t.locate(ref)
	return &s.buckets[b][i]
}

// each yields all edges except the root.
func (t *table) each(yield func(e *edge) bool) {
	for _, s := range t.shards {
		if s != nil && !s.each(yield) {
			return
		}
	}
}

func (s *shard) each(yield func(e *edge) bool) bool {
	for b := range s.buckets {
		for i := range s.buckets[b] {
			if e := &s.buckets[b][i]; e.key != 0 && !yield(e) {
				return false
			}
		}
	}
	return true
}

// hash multiplies twice by secret factors and folds the products.
func (t *table) hash(key edgeKey, word uint64) uint64 {
	hi, lo := bits.Mul64(word^t.seed[0], uint64(key)^t.seed[1])
	hi, lo = bits.Mul64(hi^lo, t.seed[2])
	return hi ^ lo
}

// hashTag returns the byte of the hash that is stored in shard.tags. It is
// never 0.
func hashTag(h uint64) uint64 {
	tag := h >> 32 & 0xff
	return tag + (tag-1)>>63
}

// homeBucket returns the bucket in which a search for the edge begins.
func (s *shard) homeBucket(h uint64) int {
	return int(uint64(uint32(h)) * uint64(len(s.buckets)) >> 32)
}

// preferredSlot returns the slot that an edge takes in its bucket if it is
// free.
func preferredSlot(h uint64) int { return int(h>>40) % bucketLen }

const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
)

// zeroBytes sets the high bit of the lowest zero byte of x. Bits of lower bytes
// are clear; those of higher bytes are unspecified.
func zeroBytes(x uint64) uint64 { return (x - lowBits) &^ x & highBits }

// find returns the edge with that key and word, and its reference. It returns
// nil if there is none.
func (t *table) find(key edgeKey, word uint64) (*edge, uint32) {
	h := t.hash(key, word)
	s := t.dir[h>>(t.shift&63)]
	tag, b, i := hashTag(h), s.homeBucket(h), preferredSlot(h)
	// Most edges are in their preferred slot, and the branch predictor learns
	// it: the processor fetches the edge before the tags have arrived.
	if s.tags[b]>>(i*8)&0xff == tag {
		if e := &s.buckets[b][i]; e.word == word && e.key == key {
			return e, s.ref(b, i)
		}
	}
	for want := tag * lowBits; ; b = s.nextBucket(b) {
		tags := s.tags[b]
		for m := zeroBytes(tags ^ want); m != 0; m &= m - 1 {
			i := bits.TrailingZeros64(m) / 8 % bucketLen
			if e := &s.buckets[b][i]; e.word == word && e.key == key {
				return e, s.ref(b, i)
			}
		}
		if zeroBytes(tags) != 0 {
			return nil, 0
		}
	}
}

// insert adds an edge that is not in the table, and returns its reference.
// Other edges may move.
func (t *Index) insert(e *edge) uint32 {
	if t.dir == nil {
		t.createFirstShard()
	}
	h := t.hash(e.key, e.word)
	s := t.shard(h)
	for s.n >= s.slots()*4/5 {
		t.grow(s)
		s = t.shard(h)
	}
	t.edges++
	return t.place(s, h, e)
}

func (t *table) shard(h uint64) *shard { return t.dir[h>>t.shift] }

func (s *shard) slots() int { return len(s.buckets) * bucketLen }

// place stores an edge in a shard that has a free slot.
func (t *Index) place(s *shard, h uint64, e *edge) uint32 {
	b := s.homeBucket(h)
	for s.full(b) {
		b = s.nextBucket(b)
	}
	i := preferredSlot(h)
	if s.tags[b]>>(i*8)&0xff != 0 {
		i = bits.TrailingZeros64(zeroBytes(s.tags[b])) / 8
	}
	s.n++
	return t.fill(s, b, i, hashTag(h), e)
}

func (t *Index) fill(s *shard, b, i int, tag uint64, e *edge) uint32 {
	s.set(b, i, tag, e)
	ref := s.ref(b, i)
	t.updateRefs(e, ref)
	return ref
}

func (s *shard) set(b, i int, tag uint64, e *edge) {
	s.tags[b] = s.tags[b]&^(0xff<<(i*8)) | tag<<(i*8)
	s.buckets[b][i] = *e
}

func (s *shard) full(b int) bool { return zeroBytes(s.tags[b]) == 0 }

func (s *shard) nextBucket(b int) int {
	if b++; b == len(s.buckets) {
		return 0
	}
	return b
}

// deleteEdge removes an edge from the table. Other edges may move: if the
// bucket was full, an edge from a later bucket fills the free slot, so that
// searches need not continue past it.
func (t *Index) deleteEdge(ref uint32) {
	s, b, i := t.locate(ref)
	for next, full := b, s.full(b); full; {
		next = s.nextBucket(next)
		full = s.full(next)
		if j := t.displaced(s, next, b); j >= 0 {
			tag := s.tags[next] >> (j * 8) & 0xff
			t.fill(s, b, i, tag, &s.buckets[next][j])
			b, i = next, j
		}
	}
	s.set(b, i, 0, &edge{})
	s.n--
	t.edges--
	if s.n < s.slots()*3/8 {
		t.shrink(s)
	}
}

// displaced returns the slot in bucket b of an edge that may be stored in the
// earlier bucket, or -1.
func (t *table) displaced(s *shard, b, earlier int) int {
	for i := range s.buckets[b] {
		e := &s.buckets[b][i]
		if e.key == 0 {
			continue
		}
		homeBucket := s.homeBucket(t.hash(e.key, e.word))
		if s.distance(homeBucket, b) >= s.distance(earlier, b) {
			return i
		}
	}
	return -1
}

func (s *shard) distance(from, to int) int {
	if to < from {
		return to - from + len(s.buckets)
	}
	return to - from
}
