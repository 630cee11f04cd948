package topics

import (
	"encoding/binary"
	"slices"
)

const (
	maxShortLabel = 38  // longest label that is stored in the edge
	longLabelSize = 255 // edge.size if the label is in a longLabel; edge.label then holds its number
)

// longLabel is a label that is too long for its edge. b may be the end of a
// larger allocation, but is at least half of it.
type longLabel struct {
	b    []byte
	size int // of the allocation
}

// label returns the label of e. It is valid until the index changes.
func (t *Index) label(e *edge) []byte {
	if e.size == longLabelSize {
		return t.labels.at(e.labelID()).b
	}
	return e.label[:e.size]
}

func (e *edge) labelID() uint32 { return binary.LittleEndian.Uint32(e.label[:]) }

// setLabel stores a copy of b as the label of e, which has none.
func (t *Index) setLabel(e *edge, b []byte) {
	if len(b) > maxShortLabel {
		t.setLongLabel(e, longLabel{slices.Clone(b), len(b)})
		return
	}
	e.size = uint8(copy(e.label[:], b))
}

func (t *Index) setLongLabel(e *edge, l longLabel) {
	binary.LittleEndian.PutUint32(e.label[:], t.labels.add(l))
	e.size = longLabelSize
}

// dropLabel removes the label of e.
func (t *Index) dropLabel(e *edge) {
	if e.size == longLabelSize {
		t.labels.free(e.labelID())
	}
	e.size = 0
}

// splitLabel cuts the label of e to n bytes, skips the next skip bytes, and
// gives the remainder to the edge lower, which has no label. The remainder of a
// long label is copied only when it is less than half of its allocation.
// Otherwise a peer that adds many short topics could cause many copies of one
// long label.
func (t *Index) splitLabel(e *edge, n, skip int, lower *edge) {
	if e.size != longLabelSize {
		t.setLabel(lower, e.label[n+skip:e.size])
		e.size = uint8(n)
		return
	}
	old := *t.labels.at(e.labelID())
	t.dropLabel(e)
	t.setLabel(e, old.b[:n])
	old.b = old.b[n+skip:]
	if len(old.b) <= maxShortLabel || len(old.b) < old.size/2 {
		t.setLabel(lower, old.b)
		return
	}
	t.setLongLabel(lower, old)
}

// size returns the length of the topic that ends at e.
func (t *Index) size(e *edge) int {
	if e.key == 0 {
		return 0
	}
	return int(t.nodes.at(e.key.node()).depth) + e.key.len() + len(t.label(e))
}

// appendTopic appends the topic that ends at e to dst. It follows the edges
// from the end of the topic to its beginning.
func (t *Index) appendTopic(dst []byte, e *edge) []byte {
	n := len(dst) + t.size(e)
	dst = slices.Grow(dst, n-len(dst))[:n]
	for e.key != 0 {
		label := t.label(e)
		n -= len(label)
		copy(dst[n:], label)
		n -= e.key.len()
		appendWord(dst[:n], e.word, e.key.len())
		e, _ = t.parentEdge(e.key.node())
	}
	return dst
}
