package pattern

// topicNode is what is needed of a node to change the tree; a match does
// without. Edges know a node by its number only, so that either may move.
type topicNode struct {
	word  uint64          // of the edge that leads here
	key   edgeKey         // of that edge
	depth uint32          // bytes of a topic before the node
	words uint64          // XOR of the words that leave: of one alone, the word
	count [wordLen]uint32 // of edges that leave, by the length of their word less one
}

// owner returns the edge that leads to a node, and its number.
func (t *Topics) owner(node uint32) (*topicEdge, uint32) {
	n := t.nodes.at(node)
	if n.key == 0 {
		return &t.root, 0
	}
	return t.find(n.key, n.word)
}

// ownNode has the node that e leads to know so.
func (t *Topics) ownNode(e *topicEdge) {
	if e.child != 0 {
		n := t.nodes.at(e.child)
		n.word, n.key = e.word, e.key
	}
}

// exact returns the edge at which topic ends, and its number, or nil.
func (t *Topics) exact(topic []byte) (*topicEdge, uint32) {
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
		return t.find(newEdgeKey(e.child, n), topicWord(topic))
	case e.key == 0:
		return e, 0
	}
	return t.find(e.key, e.word)
}

// reach returns the edge at which topic ends, and its number, after making it
// if there is none. Edges may move.
func (t *Topics) reach(topic []byte) (e *topicEdge, ref uint32) {
	e = &t.root
	for len(topic) > 0 {
		if e.child == 0 {
			e.child = t.nodes.add(topicNode{word: e.word, key: e.key, depth: uint32(t.size(e))})
		}
		node, n := e.child, min(len(topic), wordLen)
		key, word, rest := newEdgeKey(node, n), topicWord(topic[:n]), topic[n:]
		if e.lens&(1<<(n-1)) == 0 {
			return t.sprout(key, word, rest)
		}
		next, nextRef := t.find(key, word)
		if next == nil {
			return t.sprout(key, word, rest)
		}
		label := t.label(next)
		same := commonPrefix(label, rest)
		if same < len(label) || same%wordLen != 0 && same < len(rest) {
			t.fork(next, same&^(wordLen-1))
			e, ref = t.owner(node) // which now finds the shorter edge
			continue
		}
		e, ref, topic = next, nextRef, rest[same:]
	}
	return e, ref
}

func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for i+wordLen <= n && topicWord(a[i:]) == topicWord(b[i:]) {
		i += wordLen
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}

// sprout adds an edge whose prefix nobody has. Edges may move.
func (t *Topics) sprout(key edgeKey, word uint64, label []byte) (*topicEdge, uint32) {
	e := topicEdge{word: word, key: key}
	t.setLabel(&e, label)
	ref := t.attach(&e)
	return t.edge(ref), ref
}

// attach adds an edge to its node, and returns its number. Edges may move.
func (t *Topics) attach(e *topicEdge) uint32 {
	n := t.nodes.at(e.key.node())
	k := e.key.len() - 1
	n.words ^= e.word
	if n.count[k]++; n.count[k] == 1 {
		owner, _ := t.owner(e.key.node())
		owner.lens |= 1 << k
	}
	return t.put(e)
}

// fork puts a node into the label of e, after n bytes of it. Edges may move.
func (t *Topics) fork(e *topicEdge, n int) {
	label := t.label(e)[n:]
	k := min(len(label), wordLen)
	node := t.nodes.add(topicNode{
		word: e.word, key: e.key,
		depth: t.nodes.at(e.key.node()).depth + wordLen + uint32(n),
	})
	rest := topicEdge{
		word: topicWord(label[:k]), key: newEdgeKey(node, k),
		child: e.child, subs: e.subs, pos: e.pos, lens: e.lens,
	}
	t.cutLabel(e, n, k, &rest)
	e.child, e.subs, e.lens = node, 0, 0
	t.ownNode(&rest)
	t.attach(&rest)
}

// prune removes what no prefix needs any more, beginning with the edge of a
// prefix that nobody has. Edges may move.
func (t *Topics) prune(ref uint32) {
	for ref != 0 {
		e := t.edge(ref)
		if e.subs != 0 {
			return
		}
		if e.child != 0 {
			t.settle(e)
			return
		}
		ref = t.detach(e, ref)
	}
}

// detach removes an edge that leads to no node, and returns the number of the
// edge before it. Edges may move.
func (t *Topics) detach(e *topicEdge, ref uint32) uint32 {
	node, k, word := e.key.node(), e.key.len()-1, e.word
	t.dropLabel(e)
	t.cut(ref)
	n := t.nodes.at(node)
	owner, ownerRef := t.owner(node)
	n.words ^= word
	if n.count[k]--; n.count[k] == 0 {
		owner.lens &^= 1 << k
	}
	if owner.lens == 0 {
		owner.child = 0
		t.nodes.free(node)
	}
	return ownerRef
}

// maxFused is the longest label that fuse makes. Longer ones would let short
// messages of a peer cost long copies, and not to make them wastes little
// beside their length.
const maxFused = 1024

// settle removes nodes that nothing needs at either end of e and, if that one
// has to stay, at the far end of the edge after it: so what a long label is
// left in, once its forks are gone, is few pieces. Edges may move.
func (t *Topics) settle(e *topicEdge) {
	node := e.key.node()
	if !t.fuse(e) {
		if next, _ := t.only(e); next != nil {
			t.fuse(next)
		}
	}
	e, _ = t.owner(node)
	t.fuse(e)
}

// only returns the edge after e and its number, if there is one and no more.
func (t *Topics) only(e *topicEdge) (*topicEdge, uint32) {
	if e.lens == 0 || e.lens&(e.lens-1) != 0 {
		return nil, 0
	}
	n, k := t.nodes.at(e.child), lowestLen(e.lens)
	if n.count[k-1] != 1 {
		return nil, 0
	}
	return t.find(newEdgeKey(e.child, k), n.words)
}

// fuse makes one edge of e and the one after it if nothing else ends or leaves
// where they meet, and reports whether it did. Edges may move then.
func (t *Topics) fuse(e *topicEdge) bool {
	if e.key == 0 || e.subs != 0 {
		return false
	}
	next, ref := t.only(e)
	if next == nil || len(t.label(e))+next.key.len()+len(t.label(next)) > maxFused {
		return false
	}
	var buf [maxFused]byte
	label := append(buf[:0], t.label(e)...)
	label = appendWord(label, next.word, next.key.len())
	label = append(label, t.label(next)...)
	fused := topicEdge{
		word: e.word, key: e.key,
		child: next.child, subs: next.subs, pos: next.pos, lens: next.lens,
	}
	t.dropLabel(e)
	t.dropLabel(next)
	t.setLabel(&fused, label)
	t.nodes.free(e.child)
	t.cut(ref)
	e, ref = t.find(fused.key, fused.word)
	*e = fused
	t.ownNode(e)
	t.moved(e, ref)
	return true
}
