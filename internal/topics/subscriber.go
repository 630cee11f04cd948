package topics

import (
	"cmp"
	"slices"

	"github.com/zerobroker/zmq/internal/pipe"
)

// subscriber is a pipe that has topics. The field subs of the edge at which a
// topic ends holds the subscribers of the topic: 0 for none, the id of a
// subscriber if there is one, and otherwise the id of a group with groupBit
// set.
type subscriber struct {
	pipe  *pipe.Pipe
	refs  []uint32 // for each topic the reference of its edge or, with groupBit, the id of its group
	bytes int
}

// subscriberCache is the last subscriber that Match found alone at an edge.
type subscriberCache struct {
	id   uint32
	pipe *pipe.Pipe // nil if the cache is empty
}

// group is the set of two or more subscribers of one topic, sorted by id.
type group struct {
	edge    uint32 // reference of the edge at which the topic ends
	members []member
	pipes   []*pipe.Pipe // of the members, in the same order
}

type member struct {
	subscriber uint32
	pos        uint32 // index in the refs of the subscriber
}

const groupBit = 1 << 31

// subscriberID returns the id of p. It assigns one if p has no topics yet.
func (t *Index) subscriberID(p *pipe.Pipe) uint32 {
	id, ok := t.ids[p]
	if ok {
		return id
	}
	if t.ids == nil {
		t.ids = make(map[*pipe.Pipe]uint32)
	}
	id = t.subscribers.add(subscriber{pipe: p})
	t.ids[p] = id
	return id
}

// releaseIfEmpty removes the subscriber p if it has no topics left. It reports
// whether it did.
func (t *Index) releaseIfEmpty(p *pipe.Pipe, id uint32) bool {
	if len(t.subscribers.at(id).refs) > 0 {
		return false
	}
	t.subscribers.free(id)
	t.cache.pipe = nil
	delete(t.ids, p)
	if len(t.ids) == 0 {
		t.ids = nil
	}
	return true
}

// subscribe adds a subscriber to the topic that ends at e. Its results are
// those of [Index.Add].
func (t *Index) subscribe(e *edge, ref, id uint32) (added, first bool) {
	sub := t.subscribers.at(id)
	switch {
	case e.subs == id:
		return false, false
	case e.subs == 0:
		e.subs, e.pos = id, uint32(len(sub.refs))
		sub.refs = append(sub.refs, ref)
		t.topics++
		return true, true
	case e.subs < groupBit:
		t.makeGroup(e, ref)
	}
	g := t.groups.at(e.subs &^ groupBit)
	i, found := g.index(id)
	if found {
		return false, false
	}
	g.members = slices.Insert(g.members, i, member{id, uint32(len(sub.refs))})
	g.pipes = slices.Insert(g.pipes, i, sub.pipe)
	sub.refs = append(sub.refs, e.subs)
	return true, false
}

// makeGroup replaces the one subscriber of e by a group.
func (t *Index) makeGroup(e *edge, ref uint32) {
	sub := t.subscribers.at(e.subs)
	id := t.groups.add(group{
		edge:    ref,
		members: []member{{e.subs, e.pos}},
		pipes:   []*pipe.Pipe{sub.pipe},
	})
	sub.refs[e.pos] = id | groupBit
	e.subs = id | groupBit
}

func (g *group) index(id uint32) (int, bool) {
	return slices.BinarySearchFunc(g.members, id, func(m member, id uint32) int {
		return cmp.Compare(m.subscriber, id)
	})
}

// unsubscribe removes a subscriber from the topic that ends at e. Its results
// are those of [Index.Remove].
func (t *Index) unsubscribe(e *edge, ref, id uint32) (removed, last bool) {
	if e.subs == id {
		t.removeRef(id, e.pos)
		e.subs, e.pos = 0, 0
		t.topics--
		return true, true
	}
	if e.subs < groupBit {
		return false, false
	}
	g := t.groups.at(e.subs &^ groupBit)
	i, found := g.index(id)
	if !found {
		return false, false
	}
	t.removeRef(id, g.members[i].pos)
	g.members = shrinkSlice(slices.Delete(g.members, i, i+1))
	g.pipes = shrinkSlice(slices.Delete(g.pipes, i, i+1))
	if len(g.members) == 1 {
		m := g.members[0]
		t.groups.free(e.subs &^ groupBit)
		e.subs, e.pos = m.subscriber, m.pos
		t.updateRefs(e, ref)
	}
	return true, false
}

// removeRef removes an entry from the refs of a subscriber. The last entry
// takes its place.
func (t *Index) removeRef(id, pos uint32) {
	sub := t.subscribers.at(id)
	end := uint32(len(sub.refs) - 1)
	if ref := sub.refs[end]; pos != end {
		sub.refs[pos] = ref
		t.updatePos(ref, id, pos)
	}
	sub.refs = shrinkSlice(sub.refs[:end])
}

// updatePos records in the edge or group ref that its entry in the refs of
// subscriber id is at pos now.
func (t *Index) updatePos(ref, id, pos uint32) {
	if ref < groupBit {
		t.edge(ref).pos = pos
		return
	}
	g := t.groups.at(ref &^ groupBit)
	i, _ := g.index(id)
	g.members[i].pos = pos
}

// shrinkSlice reallocates a slice that uses little of its capacity.
func shrinkSlice[T any](s []T) []T {
	if cap(s) < 64 || len(s) > cap(s)/4 {
		return s
	}
	return slices.Clone(s)
}

// resolve returns the edge for an entry of subscriber.refs, and its reference.
func (t *Index) resolve(ref uint32) (*edge, uint32) {
	if ref >= groupBit {
		ref = t.groups.at(ref &^ groupBit).edge
	}
	return t.edge(ref), ref
}

// updateRefs records the new reference of an edge that has moved in its
// subscriber or group.
func (t *Index) updateRefs(e *edge, ref uint32) {
	switch {
	case e.subs == 0:
	case e.subs < groupBit:
		t.subscribers.at(e.subs).refs[e.pos] = ref
	default:
		t.groups.at(e.subs &^ groupBit).edge = ref
	}
}

// matcher collects the result of a match.
type matcher struct {
	pipes []*pipe.Pipe
	base  int    // where the result begins in pipes
	mark  uint64 // Mark of all pipes of the result; 0 if they are not marked yet
}

// add adds the subscribers subs of an edge. A pipe can occur twice only if the
// frame matches several topics. So the result is marked only when the second
// topic is found.
func (m *matcher) add(t *Index, subs uint32) {
	if m.mark == 0 && len(m.pipes) > m.base {
		m.mark = t.Mark(m.pipes[m.base:])
	}
	if subs >= groupBit {
		m.addGroup(t.groups.at(subs &^ groupBit).pipes)
		return
	}
	// The cache saves the load from the edge: if the branch is predicted, the
	// processor continues before subs has arrived from memory.
	p := t.cache.pipe
	if subs != t.cache.id || p == nil {
		p = t.loadCache(subs)
	}
	if m.mark != 0 {
		if p.Mark == m.mark {
			return
		}
		p.Mark = m.mark
	}
	m.pipes = append(m.pipes, p)
}

// loadCache returns the pipe of a subscriber and stores it in the cache.
//
//go:noinline
func (t *Index) loadCache(id uint32) *pipe.Pipe {
	t.cache.id, t.cache.pipe = id, t.subscribers.at(id).pipe
	return t.cache.pipe
}

func (m *matcher) addGroup(pipes []*pipe.Pipe) {
	if m.mark == 0 {
		m.pipes = append(m.pipes, pipes...)
		return
	}
	for _, p := range pipes {
		if p.Mark != m.mark {
			p.Mark = m.mark
			m.pipes = append(m.pipes, p)
		}
	}
}

// addTails adds the subscribers of the tails after e that topic begins with.
func (m *matcher) addTails(t *Index, e *edge, topic []byte) {
	word := loadWord(topic)
	for lens := e.tails(topic); lens != 0; lens &= lens - 1 {
		if tail := t.tail(e, word, lowestLen(lens)); tail != nil {
			m.add(t, tail.subs)
		}
	}
}
