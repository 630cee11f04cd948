package pattern

import (
	"encoding/binary"
	"slices"
)

const (
	maxShortLabel = 38  // what an edge holds itself
	longLabel     = 255 // size of an edge that holds the number of a topicLabel
)

// topicLabel is a label too long for its edge. The bytes may be the end of a
// larger piece of memory, but are half of it at least.
type topicLabel struct {
	b    []byte
	size int // of the memory
}

// label returns the bytes after the word, valid until the set is changed.
func (t *Topics) label(e *topicEdge) []byte {
	if e.size == longLabel {
		return t.labels.at(e.labelID()).b
	}
	return e.label[:e.size]
}

func (e *topicEdge) labelID() uint32 { return binary.LittleEndian.Uint32(e.label[:]) }

// setLabel gives an edge that has no label a copy of b.
func (t *Topics) setLabel(e *topicEdge, b []byte) {
	if len(b) > maxShortLabel {
		t.setLong(e, topicLabel{slices.Clone(b), len(b)})
		return
	}
	e.size = uint8(copy(e.label[:], b))
}

func (t *Topics) setLong(e *topicEdge, l topicLabel) {
	binary.LittleEndian.PutUint32(e.label[:], t.labels.add(l))
	e.size = longLabel
}

// dropLabel leaves an edge without a label.
func (t *Topics) dropLabel(e *topicEdge) {
	if e.size == longLabel {
		t.labels.free(e.labelID())
	}
	e.size = 0
}

// cutLabel shortens the label of e to n bytes and gives rest, which has none,
// what follows the skip bytes after them. It copies n bytes at most, and what
// is left when that is less than half of what was copied last: short prefixes
// must not have a long label copied again and again.
func (t *Topics) cutLabel(e *topicEdge, n, skip int, rest *topicEdge) {
	if e.size != longLabel {
		t.setLabel(rest, e.label[n+skip:e.size])
		e.size = uint8(n)
		return
	}
	old := *t.labels.at(e.labelID())
	t.dropLabel(e)
	t.setLabel(e, old.b[:n])
	old.b = old.b[n+skip:]
	if len(old.b) <= maxShortLabel || len(old.b) < old.size/2 {
		t.setLabel(rest, old.b)
		return
	}
	t.setLong(rest, old)
}

// size is the length of the prefix that ends at e.
func (t *Topics) size(e *topicEdge) int {
	if e.key == 0 {
		return 0
	}
	return int(t.nodes.at(e.key.node()).depth) + e.key.len() + len(t.label(e))
}

// appendTopic appends the prefix that ends at e, beginning with its end.
func (t *Topics) appendTopic(dst []byte, e *topicEdge) []byte {
	n := len(dst) + t.size(e)
	dst = slices.Grow(dst, n-len(dst))[:n]
	for e.key != 0 {
		label := t.label(e)
		n -= len(label)
		copy(dst[n:], label)
		n -= e.key.len()
		appendWord(dst[:n], e.word, e.key.len())
		e, _ = t.owner(e.key.node())
	}
	return dst
}
