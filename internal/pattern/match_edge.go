package pattern

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// wordLen is how many bytes of a topic one step in the tree takes.
const wordLen = 8

// topicEdge leads from a node of the tree, by a word and the label after it,
// to where a prefix ends, or a node is, or both. Nodes lie at multiples of
// wordLen only, and a word that ends before the next multiple has no label and
// leads to no node. The struct fills one cache line and has no pointers.
type topicEdge struct {
	word  uint64 // little endian, zero beyond its length
	key   edgeKey
	child uint32 // the node at the far end, 0 if nothing goes on from there
	subs  uint32 // who has the prefix that ends there; see topicPeer
	pos   uint32 // index in the list of the peer, if subs is one

	lens  uint8 // bit k-1: a word of k bytes leaves child
	size  uint8 // of label, or longLabel
	label [maxShortLabel]byte
}

const wholeWord = 1 << (wordLen - 1) // in lens

// edgeKey is the node that an edge leaves and the length of its word. It is 0
// for the root, which leaves no node.
type edgeKey uint32

func newEdgeKey(node uint32, n int) edgeKey { return edgeKey(node<<4 | uint32(n)) }

func (k edgeKey) node() uint32 { return uint32(k >> 4) }
func (k edgeKey) len() int     { return int(k & 15) }

// step returns the edge after e by which topic goes on for a whole word and
// its label, or nil, and what is left of topic then.
func (t *Topics) step(e *topicEdge, topic []byte) (*topicEdge, []byte) {
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

// tails is the lengths of the words after e that are shorter than a whole one
// and may be the beginning of topic.
func (e *topicEdge) tails(topic []byte) uint8 {
	return e.lens & (1<<min(uint(len(topic)), wordLen-1) - 1)
}

// tail returns the edge after e by the first n bytes of word, or nil.
func (t *Topics) tail(e *topicEdge, word uint64, n int) *topicEdge {
	e, _ = t.find(newEdgeKey(e.child, n), word&wordMask(n))
	return e
}

// topicWord is the first word of b, or all of b if that is shorter.
func topicWord(b []byte) uint64 {
	n := len(b)
	switch {
	case n >= wordLen:
		return binary.LittleEndian.Uint64(b)
	case n >= 4: // two halves that overlap
		end := uint64(binary.LittleEndian.Uint32(b[n-4:]))
		return uint64(binary.LittleEndian.Uint32(b)) | end<<(8*(n-4))
	case n > 0: // three bytes, of which some are the same
		return uint64(b[0]) | uint64(b[n/2])<<(8*(n/2)) | uint64(b[n-1])<<(8*(n-1))
	}
	return 0
}

// appendWord appends the first n bytes of a word.
func appendWord(dst []byte, word uint64, n int) []byte {
	var b [wordLen]byte
	binary.LittleEndian.PutUint64(b[:], word)
	return append(dst, b[:n]...)
}

// wordMask covers the first n bytes of a word.
func wordMask(n int) uint64 { return ^uint64(0) >> ((wordLen - n) * 8 & 63) }

// lowestLen is the least length in lens.
func lowestLen(lens uint8) int { return bits.TrailingZeros8(lens) + 1 }
