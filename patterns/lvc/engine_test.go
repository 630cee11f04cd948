package lvc

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/zerobroker/zmq"
)

// fakeOutput is an XPUB with queues of a few messages.
type fakeOutput struct {
	t        *testing.T
	hwm      int
	assigned map[uint64]map[string]int
	queues   map[uint64][]zmq.Message
}

func (o *fakeOutput) subscribe(p *peer, prefixes ...string) {
	if o.assigned[p.id] == nil {
		o.assigned[p.id] = make(map[string]int)
	}
	for _, prefix := range prefixes {
		o.assigned[p.id][prefix] = 1 // a set, as in an XPUB
	}
}

func (o *fakeOutput) unsubscribe(p *peer, prefixes ...string) {
	for _, prefix := range prefixes {
		delete(o.assigned[p.id], prefix)
	}
}

func (o *fakeOutput) matching(topic string) (ids []uint64) {
	for id, prefixes := range o.assigned {
		for prefix := range prefixes {
			if strings.HasPrefix(topic, prefix) {
				ids = append(ids, id)
				break
			}
		}
	}
	return ids
}

func (o *fakeOutput) send(msgs []zmq.Message) (n int) {
	for _, m := range msgs {
		ids := o.matching(string(m.Frame(0)))
		for _, id := range ids {
			if len(o.queues[id]) >= o.hwm {
				return n
			}
		}
		for _, id := range ids {
			o.queues[id] = append(o.queues[id], m)
		}
		n++
	}
	return n
}

func (o *fakeOutput) full(of []*peer) (full []*peer) {
	for _, p := range of {
		if len(o.queues[p.id]) >= o.hwm {
			full = append(full, p)
		}
	}
	return full
}

// reader is what a subscriber has received.
type reader struct {
	prefixes map[string]bool
	newest   map[string]int
}

// world is an engine with subscribers, for a random simulation.
type world struct {
	t       *testing.T
	r       *rand.Rand
	out     *fakeOutput
	e       *engine
	readers map[uint64]*reader
	version int
	last    map[string]int
}

func newWorld(t *testing.T, seed uint64, maxTopics int) *world {
	r := rand.New(rand.NewPCG(seed, 3))
	out := &fakeOutput{t: t, hwm: 1 + r.IntN(8), assigned: make(map[uint64]map[string]int), queues: make(map[uint64][]zmq.Message)}
	w := &world{t: t, r: r, out: out, readers: make(map[uint64]*reader), last: make(map[string]int)}
	w.e = newEngine(newCache(maxTopics, 1<<20, 1<<10), out)
	return w
}

func (w *world) topic() string { return fmt.Sprintf("%c%c", 'a'+w.r.IntN(4), 'a'+w.r.IntN(8)) }

func (w *world) prefix() string { return w.topic()[:w.r.IntN(3)] }

func (w *world) publish(n int) {
	var msgs []zmq.Message
	for range n {
		w.version++
		topic := w.topic()
		w.last[topic] = w.version
		msgs = append(msgs, zmq.NewStringMessage(topic, strconv.Itoa(w.version)))
	}
	w.e.update(msgs)
}

// read lets a subscriber receive some messages, and checks them.
func (w *world) read(id uint64, n int) {
	q := w.out.queues[id]
	n = min(n, len(q))
	for _, m := range q[:n] {
		rd, topic := w.readers[id], string(m.Frame(0))
		version, _ := strconv.Atoi(string(m.Frame(1)))
		if version < rd.newest[topic] {
			w.t.Errorf("%d: version %d of %s after %d", id, version, topic, rd.newest[topic])
		}
		rd.newest[topic] = version
	}
	w.out.queues[id] = q[n:]
}

func (w *world) step() {
	id := uint64(1 + w.r.IntN(6))
	rd := w.readers[id]
	switch w.r.IntN(8) {
	case 0, 1:
		w.publish(1 + w.r.IntN(20))
	case 2:
		if rd == nil {
			rd = &reader{make(map[string]bool), make(map[string]int)}
			w.readers[id] = rd
		}
		prefix := w.prefix()
		rd.prefixes[prefix] = true
		w.e.subscribe(id, zmq.Message{}, prefix)
	case 3:
		if rd != nil {
			prefix := w.prefix()
			delete(rd.prefixes, prefix)
			w.e.cancel(id, prefix)
		}
	case 4:
		if rd != nil && w.r.IntN(4) == 0 { // disconnects
			for prefix := range rd.prefixes {
				w.e.cancel(id, prefix)
			}
			delete(w.readers, id)
			delete(w.out.queues, id)
			delete(w.out.assigned, id)
		}
	default:
		w.read(id, 1+w.r.IntN(10))
	}
	w.e.advance()
}

// finish reads everything and checks that each subscriber has the newest messages.
func (w *world) finish() {
	for range 10_000 {
		for id := range w.readers {
			w.read(id, 10)
		}
		if busy, blocked := w.e.advance(); !busy && !blocked {
			break
		}
	}
	for id, rd := range w.readers {
		w.read(id, 1000)
		for topic, v := range w.last {
			subscribed := false
			for prefix := range rd.prefixes {
				subscribed = subscribed || strings.HasPrefix(topic, prefix)
			}
			if _, cached := w.e.cache.byTopic[topic]; subscribed && cached && rd.newest[topic] != v {
				w.t.Errorf("%d has version %d of %s, the newest is %d", id, rd.newest[topic], topic, v)
			}
		}
	}
	if len(w.e.cache.walkers) > 0 {
		w.t.Errorf("%d walkers remain", len(w.e.cache.walkers))
	}
	for v := w.e.cache.oldest; v != nil; v = v.next {
		if v.cursors != 0 {
			w.t.Errorf("%s has %d cursors", v.topic, v.cursors)
		}
	}
}

func TestEngineKeepsPromiseUnderRandomLoad(t *testing.T) {
	for seed := range uint64(60) {
		w := newWorld(t, seed, 10+int(seed%50))
		for range 400 {
			w.step()
		}
		w.finish()
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func TestCacheEvictsTopicsThatWereUpdatedLongestAgo(t *testing.T) {
	c := newCache(3, 100, 50)
	for _, topic := range []string{"a", "b", "c", "a", "d"} {
		c.put(zmq.NewStringMessage(topic, "x"))
	}
	if c.byTopic["b"] != nil || len(c.byTopic) != 3 || c.bytes != 6 || c.evicted != 1 {
		t.Errorf("%d topics, %d bytes, %d evicted", len(c.byTopic), c.bytes, c.evicted)
	}
	c.put(zmq.NewStringMessage("e", strings.Repeat("x", 49))) // 3 topics
	c.put(zmq.NewStringMessage("f", strings.Repeat("x", 49)))
	if c.bytes != 100 || len(c.byTopic) != 2 {
		t.Errorf("%d topics, %d bytes", len(c.byTopic), c.bytes)
	}
	c.put(zmq.NewStringMessage("f", strings.Repeat("x", 50)))
	if c.byTopic["f"] != nil || c.uncached != 1 || c.bytes != 50 {
		t.Errorf("a message above the limit: %d topics, %d bytes", len(c.byTopic), c.bytes)
	}
}

func TestIndexFindsTopicsOfPrefix(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	x, all := newIndex(), make(map[string]*value)
	for range 3000 {
		topic := strconv.Itoa(r.IntN(1000))
		if v := all[topic]; v != nil {
			x.remove(v)
			delete(all, topic)
		} else {
			all[topic] = &value{topic: topic}
			x.insert(all[topic])
		}
	}
	for _, prefix := range []string{"", "1", "12", "123", "x"} {
		want := 0
		for topic := range all {
			if strings.HasPrefix(topic, prefix) {
				want++
			}
		}
		found, complete := x.matching(make([]*value, 0, 2000), prefix)
		if len(found) != want || !complete {
			t.Errorf("%q: found %d of %d", prefix, len(found), want)
		}
		for i, v := range found {
			if i > 0 && found[i-1].topic >= v.topic || all[v.topic] != v {
				t.Errorf("%q: %q at %d", prefix, v.topic, i)
			}
		}
	}
	if found, complete := x.matching(make([]*value, 0, 2), ""); len(found) != 2 || complete {
		t.Errorf("found %d, complete %v", len(found), complete)
	}
}
