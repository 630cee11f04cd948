package topics

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/pipe"
)

// model is a simple set of subscriptions. Each operation is applied to it and
// to the real index, and the results are compared.
type model struct {
	t     testing.TB
	real  Index
	pipes []*pipe.Pipe
	subs  map[string]map[*pipe.Pipe]bool
}

func newModel(t testing.TB, pipes int) *model {
	o := &model{t: t, subs: make(map[string]map[*pipe.Pipe]bool)}
	for range pipes {
		o.pipes = append(o.pipes, pipe.New())
	}
	return o
}

func (o *model) add(topic string, p *pipe.Pipe) {
	o.t.Helper()
	have := o.subs[topic]
	added, first := !have[p], len(have) == 0
	if have == nil {
		have = make(map[*pipe.Pipe]bool)
		o.subs[topic] = have
	}
	have[p] = true
	if a, f := o.real.Add([]byte(topic), p); a != added || f != first {
		o.t.Fatalf("Add(%.60q) = %v, %v, want %v, %v", topic, a, f, added, first)
	}
}

func (o *model) remove(topic string, p *pipe.Pipe) {
	o.t.Helper()
	removed, last := o.take(topic, p)
	if r, l := o.real.Remove([]byte(topic), p); r != removed || l != last {
		o.t.Fatalf("Remove(%.60q) = %v, %v, want %v, %v", topic, r, l, removed, last)
	}
}

// take removes a subscription from the model alone.
func (o *model) take(topic string, p *pipe.Pipe) (removed, last bool) {
	have := o.subs[topic]
	if !have[p] {
		return false, false
	}
	delete(have, p)
	if len(have) == 0 {
		delete(o.subs, topic)
	}
	return true, len(have) == 0
}

func (o *model) removeSome(p *pipe.Pipe, limit int) {
	o.t.Helper()
	had, _ := o.count(p)
	n := 0
	more := o.real.RemoveSome(p, limit, func(topic []byte, last bool) {
		n++
		if removed, l := o.take(string(topic), p); !removed || l != last {
			o.t.Fatalf("RemoveSome of %.60q: last %v, want %v, %v", topic, last, removed, l)
		}
	})
	if n != min(had, limit) || more != (n < had) {
		o.t.Fatalf("RemoveSome(%d) of %d: %d, %v", limit, had, n, more)
	}
}

func (o *model) count(p *pipe.Pipe) (topics, size int) {
	for topic, have := range o.subs {
		if have[p] {
			topics++
			size += len(topic)
		}
	}
	return topics, size
}

func (o *model) match(topic string) {
	o.t.Helper()
	want := make(map[*pipe.Pipe]bool)
	for n := range len(topic) + 1 {
		maps.Copy(want, o.subs[topic[:n]])
	}
	other := pipe.New()
	o.real.Prefetch([][]byte{[]byte(topic + topic), nil, []byte(topic)}) // has no effect
	got := o.real.Match([]*pipe.Pipe{other}, []byte(topic))
	if got[0] != other || len(got) != len(want)+1 {
		o.t.Fatalf("Match(%.60q): %d pipes, want %d", topic, len(got)-1, len(want))
	}
	for _, p := range got[1:] {
		if !want[p] {
			o.t.Fatalf("Match(%.60q): wrong pipe, or one twice", topic)
		}
		delete(want, p)
	}
	if has := o.real.Matches([]byte(topic)); has != (len(got) > 1) {
		o.t.Fatalf("Matches(%.60q) = %v", topic, has)
	}
}

// check compares the whole content of the two, and checks the invariants of the
// index.
func (o *model) check() {
	o.t.Helper()
	if o.real.Len() != len(o.subs) {
		o.t.Fatalf("Len() = %d, want %d", o.real.Len(), len(o.subs))
	}
	var all []string
	o.real.All(func(topic []byte) { all = append(all, string(topic)) })
	slices.Sort(all)
	if want := slices.Sorted(maps.Keys(o.subs)); !slices.Equal(all, want) {
		o.t.Fatalf("All: %.200q, want %.200q", all, want)
	}
	for _, p := range o.pipes {
		topics, size := o.count(p)
		if n, b := o.real.Count(p); n != topics || b != size {
			o.t.Fatalf("Count() = %d, %d, want %d, %d", n, b, topics, size)
		}
	}
	if err := o.real.check(); err != nil {
		o.t.Fatalf("%v\n%s", err, o.real.dump())
	}
}

// check returns an error that names the first invariant that the index
// violates.
func (t *Index) check() error {
	if err := t.checkShards(); err != nil {
		return err
	}
	c := checker{t: t, nodes: make(map[uint32]node)}
	c.edge(&t.root, 0)
	for e := range t.each {
		_, ref := t.find(e.key, e.word)
		if ref == 0 || t.edge(ref) != e {
			return fmt.Errorf("edge %v not found", e.key)
		}
		c.edge(e, ref)
		n := c.nodes[e.key.node()]
		n.words ^= e.word
		n.count[e.key.len()-1]++
		c.nodes[e.key.node()] = n
	}
	c.checkNodes()
	c.expect(len(c.nodes) == t.nodes.n, "%d nodes, want %d", t.nodes.n, len(c.nodes))
	c.expect(c.labels == t.labels.n, "%d labels, want %d", t.labels.n, c.labels)
	c.expect(c.groups == t.groups.n, "%d groups, want %d", t.groups.n, c.groups)
	c.expect(c.topics == t.topics, "%d topics, want %d", t.topics, c.topics)
	c.expect(len(t.ids) == t.subscribers.n, "%d subscribers, want %d", t.subscribers.n, len(t.ids))
	return c.err
}

type checker struct {
	t                      *Index
	nodes                  map[uint32]node // the contents of the nodes, computed from the edges
	labels, groups, topics int
	idle                   int  // number of nodes that only divide a label
	bytes                  int  // of labels and words
	long                   bool // there is a topic longer than maxMergedLabel
	err                    error
}

func (c *checker) expect(ok bool, format string, args ...any) {
	if !ok && c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

func (c *checker) edge(e *edge, ref uint32) {
	label := c.t.label(e)
	if e.size == longLabelSize {
		c.labels++
		l := c.t.labels.at(e.labelID())
		c.expect(len(l.b) > maxShortLabel && len(l.b) >= l.size/2, "label of %d in %d", len(l.b), l.size)
	}
	c.bytes += e.key.len() + len(label)
	c.long = c.long || c.t.size(e) > maxMergedLabel
	c.expect(e.child == 0 == (e.lens == 0), "edge %d: child %d, lens %b", ref, e.child, e.lens)
	c.expect(e.key == 0 || e.child != 0 || e.subs != 0, "edge %d leads nowhere", ref)
	c.expect(e.child == 0 || len(label)%wordLen == 0, "edge %d: node after label of %d", ref, len(label))
	c.expect(e.key == 0 || e.key.len() == wordLen || len(label) == 0 && e.child == 0, "edge %d goes on", ref)
	switch {
	case e.subs == 0:
		return
	case e.subs < groupBit:
		c.expect(c.t.subscribers.at(e.subs).refs[e.pos] == ref, "edge %d not in the list of subscriber %d", ref, e.subs)
	default:
		c.groups++
		c.group(e, ref)
	}
	c.topics++
}

func (c *checker) group(e *edge, ref uint32) {
	g := c.t.groups.at(e.subs &^ groupBit)
	c.expect(g.edge == ref, "edge %d: group of %d", ref, g.edge)
	c.expect(len(g.members) > 1 && len(g.members) == len(g.pipes), "group of %d", len(g.members))
	for i, m := range g.members {
		sub := c.t.subscribers.at(m.subscriber)
		c.expect(sub.refs[m.pos] == e.subs, "edge %d not in the list of member %d", ref, m.subscriber)
		c.expect(sub.pipe == g.pipes[i], "edge %d: another pipe of member %d", ref, m.subscriber)
	}
}

func (c *checker) checkNodes() {
	for id, want := range c.nodes {
		n, parentEdge, lens := *c.t.nodes.at(id), (*edge)(nil), uint8(0)
		parentEdge, _ = c.t.parentEdge(id)
		c.expect(parentEdge.child == id, "node %d: wrong parentEdge", id)
		c.expect(int(n.depth) == c.t.size(parentEdge), "node %d: depth %d, parentEdge %d", id, n.depth, c.t.size(parentEdge))
		c.expect(n.words == want.words && n.count == want.count, "node %d: %v, want %v", id, n, want)
		edges := 0
		for k, count := range n.count {
			edges += int(count)
			if count > 0 {
				lens |= 1 << k
			}
		}
		c.expect(parentEdge.lens == lens, "node %d: lens %b, want %b", id, parentEdge.lens, lens)
		if edges == 1 && parentEdge.key != 0 && parentEdge.subs == 0 {
			c.idle++
		}
	}
	// Only long labels may be divided without need: a few times, and more often
	// while other topics branch from them.
	c.expect(c.idle <= 2*c.bytes/maxMergedLabel+2*c.topics, "%d nodes are not needed", c.idle)
	c.expect(c.idle == 0 || c.long, "%d nodes are not needed", c.idle)
}

func (t *Index) checkShards() error {
	edges, atFullDepth := 0, 0
	for id, s := range t.shards {
		if s == nil {
			continue
		}
		n := 0
		for b := range s.buckets {
			for i, e := range s.buckets[b] {
				tag := s.tags[b] >> (i * 8) & 0xff
				if tag == 0 != (e.key == 0) || tag == 0 && e != (edge{}) {
					return fmt.Errorf("shard %d: tag %x of key %x", id, tag, e.key)
				}
				if tag != 0 {
					n++
				}
			}
		}
		if n != s.n || s.n > s.slots()*4/5 || s.id != uint32(id) {
			return fmt.Errorf("shard %d, %d: %d edges, want %d of %d", id, s.id, s.n, n, s.slots())
		}
		for i, o := range t.dir {
			if (uint64(i)>>(t.depth()-s.bits) == s.hashPrefix) != (s == o) {
				return fmt.Errorf("shard %d: directory entry %d", id, i)
			}
		}
		edges += n
		if s.bits == t.depth() {
			atFullDepth++
		}
	}
	if edges != t.edges || atFullDepth != t.atFullDepth && t.dir != nil {
		return fmt.Errorf("%d edges, want %d; %d shards at full depth, want %d", t.edges, edges, t.atFullDepth, atFullDepth)
	}
	return nil
}

// dump returns the tree as text.
func (t *Index) dump() string {
	var b strings.Builder
	show := func(e *edge) {
		fmt.Fprintf(&b, "%d.%d %.20q %.20q -> %d lens %08b subs %x\n", e.key.node(), e.key.len(),
			bytes.TrimRight(appendWord(nil, e.word, e.key.len()), "\x00"), t.label(e), e.child, e.lens, e.subs)
	}
	show(&t.root)
	t.each(func(e *edge) bool { show(e); return b.Len() < 10_000 })
	return b.String()
}
