package topics

import (
	"encoding/binary"
	"math/bits"
)

// An index of many topics is in no cache, so most of the time of a match or a removal
// is the load of an edge from memory. Loads overlap if none depends on another and if
// there are few instructions between them. The methods in this file load the edges
// that the next calls need. They have no other effect.

// Prefetched is how many edges are loaded at a time: about as many loads as a
// processor has pending.
const Prefetched = 16

// maxPrefetchDepth is how many edges are loaded for one frame.
const maxPrefetchDepth = 4

// Prefetch loads what [Index.Match] of each of the first [Prefetched] frames will load.
func (t *Index) Prefetch(frames [][]byte) {
	var edges [Prefetched]*edge
	var rest [Prefetched][]byte
	n := copy(rest[:], frames)
	for i := range n {
		edges[i] = &t.root
	}
	for more, depth := true, 0; more && depth < maxPrefetchDepth; depth++ {
		more = false
		for i, e := range edges[:n] {
			if e.lens&wholeWord == 0 || len(rest[i]) < wordLen {
				continue
			}
			next := t.candidate(newEdgeKey(e.child, wordLen), binary.LittleEndian.Uint64(rest[i]))
			if next == nil {
				rest[i] = nil
				continue
			}
			edges[i], more = next, true
		}
		if more {
			t.load(edges[:n])
		}
		for i, e := range edges[:n] {
			if len(rest[i]) >= wordLen {
				rest[i] = rest[i][min(len(rest[i]), wordLen+len(t.label(e))):]
			}
		}
	}
}

// load loads edges from memory.
func (t *Index) load(edges []*edge) {
	x := uint64(0)
	for _, e := range edges {
		x ^= e.word
	}
	t.loaded = x
}

// candidate returns the edge that find probably returns.
func (t *table) candidate(key edgeKey, word uint64) *edge {
	h := t.hash(key, word)
	s := t.dir[h>>(t.shift&63)]
	b := s.homeBucket(h)
	m := zeroBytes(s.tags[b] ^ hashTag(h)*lowBits)
	if m == 0 {
		return nil
	}
	return &s.buckets[b][bits.TrailingZeros64(m)/8%bucketLen]
}

// prefetchRefs loads the edges of the last entries of the refs of a subscriber.
func (t *Index) prefetchRefs(refs []uint32) {
	var edges [Prefetched]*edge
	n, tags := 0, uint64(0)
	for _, ref := range refs[max(0, len(refs)-Prefetched):] {
		if ref != 0 && ref < groupBit {
			s, b, i := t.locate(ref)
			tags ^= s.tags[b]
			edges[n] = &s.buckets[b][i]
			n++
		}
	}
	t.load(edges[:n])
	t.loaded ^= tags
}
