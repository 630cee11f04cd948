package lvc

import (
	"cmp"
	"slices"
	"strings"

	"github.com/zerobroker/zmq"
)

// output is the socket of the subscribers. A peer receives the messages of the prefixes that
// subscribe has assigned to it.
type output interface {
	subscribe(p *peer, prefixes ...string)
	unsubscribe(p *peer, prefixes ...string)
	// send sends messages in order, until a peer that would receive the next one has a
	// full queue, and returns their number.
	send(msgs []zmq.Message) (n int)
	// full returns those of the peers whose queue is full, or else the one with the longest
	// queue.
	full(of []*peer) []*peer
}

// peer is a subscriber. Each of its prefixes is live, or one of a walker, or both if it was
// requested again.
type peer struct {
	id      uint64 // generation of the connection
	of      zmq.Message
	live    map[string]struct{}
	walkers map[*walker]struct{}
}

func (p *peer) requested(prefix string) bool {
	if _, live := p.live[prefix]; live {
		return true
	}
	for w := range p.walkers {
		if slices.Contains(w.prefixes, prefix) {
			return true
		}
	}
	return false
}

const (
	narrowMax  = 4096 // values of a snapshot that is found by topic
	scanBudget = 8192 // values that a walker passes before others have their turn
	sendBatch  = 256  // messages sent at a time
)

// engine is the state machine of the proxy: it decides which peer receives which message.
// To send a value of the cache to one peer only, it removes the subscriptions of other
// peers that overlap for that time; this is not visible to them, because all messages are
// sent by its methods, which are called by one goroutine.
type engine struct {
	cache *cache
	out   output
	peers map[uint64]*peer
	live  map[string]map[*peer]struct{} // the live peers of each prefix
	stats engineStats

	msgs   []zmq.Message // reused by walkers
	values []*value
	warm   byte // result of reading messages in advance
}

type engineStats struct {
	restored, snapshots, lagging, dropped uint64
}

func newEngine(c *cache, out output) *engine {
	return &engine{
		cache: c, out: out, peers: make(map[uint64]*peer), live: make(map[string]map[*peer]struct{}),
		msgs: make([]zmq.Message, 0, sendBatch), values: make([]*value, 0, narrowMax),
	}
}

// update processes messages of publishers. It owns them afterwards.
func (e *engine) update(msgs []zmq.Message) {
	first := e.cache.number + 1
	for _, m := range msgs {
		e.cache.put(m)
	}
	for sent := 0; ; {
		n := e.out.send(msgs[sent:])
		if sent += n; sent == len(msgs) {
			return
		}
		if !e.lag(string(msgs[sent].Frame(0)), first+uint64(sent)) {
			e.stats.dropped++ // not expected: there is no peer that could be full
			sent++
		}
	}
}

// lag makes walkers of the live peers whose queue is too full for a message. They continue
// with the update of that message.
func (e *engine) lag(topic string, number uint64) bool {
	var of []*peer
	for prefix, peers := range e.live {
		if strings.HasPrefix(topic, prefix) {
			for p := range peers {
				of = append(of, p)
			}
		}
	}
	if len(of) == 0 {
		return false
	}
	for _, p := range e.out.full(of) {
		if len(p.live) == 0 {
			continue // found by two prefixes
		}
		w := e.newWalker(p)
		for prefix := range p.live {
			w.prefixes = append(w.prefixes, prefix)
			e.setLive(p, prefix, false)
		}
		e.out.unsubscribe(p, w.prefixes...)
		e.stats.lagging++
		if w.move(e.cache.since(number)); w.next == nil {
			e.finish(w) // the message is not in the cache: the peer misses it
			e.out.subscribe(p, w.prefixes...)
			e.stats.dropped++
		}
	}
	return true
}

// subscribe processes a subscription of the peer that has sent the message of.
func (e *engine) subscribe(id uint64, of zmq.Message, prefix string) {
	p := e.peers[id]
	if p == nil {
		p = &peer{id: id, of: of, live: make(map[string]struct{}), walkers: make(map[*walker]struct{})}
		e.peers[id] = p
	}
	if p.requested(prefix) {
		return
	}
	e.stats.snapshots++
	w := e.newWalker(p)
	w.prefixes = []string{prefix}
	w.move(e.cache.oldest)
	e.begin(w, prefix)
}

// cancel processes the cancellation of a subscription, which a peer sends, or the socket if
// the peer has disconnected.
func (e *engine) cancel(id uint64, prefix string) {
	p := e.peers[id]
	if p == nil {
		return
	}
	if _, live := p.live[prefix]; live {
		e.setLive(p, prefix, false)
		e.out.unsubscribe(p, prefix)
	}
	for w := range p.walkers {
		w.prefixes = slices.DeleteFunc(w.prefixes, func(s string) bool { return s == prefix })
		if len(w.prefixes) == 0 {
			e.finish(w)
		}
	}
	if len(p.live) == 0 && len(p.walkers) == 0 {
		delete(e.peers, id)
	}
}

func (e *engine) newWalker(p *peer) *walker {
	w := &walker{p: p}
	p.walkers[w] = struct{}{}
	e.cache.walkers[w] = struct{}{}
	return w
}

// finish removes a walker. Its prefixes become live.
func (e *engine) finish(w *walker) {
	w.move(nil)
	delete(w.p.walkers, w)
	delete(e.cache.walkers, w)
	for _, prefix := range w.prefixes {
		e.setLive(w.p, prefix, true)
	}
}

// setLive records whether a peer receives the live messages of a prefix.
func (e *engine) setLive(p *peer, prefix string, on bool) {
	if on {
		p.live[prefix] = struct{}{}
		if e.live[prefix] == nil {
			e.live[prefix] = make(map[*peer]struct{})
		}
		e.live[prefix][p] = struct{}{}
		return
	}
	delete(p.live, prefix)
	delete(e.live[prefix], p)
	if len(e.live[prefix]) == 0 {
		delete(e.live, prefix)
	}
}

// begin sends the first values of a new walker. If only a few topics match, it finds them
// by the index of topics and sends all of them.
func (e *engine) begin(w *walker, prefix string) {
	values, all := e.cache.topics.matching(e.values[:0], prefix)
	if !all {
		e.step(w)
		return
	}
	slices.SortFunc(values, func(a, b *value) int { return cmp.Compare(a.number, b.number) })
	e.alone(w, func() (done bool) {
		for len(values) > 0 {
			n := e.send(values[:min(len(values), sendBatch)])
			if n == 0 {
				w.move(values[0]) // the values that were not sent follow it in the order of updates
				w.blocked = true
				return false
			}
			values = values[n:]
		}
		return true
	})
}

// advance lets each walker continue. busy reports that a walker has more to do, blocked that
// a walker waits for its peer to read.
func (e *engine) advance() (busy, blocked bool) {
	for w := range e.cache.walkers {
		if e.step(w); w.blocked {
			blocked = true
		} else if w.next != nil {
			busy = true
		}
	}
	return busy, blocked
}

// step sends the next values of a walker.
func (e *engine) step(w *walker) {
	w.blocked = false
	e.alone(w, func() (done bool) {
		budget := scanBudget
		at := w.next
		for at != nil && budget > 0 && !w.blocked {
			var batch []*value
			batch, at, budget = w.collect(e.values[:0], at, budget)
			n := 0
			for n < len(batch) && !w.blocked {
				sent := e.send(batch[n:min(len(batch), n+sendBatch)])
				if n += sent; sent == 0 {
					at, w.blocked = batch[n], true
				}
			}
		}
		w.move(at)
		return at == nil
	})
}

// collect appends the matching values from at on, up to sendBatch of them.
func (w *walker) collect(dst []*value, at *value, budget int) (batch []*value, next *value, left int) {
	for at != nil && budget > 0 && len(dst) < sendBatch {
		if slices.ContainsFunc(w.prefixes, func(p string) bool { return strings.HasPrefix(at.topic, p) }) {
			dst = append(dst, at)
		}
		at = at.next
		budget--
	}
	return dst, at, budget
}

// send sends cached values and returns their number.
func (e *engine) send(values []*value) int {
	e.msgs = e.msgs[:0]
	for _, v := range values {
		e.msgs = append(e.msgs, v.m)
	}
	for i := range e.msgs { // the processor reads the messages from memory concurrently
		if f := e.msgs[i].Frame(0); len(f) > 0 {
			e.warm ^= f[0]
		}
	}
	n := e.out.send(e.msgs)
	e.stats.restored += uint64(n)
	return n
}

// alone calls f while the peer of w is the only one that receives messages of its prefixes.
// If f returns true the walker has finished.
func (e *engine) alone(w *walker, f func() (done bool)) {
	others := make(map[*peer][]string)
	for prefix, peers := range e.live {
		if !w.overlaps(prefix) {
			continue
		}
		for p := range peers {
			if p != w.p {
				others[p] = append(others[p], prefix)
			}
		}
	}
	for p, prefixes := range others {
		e.out.unsubscribe(p, prefixes...)
	}
	e.out.subscribe(w.p, w.prefixes...)
	if f() {
		e.finish(w)
	} else {
		e.out.unsubscribe(w.p, w.prefixes...)
	}
	for p, prefixes := range others {
		e.out.subscribe(p, prefixes...)
	}
}

// overlaps reports whether a topic can match both a prefix and one of the walker.
func (w *walker) overlaps(prefix string) bool {
	return slices.ContainsFunc(w.prefixes, func(p string) bool {
		return strings.HasPrefix(p, prefix) || strings.HasPrefix(prefix, p)
	})
}
