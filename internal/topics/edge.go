package topics

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// wordLen is the length of a whole word in bytes.
const wordLen = 8

// edge leads from a node to the end of a topic, to another node, or to both. It
// covers a word and the label after it. An edge whose word is shorter than
// wordLen, a tail, has no label and leads to no node. An edge fills one cache
// line and has no pointers.
type edge struct {
	word  uint64 // little endian; zero beyond its length
	key   edgeKey
	child uint32 // the node at the end of this edge; 0 if there is none
	subs  uint32 // subscribers of the topic that ends here: see subscriber
	pos   uint32 // if there is one subscriber, the index in its refs

	lens  uint8 // bit k-1 is set if a word of k bytes leaves child
	size  uint8 // length of the label, or longLabelSize
	label [maxShortLabel]byte
}

const wholeWord = 1 << (wordLen - 1) // the bit of a whole word in edge.lens

// edgeKey is the number of the node that an edge leaves and the length of its
// word. It is 0 for the root edge, which leaves no node.
type edgeKey uint32

func newEdgeKey(node uint32, n int) edgeKey { return edgeKey(node<<4 | uint32(n)) }

func (k edgeKey) node() uint32 { return uint32(k >> 4) }
func (k edgeKey) len() int     { return int(k & 15) }

// step returns the edge after e whose whole word and label topic begins with,
// and the rest of topic. It returns nil if there is no such edge.
func (t *Index) step(e *edge, topic []byte) (*edge, []byte) {
	if e.lens&wholeWord == 0 || len(topic) < wordLen {
		return nil, nil
	}
	e, _ = t.find(newEdgeKey(e.child, wordLen), binary.LittleEndian.Uint64(topic))
	if e == nil {
		return nil, nil
	}
	topic = topic[wordLen:]
	label := t.label(e)
	if !bytes.HasPrefix(topic, label) {
		return nil, nil
	}
	return e, topic[len(label):]
}

// tails returns the lengths of the tails after e that are not longer than
// topic, in the form of edge.lens.
func (e *edge) tails(topic []byte) uint8 {
	return e.lens & (1<<min(uint(len(topic)), wordLen-1) - 1)
}

// tail returns the edge after e for the first n bytes of word, or nil.
func (t *Index) tail(e *edge, word uint64, n int) *edge {
	e, _ = t.find(newEdgeKey(e.child, n), word&wordMask(n))
	return e
}

// loadWord returns the first wordLen bytes of b as a word; bytes beyond the end
// of b are zero.
func loadWord(b []byte) uint64 {
	n := len(b)
	switch {
	case n >= wordLen:
		return binary.LittleEndian.Uint64(b)
	case n >= 4: // two halves that overlap
		end := uint64(binary.LittleEndian.Uint32(b[n-4:]))
		return uint64(binary.LittleEndian.Uint32(b)) | end<<(8*(n-4))
	case n > 0: // three bytes, which overlap if n < 3
		return uint64(b[0]) | uint64(b[n/2])<<(8*(n/2)) | uint64(b[n-1])<<(8*(n-1))
	}
	return 0
}

// appendWord appends the first n bytes of a word to dst.
func appendWord(dst []byte, word uint64, n int) []byte {
	var b [wordLen]byte
	binary.LittleEndian.PutUint64(b[:], word)
	return append(dst, b[:n]...)
}

// wordMask returns a mask of the first n bytes of a word.
func wordMask(n int) uint64 { return ^uint64(0) >> ((wordLen - n) * 8 & 63) }

// lowestLen returns the smallest length in lens, which is not 0.
func lowestLen(lens uint8) int { return bits.TrailingZeros8(lens) + 1 }
