package topics

// node is the part of the tree that only changes need; a match does not read
// it. Edges refer to nodes by number and nodes to edges by key, so that both
// can move in memory.
type node struct {
	word  uint64          // of the edge that leads to this node
	key   edgeKey         // of the same edge
	depth uint32          // length of the topic that ends at this node
	words uint64          // XOR of the words of all edges that leave; if there is one edge, its word
	count [wordLen]uint32 // number of edges that leave, by the length of their word less one
}

// parentEdge returns the edge that leads to a node, and its reference.
func (t *Index) parentEdge(node uint32) (*edge, uint32) {
	n := t.nodes.at(node)
	if n.key == 0 {
		return &t.root, 0
	}
	return t.find(n.key, n.word)
}

// setParent records e in the node that it leads to.
func (t *Index) setParent(e *edge) {
	if e.child != 0 {
		n := t.nodes.at(e.child)
		n.word, n.key = e.word, e.key
	}
}

// lookup returns the edge at which topic ends, and its reference. It returns
// nil if there is none.
func (t *Index) lookup(topic []byte) (*edge, uint32) {
	e := &t.root
	for len(topic) >= wordLen {
		if e, topic = t.step(e, topic); e == nil {
			return nil, 0
		}
	}
	switch n := len(topic); {
	case n > 0 && e.lens&(1<<(n-1)) == 0:
		return nil, 0
	case n > 0:
		return t.find(newEdgeKey(e.child, n), loadWord(topic))
	case e.key == 0:
		return e, 0
	}
	return t.find(e.key, e.word)
}

// ensure returns the edge at which topic ends, and its reference. It adds that
// edge if there is none. Edges may move.
func (t *Index) ensure(topic []byte) (e *edge, ref uint32) {
	e = &t.root
	for len(topic) > 0 {
		if e.child == 0 {
			e.child = t.nodes.add(node{word: e.word, key: e.key, depth: uint32(t.size(e))})
		}
		node, n := e.child, min(len(topic), wordLen)
		key, word, rest := newEdgeKey(node, n), loadWord(topic[:n]), topic[n:]
		if e.lens&(1<<(n-1)) == 0 {
			return t.addEdge(key, word, rest)
		}
		next, nextRef := t.find(key, word)
		if next == nil {
			return t.addEdge(key, word, rest)
		}
		label := t.label(next)
		same := commonPrefix(label, rest)
		if same < len(label) || same%wordLen != 0 && same < len(rest) {
			t.splitEdge(next, same&^(wordLen-1))
			e, ref = t.parentEdge(node) // next has been shortened
			continue
		}
		e, ref, topic = next, nextRef, rest[same:]
	}
	return e, ref
}

func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for i+wordLen <= n && loadWord(a[i:]) == loadWord(b[i:]) {
		i += wordLen
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}

// addEdge adds an edge without subscribers. Edges may move.
func (t *Index) addEdge(key edgeKey, word uint64, label []byte) (*edge, uint32) {
	e := edge{word: word, key: key}
	t.setLabel(&e, label)
	ref := t.attachEdge(&e)
	return t.edge(ref), ref
}

// attachEdge adds e to the node that it leaves and to the hash table. It
// returns the reference of the edge. Edges may move.
func (t *Index) attachEdge(e *edge) uint32 {
	n := t.nodes.at(e.key.node())
	k := e.key.len() - 1
	n.words ^= e.word
	if n.count[k]++; n.count[k] == 1 {
		parentEdge, _ := t.parentEdge(e.key.node())
		parentEdge.lens |= 1 << k
	}
	return t.insert(e)
}

// splitEdge inserts a node after n bytes of the label of e. Edges may move.
func (t *Index) splitEdge(e *edge, n int) {
	label := t.label(e)[n:]
	k := min(len(label), wordLen)
	node := t.nodes.add(node{
		word: e.word, key: e.key,
		depth: t.nodes.at(e.key.node()).depth + wordLen + uint32(n),
	})
	lower := edge{
		word: loadWord(label[:k]), key: newEdgeKey(node, k),
		child: e.child, subs: e.subs, pos: e.pos, lens: e.lens,
	}
	t.splitLabel(e, n, k, &lower)
	e.child, e.subs, e.lens = node, 0, 0
	t.setParent(&lower)
	t.attachEdge(&lower)
}

// prune removes the edges and nodes that no topic needs, beginning with the
// edge at ref, whose topic has lost its last subscriber. Edges may move.
func (t *Index) prune(ref uint32) {
	for ref != 0 {
		e := t.edge(ref)
		if e.subs != 0 {
			return
		}
		if e.child != 0 {
			t.mergeAround(e)
			return
		}
		ref = t.detachEdge(e, ref)
	}
}

// detachEdge removes an edge that leads to no node. It returns the reference of
// the edge before it. Edges may move.
func (t *Index) detachEdge(e *edge, ref uint32) uint32 {
	node, k, word := e.key.node(), e.key.len()-1, e.word
	t.dropLabel(e)
	t.deleteEdge(ref)
	n := t.nodes.at(node)
	parentEdge, parentRef := t.parentEdge(node)
	n.words ^= word
	if n.count[k]--; n.count[k] == 0 {
		parentEdge.lens &^= 1 << k
	}
	if parentEdge.lens == 0 {
		parentEdge.child = 0
		t.nodes.free(node)
	}
	return parentRef
}

// maxMergedLabel is the longest label that mergeEdge creates. The limit bounds
// how many bytes one short message of a peer makes the index copy. The memory
// of the nodes that stay is small compared to labels of this length.
const maxMergedLabel = 1024

// mergeAround removes the nodes at both ends of e that are no longer needed. If
// the node at the far end has to stay, it tries the next one. So a long label
// that was split many times is left in few pieces when the other topics are
// gone. Edges may move.
func (t *Index) mergeAround(e *edge) {
	node := e.key.node()
	if !t.mergeEdge(e) {
		if next, _ := t.onlyChild(e); next != nil {
			t.mergeEdge(next)
		}
	}
	e, _ = t.parentEdge(node)
	t.mergeEdge(e)
}

// onlyChild returns the edge after e, and its reference, if there is exactly
// one. Otherwise it returns nil.
func (t *Index) onlyChild(e *edge) (*edge, uint32) {
	if e.lens == 0 || e.lens&(e.lens-1) != 0 {
		return nil, 0
	}
	n, k := t.nodes.at(e.child), lowestLen(e.lens)
	if n.count[k-1] != 1 {
		return nil, 0
	}
	return t.find(newEdgeKey(e.child, k), n.words)
}

// mergeEdge joins e with the edge after it, if no topic ends at the node
// between them and no other edge leaves it. It reports whether it did. Edges
// move if it did.
func (t *Index) mergeEdge(e *edge) bool {
	if e.key == 0 || e.subs != 0 {
		return false
	}
	next, ref := t.onlyChild(e)
	if next == nil || len(t.label(e))+next.key.len()+len(t.label(next)) > maxMergedLabel {
		return false
	}
	var buf [maxMergedLabel]byte
	label := append(buf[:0], t.label(e)...)
	label = appendWord(label, next.word, next.key.len())
	label = append(label, t.label(next)...)
	merged := edge{
		word: e.word, key: e.key,
		child: next.child, subs: next.subs, pos: next.pos, lens: next.lens,
	}
	t.dropLabel(e)
	t.dropLabel(next)
	t.setLabel(&merged, label)
	t.nodes.free(e.child)
	t.deleteEdge(ref)
	e, ref = t.find(merged.key, merged.word)
	*e = merged
	t.setParent(e)
	t.updateRefs(e, ref)
	return true
}
