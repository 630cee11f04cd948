package pattern

import (
	"cmp"
	"slices"

	"github.com/zerobroker/zmq/internal/pipe"
)

// topicPeer is a pipe that has prefixes. Who has a prefix is a number in the
// edge at which it ends: 0 for nobody, the id of a peer for one, and that of a
// topicGroup with groupBit for more.
type topicPeer struct {
	pipe  *pipe.Pipe
	at    []uint32 // of each prefix the number of its edge or, with groupBit, its group
	bytes int
}

// topicRecent is the peer that had a prefix alone when one was last matched.
type topicRecent struct {
	id   uint32
	pipe *pipe.Pipe // nil if there is none
}

// topicGroup is two or more peers that have the same prefix, ordered by id.
type topicGroup struct {
	edge    uint32 // number of the edge
	members []topicMember
	pipes   []*pipe.Pipe // of the members
}

type topicMember struct {
	peer uint32
	pos  uint32 // index in the peer's list
}

const groupBit = 1 << 31

// peerID returns the id of a pipe, a new one if it has no prefixes yet.
func (t *Topics) peerID(p *pipe.Pipe) uint32 {
	id, ok := t.ids[p]
	if ok {
		return id
	}
	if t.ids == nil {
		t.ids = make(map[*pipe.Pipe]uint32)
	}
	id = t.peers.add(topicPeer{pipe: p})
	t.ids[p] = id
	return id
}

// retire forgets a pipe that has no prefixes left. It reports whether that is
// so.
func (t *Topics) retire(p *pipe.Pipe, id uint32) bool {
	if len(t.peers.at(id).at) > 0 {
		return false
	}
	t.peers.free(id)
	t.recent.pipe = nil
	delete(t.ids, p)
	if len(t.ids) == 0 {
		t.ids = nil
	}
	return true
}

// join makes a peer one of those at e, with results like [Topics.Add].
func (t *Topics) join(e *topicEdge, ref, id uint32) (added, first bool) {
	peer := t.peers.at(id)
	switch {
	case e.subs == id:
		return false, false
	case e.subs == 0:
		e.subs, e.pos = id, uint32(len(peer.at))
		peer.at = append(peer.at, ref)
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
	g.members = slices.Insert(g.members, i, topicMember{id, uint32(len(peer.at))})
	g.pipes = slices.Insert(g.pipes, i, peer.pipe)
	peer.at = append(peer.at, e.subs)
	return true, false
}

// makeGroup makes a group of the one peer at e.
func (t *Topics) makeGroup(e *topicEdge, ref uint32) {
	peer := t.peers.at(e.subs)
	id := t.groups.add(topicGroup{
		edge:    ref,
		members: []topicMember{{e.subs, e.pos}},
		pipes:   []*pipe.Pipe{peer.pipe},
	})
	peer.at[e.pos] = id | groupBit
	e.subs = id | groupBit
}

func (g *topicGroup) index(id uint32) (int, bool) {
	return slices.BinarySearchFunc(g.members, id, func(m topicMember, id uint32) int {
		return cmp.Compare(m.peer, id)
	})
}

// leave undoes join, with results like [Topics.Remove].
func (t *Topics) leave(e *topicEdge, ref, id uint32) (removed, last bool) {
	if e.subs == id {
		t.forget(id, e.pos)
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
	t.forget(id, g.members[i].pos)
	g.members = fit(slices.Delete(g.members, i, i+1))
	g.pipes = fit(slices.Delete(g.pipes, i, i+1))
	if len(g.members) == 1 {
		m := g.members[0]
		t.groups.free(e.subs &^ groupBit)
		e.subs, e.pos = m.peer, m.pos
		t.moved(e, ref)
	}
	return true, false
}

// forget removes an entry of a peer's list, whose last one takes its place.
func (t *Topics) forget(id, pos uint32) {
	peer := t.peers.at(id)
	end := uint32(len(peer.at) - 1)
	if at := peer.at[end]; pos != end {
		peer.at[pos] = at
		t.setPos(at, id, pos)
	}
	peer.at = fit(peer.at[:end])
}

// setPos tells the edge or group that a peer's list has it elsewhere now.
func (t *Topics) setPos(at, id, pos uint32) {
	if at < groupBit {
		t.edge(at).pos = pos
		return
	}
	g := t.groups.at(at &^ groupBit)
	i, _ := g.index(id)
	g.members[i].pos = pos
}

// fit gives memory back of a slice that has shrunk.
func fit[T any](s []T) []T {
	if cap(s) < 64 || len(s) > cap(s)/4 {
		return s
	}
	return slices.Clone(s)
}

// target returns the edge for an entry of a peer's list, and its number.
func (t *Topics) target(at uint32) (*topicEdge, uint32) {
	if at >= groupBit {
		at = t.groups.at(at &^ groupBit).edge
	}
	return t.edge(at), at
}

// moved tells those at e which number it has now.
func (t *Topics) moved(e *topicEdge, ref uint32) {
	switch {
	case e.subs == 0:
	case e.subs < groupBit:
		t.peers.at(e.subs).at[e.pos] = ref
	default:
		t.groups.at(e.subs &^ groupBit).edge = ref
	}
}

// topicMatch collects the result of a match.
type topicMatch struct {
	pipes []*pipe.Pipe
	base  int    // where the result begins
	mark  uint64 // of all pipes of the result, unless 0
}

// add adds those that subs of an edge stands for. Only where prefixes are
// nested can a pipe come twice, so the first ones are taken as they are.
func (m *topicMatch) add(t *Topics, subs uint32) {
	if m.mark == 0 && len(m.pipes) > m.base {
		m.mark = t.Mark(m.pipes[m.base:])
	}
	if subs >= groupBit {
		m.addGroup(t.groups.at(subs &^ groupBit).pipes)
		return
	}
	// Who it was last time needs no look into the edge, as far as the processor
	// guesses right: it goes on while it still waits for that.
	p := t.recent.pipe
	if subs != t.recent.id || p == nil {
		p = t.recall(subs)
	}
	if m.mark != 0 {
		if p.Mark == m.mark {
			return
		}
		p.Mark = m.mark
	}
	m.pipes = append(m.pipes, p)
}

// recall returns the pipe of a peer, and keeps it for the next time.
//
//go:noinline
func (t *Topics) recall(id uint32) *pipe.Pipe {
	t.recent.id, t.recent.pipe = id, t.peers.at(id).pipe
	return t.recent.pipe
}

func (m *topicMatch) addGroup(pipes []*pipe.Pipe) {
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

// addTails adds those whose prefix ends within the word after e.
func (m *topicMatch) addTails(t *Topics, e *topicEdge, topic []byte) {
	word := topicWord(topic)
	for lens := e.tails(topic); lens != 0; lens &= lens - 1 {
		if tail := t.tail(e, word, lowestLen(lens)); tail != nil {
			m.add(t, tail.subs)
		}
	}
}
