package pattern

import "math/bits"

// topicTable is a hash table of edges, cut into shards of limited size so that
// no change takes long. That is extendible hashing: the first bits of the hash
// are an index of a directory of shards, which split and merge on their own.
// The hash is keyed, so that peers cannot choose prefixes that collide.
type topicTable struct {
	dir     []*topicShard // a shard fills 1<<n entries if it is n bits short
	shift   uint8         // makes an index of dir of a hash
	deepest int           // shards that fill one entry
	shards  []*topicShard // by id
	spare   []uint32      // unused ids
	edges   int
	seed    [3]uint64
}

// topicShard holds edges in buckets. An edge whose bucket is full is in the
// next one that is not.
type topicShard struct {
	tags    []uint64 // for each bucket eight bits of the hash of each edge, 0 where there is none
	buckets [][bucketLen]topicEdge
	n       int    // edges
	id      uint32 // index in shards
	bits    uint8  // how many bits of the hash all edges here share
	path    uint64 // those bits
}

const (
	bucketLen     = 8
	slotBits      = 12 // of an edge's number: bucket and place; the rest is the shard's id
	maxTopicEdges = 1 << 27
)

// ref is an edge's number, which says where it is now. 0 is the root.
func (s *topicShard) ref(b, i int) uint32 {
	return s.id<<slotBits | uint32(b*bucketLen+i)
}

func (t *topicTable) locate(ref uint32) (s *topicShard, b, i int) {
	slot := int(ref & (1<<slotBits - 1))
	return t.shards[ref>>slotBits], slot / bucketLen, slot % bucketLen
}

func (t *Topics) edge(ref uint32) *topicEdge {
	if ref == 0 {
		return &t.root
	}
	s, b, i := t.locate(ref)
	return &s.buckets[b][i]
}

// each yields all edges but the root.
func (t *topicTable) each(yield func(e *topicEdge) bool) {
	for _, s := range t.shards {
		if s != nil && !s.each(yield) {
			return
		}
	}
}

func (s *topicShard) each(yield func(e *topicEdge) bool) bool {
	for b := range s.buckets {
		for i := range s.buckets[b] {
			if e := &s.buckets[b][i]; e.key != 0 && !yield(e) {
				return false
			}
		}
	}
	return true
}

// hash folds two products with secret factors.
func (t *topicTable) hash(key edgeKey, word uint64) uint64 {
	hi, lo := bits.Mul64(word^t.seed[0], uint64(key)^t.seed[1])
	hi, lo = bits.Mul64(hi^lo, t.seed[2])
	return hi ^ lo
}

// hashTag is never 0.
func hashTag(h uint64) uint64 {
	tag := h >> 32 & 0xff
	return tag + (tag-1)>>63
}

// home is the bucket that an edge belongs to.
func (s *topicShard) home(h uint64) int {
	return int(uint64(uint32(h)) * uint64(len(s.buckets)) >> 32)
}

// favourite is the place in its bucket that an edge gets if it can.
func favourite(h uint64) int { return int(h>>40) % bucketLen }

const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
)

// zeroBytes has the high bit set of the lowest zero byte of x and of none
// below it. Those above may be wrong.
func zeroBytes(x uint64) uint64 { return (x - lowBits) &^ x & highBits }

// find returns an edge and its number, or nil.
func (t *topicTable) find(key edgeKey, word uint64) (*topicEdge, uint32) {
	h := t.hash(key, word)
	s := t.dir[h>>(t.shift&63)]
	tag, b, i := hashTag(h), s.home(h), favourite(h)
	// Most edges are in their favourite place, and the processor learns to
	// expect it: then it fetches the edge while it still waits for the tags.
	if s.tags[b]>>(i*8)&0xff == tag {
		if e := &s.buckets[b][i]; e.word == word && e.key == key {
			return e, s.ref(b, i)
		}
	}
	for want := tag * lowBits; ; b = s.after(b) {
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

// put adds an edge that is not there yet, and returns its number. Others may
// move.
func (t *Topics) put(e *topicEdge) uint32 {
	if t.dir == nil {
		t.open()
	}
	h := t.hash(e.key, e.word)
	s := t.shard(h)
	for s.n >= s.slots()*4/5 {
		t.enlarge(s)
		s = t.shard(h)
	}
	t.edges++
	return t.place(s, h, e)
}

func (t *topicTable) shard(h uint64) *topicShard { return t.dir[h>>t.shift] }

func (s *topicShard) slots() int { return len(s.buckets) * bucketLen }

// place puts an edge into a shard that has room.
func (t *Topics) place(s *topicShard, h uint64, e *topicEdge) uint32 {
	b := s.home(h)
	for s.full(b) {
		b = s.after(b)
	}
	i := favourite(h)
	if s.tags[b]>>(i*8)&0xff != 0 {
		i = bits.TrailingZeros64(zeroBytes(s.tags[b])) / 8
	}
	s.n++
	return t.fill(s, b, i, hashTag(h), e)
}

func (t *Topics) fill(s *topicShard, b, i int, tag uint64, e *topicEdge) uint32 {
	s.set(b, i, tag, e)
	ref := s.ref(b, i)
	t.moved(e, ref)
	return ref
}

func (s *topicShard) set(b, i int, tag uint64, e *topicEdge) {
	s.tags[b] = s.tags[b]&^(0xff<<(i*8)) | tag<<(i*8)
	s.buckets[b][i] = *e
}

func (s *topicShard) full(b int) bool { return zeroBytes(s.tags[b]) == 0 }

func (s *topicShard) after(b int) int {
	if b++; b == len(s.buckets) {
		return 0
	}
	return b
}

// cut removes an edge. Others may move: while the gap is in a bucket that was
// full, an edge that had to go to a later one fills it.
func (t *Topics) cut(ref uint32) {
	s, b, i := t.locate(ref)
	for next, full := b, s.full(b); full; {
		next = s.after(next)
		full = s.full(next)
		if j := t.straggler(s, next, b); j >= 0 {
			tag := s.tags[next] >> (j * 8) & 0xff
			t.fill(s, b, i, tag, &s.buckets[next][j])
			b, i = next, j
		}
	}
	s.set(b, i, 0, &topicEdge{})
	s.n--
	t.edges--
	if s.n < s.slots()*3/8 {
		t.shrink(s)
	}
}

// straggler returns the place in bucket b of an edge that may as well be in an
// earlier one, or -1.
func (t *topicTable) straggler(s *topicShard, b, earlier int) int {
	for i := range s.buckets[b] {
		e := &s.buckets[b][i]
		if e.key == 0 {
			continue
		}
		home := s.home(t.hash(e.key, e.word))
		if s.distance(home, b) >= s.distance(earlier, b) {
			return i
		}
	}
	return -1
}

func (s *topicShard) distance(from, to int) int {
	if to < from {
		return to - from + len(s.buckets)
	}
	return to - from
}
