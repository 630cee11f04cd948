package seq

import (
	"context"
	"errors"
	"time"

	"github.com/zerobroker/zmq"
)

// source is an endpoint of a subscriber: the publisher to which it has connected, or those
// that connect to it. Its fields are guarded by Subscriber.mu.
type source struct {
	s        *Subscriber
	endpoint string
	sub      *zmq.Sub

	// Of a connected publisher:
	one    *tracker
	replay string      // endpoint, empty if there is none
	dealer *zmq.Dealer // nil until the first request

	// Of a bound endpoint: the publishers by the generation of their connection and their
	// topic.
	many map[uint64]map[string]*tracker
}

// batch bounds the messages that a source takes from a socket before others have their
// turn.
const batch = 64

// ended is a context that has ended: RecvBatch with it does not wait.
var ended = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// readLive takes published messages.
func (c *source) readLive(now time.Time) {
	n, _ := c.sub.RecvBatch(ended, c.s.buf[:])
	for _, m := range c.s.buf[:n] {
		topic, number, payload, ok := decodeLive(m)
		if !ok {
			c.s.stats.Malformed++
			continue
		}
		from := m.From()
		t := c.tracker(now, from, topic)
		if t == nil {
			c.s.stats.Refused++
			continue
		}
		if t.topic != string(topic) {
			t.topic = string(topic)
		}
		in := arrival{number: number, payload: payload, conn: from.Generation(), generation: t.generation}
		if in.conn != t.conn {
			in.generation, _ = from.Property(generationProperty)
		}
		t.live(now, in)
		c.collect(t)
	}
	clear(c.s.buf[:n])
}

// tracker returns the tracker of the publisher that has sent a message, or nil if there
// are too many.
func (c *source) tracker(now time.Time, from zmq.PeerInfo, topic []byte) *tracker {
	if c.one != nil {
		return c.one
	}
	if t := c.many[from.Generation()][string(topic)]; t != nil {
		return t
	}
	generation, _ := from.Property(generationProperty)
	t := c.adopt(string(topic), generation)
	if t == nil {
		if c.s.publishers >= c.s.o.MaxPublishers {
			return nil
		}
		c.s.publishers++
		t = &tracker{limits: c.s.o.limits(false), name: string(topic) + "@" + address(from)}
		t.begin(now)
	}
	if c.many[from.Generation()] == nil {
		c.many[from.Generation()] = make(map[string]*tracker)
	}
	c.many[from.Generation()][string(topic)] = t
	return t
}

// adopt returns the publisher that has connected again: the one with this topic whose
// connection has ended, and if there are several, the one with this generation.
func (c *source) adopt(topic, generation string) *tracker {
	connected := make(map[uint64]bool)
	for _, p := range c.sub.Peers() {
		connected[p.Generation()] = true
	}
	var found []uint64
	for conn, topics := range c.many {
		if t := topics[topic]; t != nil && !connected[conn] {
			if generation != "" && t.generation == generation {
				found = []uint64{conn}
				break
			}
			found = append(found, conn)
		}
	}
	if len(found) != 1 {
		if c.s.publishers >= c.s.o.MaxPublishers {
			c.removeEnded(connected)
		}
		return nil
	}
	t := c.many[found[0]][topic]
	delete(c.many[found[0]], topic)
	if len(c.many[found[0]]) == 0 {
		delete(c.many, found[0])
	}
	return t
}

// removeEnded removes the publishers whose connection has ended.
func (c *source) removeEnded(connected map[uint64]bool) {
	for conn, topics := range c.many {
		if !connected[conn] {
			for _, t := range topics {
				c.s.retire(t)
			}
			delete(c.many, conn)
		}
	}
}

// readReplay takes replies to replay requests.
func (c *source) readReplay(now time.Time) {
	if c.dealer == nil {
		return
	}
	n, _ := c.dealer.RecvBatch(ended, c.s.buf[:])
	for _, m := range c.s.buf[:n] {
		number, payload, end, ok := decodeReply(m)
		generation, _ := m.From().Property(generationProperty)
		switch {
		case !ok:
			c.s.stats.Malformed++
		case end:
			c.one.replyEnd(now, generation)
		default:
			c.one.reply(now, arrival{number: number, payload: payload, generation: generation})
		}
		if r := c.one.want; r != nil && r.fresh {
			break // the remaining messages are replies to the previous request
		}
	}
	clear(c.s.buf[:n])
	c.collect(c.one)
}

// collect takes the results of a tracker and sends its request.
func (c *source) collect(t *tracker) {
	c.s.results = append(c.s.results, t.results...)
	clear(t.results)
	t.results = t.results[:0]
	if r := t.want; r != nil {
		t.want = nil
		c.request(*r)
	}
}

// request sends a replay request. If it cannot be sent, the tracker repeats it when its
// time has passed.
func (c *source) request(r request) {
	if r.fresh {
		c.closeDealer()
	}
	if c.dealer == nil && !c.openDealer() {
		return
	}
	c.dealer.TrySendMessage(encodeRequest(r.start))
}

// openDealer connects to the replay endpoint.
func (c *source) openDealer() bool {
	d, err := zmq.NewDealer(c.s.dealerOptions())
	if err != nil {
		return false
	}
	if err := errors.Join(d.Connect(c.replay), c.s.poller.Add(d.Socket)); err != nil {
		d.Close()
		return false
	}
	if c.s.o.Sockets != nil {
		c.s.o.Sockets.Add("", d.Socket)
	}
	c.dealer = d
	c.s.readers[d.Socket] = c.readReplay
	return true
}

// closeDealer closes the connection to the replay endpoint, so that no reply to an earlier
// request can arrive.
func (c *source) closeDealer() {
	if c.dealer == nil {
		return
	}
	c.s.poller.Remove(c.dealer.Socket)
	delete(c.s.readers, c.dealer.Socket)
	c.dealer.Close()
	c.dealer = nil
}

// trackers calls f for each tracker of the source.
func (c *source) trackers(f func(t *tracker)) {
	if c.one != nil {
		f(c.one)
	}
	for _, topics := range c.many {
		for _, t := range topics {
			f(t)
		}
	}
}

// close closes the sockets and counts what the trackers have counted.
func (c *source) close() error {
	c.closeDealer()
	c.s.poller.Remove(c.sub.Socket)
	delete(c.s.readers, c.sub.Socket)
	c.trackers(c.s.retire)
	return c.sub.Close()
}

// address returns the address of a peer as text.
func address(p zmq.PeerInfo) string {
	if p.RemoteAddr() == nil {
		return "inproc"
	}
	return p.RemoteAddr().String()
}
