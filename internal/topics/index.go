package topics

import (
	"math"

	"github.com/zerobroker/zmq/internal/pipe"
)

// Index is a set of subscriptions. The zero value is an empty set. An Index is
// not safe for concurrent use, and a pipe belongs to one Index at a time, which
// overwrites its Mark. An index that is not used with [Index.Match] may contain a
// nil pipe.
type Index struct {
	root edge // ends at the empty topic
	table
	nodes       pool[node]
	labels      pool[longLabel]
	subscribers pool[subscriber]
	groups      pool[group]
	ids         map[*pipe.Pipe]uint32 // of the subscribers
	topics      int                   // number of distinct topics
	mark        uint64                // last value that Mark assigned
	cache       subscriberCache
	loaded      uint64 // meaningless; see load
}

// Add subscribes p to a topic, which it copies. It reports whether the
// subscription is new, and whether it is the first one of the topic. Add does
// nothing if the index is full, with some hundred million topics.
func (t *Index) Add(topic []byte, p *pipe.Pipe) (added, first bool) {
	if t.edges >= maxEdges || len(topic) > math.MaxInt32 {
		return false, false
	}
	id := t.subscriberID(p)
	e, ref := t.ensure(topic)
	added, first = t.subscribe(e, ref, id)
	if added {
		t.subscribers.at(id).bytes += len(topic)
	}
	return added, first
}

// Remove removes the subscription of p to a topic. It reports whether there was
// one, and whether it was the last one of the topic.
func (t *Index) Remove(topic []byte, p *pipe.Pipe) (removed, last bool) {
	id, ok := t.ids[p]
	if !ok {
		return false, false
	}
	e, ref := t.lookup(topic)
	if e == nil {
		return false, false
	}
	removed, last = t.unsubscribe(e, ref, id)
	if !removed {
		return false, false
	}
	t.subscribers.at(id).bytes -= len(topic)
	if last {
		t.prune(ref)
	}
	t.releaseIfEmpty(p, id)
	return true, last
}

// RemoveAll removes all subscriptions of p, in no particular order. If f is not
// nil, it calls f with each topic and whether the subscription was the last one
// of the topic. The topic is valid during the call. f must not use the index.
func (t *Index) RemoveAll(p *pipe.Pipe, f func(topic []byte, last bool)) {
	t.RemoveSome(p, math.MaxInt, f)
}

// RemoveSome is like RemoveAll but removes at most limit subscriptions, so that
// the caller can release its lock between calls. It reports whether p has
// subscriptions left.
func (t *Index) RemoveSome(p *pipe.Pipe, limit int, f func(topic []byte, last bool)) (more bool) {
	id, ok := t.ids[p]
	if !ok {
		return false
	}
	sub := t.subscribers.at(id)
	var topic []byte
	for i := 0; i < limit && len(sub.refs) > 0; i++ {
		if i%Prefetched == 0 {
			t.prefetchRefs(sub.refs)
		}
		e, ref := t.resolve(sub.refs[len(sub.refs)-1])
		if f != nil {
			topic = t.appendTopic(topic[:0], e)
		}
		sub.bytes -= t.size(e)
		_, last := t.unsubscribe(e, ref, id)
		if last {
			t.prune(ref)
		}
		if f != nil {
			f(topic, last)
		}
	}
	return !t.releaseIfEmpty(p, id)
}

// Match appends the pipes that have a topic which is a prefix of frame to dst,
// each once.
func (t *Index) Match(dst []*pipe.Pipe, frame []byte) []*pipe.Pipe {
	m := matcher{pipes: dst, base: len(dst)}
	for e := &t.root; e != nil; e, frame = t.step(e, frame) {
		if e.subs != 0 {
			m.add(t, e.subs)
		}
		if e.lens == 0 {
			break
		}
		if e.lens&^wholeWord != 0 {
			m.addTails(t, e, frame)
		}
	}
	return m.pipes
}

// Mark sets the Mark of the given pipes to a number that no other pipe in the
// index has, and returns it. It lets a caller distinguish the pipes that match
// from the others.
func (t *Index) Mark(pipes []*pipe.Pipe) uint64 {
	t.mark++
	for _, p := range pipes {
		p.Mark = t.mark
	}
	return t.mark
}

// Matches reports whether the index has a topic that is a prefix of frame.
func (t *Index) Matches(frame []byte) bool {
	for e := &t.root; e != nil; e, frame = t.step(e, frame) {
		if e.subs != 0 {
			return true
		}
		if e.lens&^wholeWord != 0 && t.matchesTail(e, frame) {
			return true
		}
	}
	return false
}

// matchesTail reports whether topic begins with a tail after e.
func (t *Index) matchesTail(e *edge, topic []byte) bool {
	word := loadWord(topic)
	for lens := e.tails(topic); lens != 0; lens &= lens - 1 {
		if t.tail(e, word, lowestLen(lens)) != nil {
			return true
		}
	}
	return false
}

// Len returns the number of distinct topics.
func (t *Index) Len() int { return t.topics }

// Count returns the number of topics of p and their total length.
func (t *Index) Count(p *pipe.Pipe) (topics, bytes int) {
	id, ok := t.ids[p]
	if !ok {
		return 0, 0
	}
	sub := t.subscribers.at(id)
	return len(sub.refs), sub.bytes
}

// All calls f with each distinct topic, in no particular order. The topic is
// valid during the call. f must not use the index.
func (t *Index) All(f func(topic []byte)) {
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
