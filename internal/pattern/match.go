package pattern

import (
	"math"

	"github.com/zerobroker/zmq/internal/pipe"
)

// Topics is the set of a socket's subscriptions: pairs of a prefix and the
// pipe that asked for it. The zero value is an empty set.
//
// It is a radix tree over words of eight bytes whose edges all lie in one hash
// table, each with its label in one cache line. A match costs at most one
// probe for each byte of the topic, typically one or two in all, and one cache
// miss however many prefixes there are. To add or remove one takes no longer
// for there being many, except that pipes with the same prefix are an ordered
// list. Memory follows the bytes subscribed to, and is given back.
//
// A Topics is not safe for concurrent use: the caller holds the socket's send
// lock. It owns the Mark of every pipe in it. A socket's own subscriptions,
// for which there is [Topics.Has] and not [Topics.Match], may be held under a
// nil pipe.
type Topics struct {
	root topicEdge // leads to the empty prefix
	topicTable
	nodes  topicPool[topicNode]
	labels topicPool[topicLabel]
	peers  topicPool[topicPeer]
	groups topicPool[topicGroup]
	ids    map[*pipe.Pipe]uint32 // of peers
	topics int                   // distinct prefixes
	mark   uint64                // the last one given to pipes
	recent topicRecent
}

// Add subscribes p to a prefix. It reports whether p had not done so before,
// and whether nobody had. The bytes are copied. Once there are some hundred
// million prefixes, nothing is added.
func (t *Topics) Add(topic []byte, p *pipe.Pipe) (added, first bool) {
	if t.edges >= maxTopicEdges || len(topic) > math.MaxInt32 {
		return false, false
	}
	id := t.peerID(p)
	e, ref := t.reach(topic)
	added, first = t.join(e, ref, id)
	if added {
		t.peers.at(id).bytes += len(topic)
	}
	return added, first
}

// Remove takes one prefix of p back. It reports whether p had it, and whether
// nobody has it now.
func (t *Topics) Remove(topic []byte, p *pipe.Pipe) (removed, last bool) {
	id, ok := t.ids[p]
	if !ok {
		return false, false
	}
	e, ref := t.exact(topic)
	if e == nil {
		return false, false
	}
	removed, last = t.leave(e, ref, id)
	if !removed {
		return false, false
	}
	t.peers.at(id).bytes -= len(topic)
	if last {
		t.prune(ref)
	}
	t.retire(p, id)
	return true, last
}

// RemoveAll takes all prefixes of p back, in no order, and calls f, unless it
// is nil, with each and whether nobody has it now. The topic is valid during
// the call, and f must not use the set.
func (t *Topics) RemoveAll(p *pipe.Pipe, f func(topic []byte, last bool)) {
	t.RemoveSome(p, math.MaxInt, f)
}

// RemoveSome is RemoveAll for at most limit prefixes, for a caller that lets
// others have the lock in between. It reports whether p has some left.
func (t *Topics) RemoveSome(p *pipe.Pipe, limit int, f func(topic []byte, last bool)) (more bool) {
	id, ok := t.ids[p]
	if !ok {
		return false
	}
	peer := t.peers.at(id)
	var topic []byte
	for ; limit > 0 && len(peer.at) > 0; limit-- {
		e, ref := t.target(peer.at[len(peer.at)-1])
		if f != nil {
			topic = t.appendTopic(topic[:0], e)
		}
		peer.bytes -= t.size(e)
		_, last := t.leave(e, ref, id)
		if last {
			t.prune(ref)
		}
		if f != nil {
			f(topic, last)
		}
	}
	return !t.retire(p, id)
}

// Match appends each pipe with at least one prefix of topic, once, to dst.
func (t *Topics) Match(dst []*pipe.Pipe, topic []byte) []*pipe.Pipe {
	m := topicMatch{pipes: dst, base: len(dst)}
	for e := &t.root; e != nil; e, topic = t.step(e, topic) {
		if e.subs != 0 {
			m.add(t, e.subs)
		}
		if e.lens == 0 {
			break
		}
		if e.lens&^wholeWord != 0 {
			m.addTails(t, e, topic)
		}
	}
	return m.pipes
}

// Mark sets the Mark of each pipe to a number that no pipe of this set has,
// and returns it: so a caller can tell those that match from the others.
func (t *Topics) Mark(pipes []*pipe.Pipe) uint64 {
	t.mark++
	for _, p := range pipes {
		p.Mark = t.mark
	}
	return t.mark
}

// Has reports whether anyone has a prefix of topic.
func (t *Topics) Has(topic []byte) bool {
	for e := &t.root; e != nil; e, topic = t.step(e, topic) {
		if e.subs != 0 {
			return true
		}
		if e.lens&^wholeWord != 0 && t.hasTail(e, topic) {
			return true
		}
	}
	return false
}

func (t *Topics) hasTail(e *topicEdge, topic []byte) bool {
	word := topicWord(topic)
	for lens := e.tails(topic); lens != 0; lens &= lens - 1 {
		if t.tail(e, word, lowestLen(lens)) != nil {
			return true
		}
	}
	return false
}

// Len is the number of distinct prefixes.
func (t *Topics) Len() int { return t.topics }

// Count is the number of prefixes that p has, and their bytes.
func (t *Topics) Count(p *pipe.Pipe) (topics, bytes int) {
	id, ok := t.ids[p]
	if !ok {
		return 0, 0
	}
	peer := t.peers.at(id)
	return len(peer.at), peer.bytes
}

// All calls f with each distinct prefix, in no order. The topic is valid
// during the call, and f must not use the set.
func (t *Topics) All(f func(topic []byte)) {
	if t.root.subs != 0 {
		f(nil)
	}
	var topic []byte
	for e := range t.each {
		if e.subs != 0 {
			topic = t.appendTopic(topic[:0], e)
			f(topic)
		}
	}
}
