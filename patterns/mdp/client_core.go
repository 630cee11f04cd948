package mdp

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/zerobroker/zmq"
)

// call is a request of a client until its final reply or its failure.
type call struct {
	service []byte
	body    zmq.Message
	deliver func(Reply, error) // called with each reply, and at last with a final one or an error

	tries    int // how many times it was sent again
	index    uint32
	deadline time.Time   // set while it is in flight
	node     node[*call] // in calls.waiting or calls.inFlight
	sent     bool        // it is in inFlight
}

// calls are the requests of a client as a state machine: it gets messages, the time and
// changes of the connection, and says what to send and what to deliver.
type calls struct {
	version Version
	timeout time.Duration
	retries int

	envelope bool // the broker returns envelopes: any number of requests may be in flight, otherwise one
	ready    bool // there is a connection

	slots    []callSlot
	unused   []uint32
	waiting  list[*call] // not sent yet
	inFlight list[*call] // sorted by deadline

	stats ClientStats
}

// callSlot is the place of a call. Its index and number are the envelope of a request, so
// that a reply to an earlier request in the same place is recognised.
type callSlot struct {
	number uint32
	call   *call
}

// outcome is a reply or failure that is to be delivered.
type outcome struct {
	deliver func(Reply, error)
	reply   Reply
	err     error
}

// add adds a call that waits to be sent.
func (s *calls) add(c *call) {
	if n := len(s.unused); n > 0 {
		c.index, s.unused = s.unused[n-1], s.unused[:n-1]
	} else {
		c.index = uint32(len(s.slots))
		s.slots = append(s.slots, callSlot{})
	}
	s.slots[c.index].call = c
	s.slots[c.index].number++
	c.node.value = c
	s.waiting.pushBack(&c.node)
	s.stats.Requests++
}

// len returns the number of calls.
func (s *calls) len() int { return s.waiting.n + s.inFlight.n }

// next returns the next call to send, or nil.
func (s *calls) next() *call {
	if !s.ready || s.waiting.n == 0 || !s.envelope && s.inFlight.n > 0 {
		return nil
	}
	return s.waiting.front.value
}

// encode returns the message of the call that next has returned.
func (s *calls) encode(b *builder, c *call) zmq.Message {
	b.begin(5 + c.body.NumFrames())
	if s.envelope {
		id := binary.BigEndian.AppendUint32(b.grow(slotSize), c.index)
		b.add(binary.BigEndian.AppendUint32(id, s.slots[c.index].number))
	}
	if s.envelope || s.version == V01 {
		b.add(empty)
	}
	b.clientHeader(s.version, cmdRequest, c.service)
	b.addFrom(c.body, 0, c.body.NumFrames())
	return b.end()
}

// markSent records that the call that next has returned was sent.
func (s *calls) markSent(now time.Time, c *call) {
	s.waiting.remove(&c.node)
	c.sent = true
	c.deadline = now.Add(s.timeout)
	s.inFlight.pushBack(&c.node)
}

// handle processes a message of the broker.
func (s *calls) handle(now time.Time, m zmq.Message) (out outcome, deliver bool) {
	k, err := decode(m)
	if err != nil || k.worker || k.version != s.version || k.version == V02 && k.cmd == cmdRequest {
		s.stats.Malformed++
		return out, false
	}
	c := s.find(m, &k)
	if c == nil {
		s.stats.Stale++
		return out, false
	}
	final := k.cmd != cmdPartial
	out = outcome{deliver: c.deliver, reply: Reply{Message: zmq.NewMessage(m.Frames()[k.body:]...), Final: final}}
	if final {
		s.stats.Replies++
		s.remove(c)
		return out, true
	}
	s.stats.Partials++
	c.deadline = now.Add(s.timeout)
	s.inFlight.moveToBack(&c.node)
	return out, true
}

// find returns the call that a reply belongs to, or nil.
func (s *calls) find(m zmq.Message, k *packet) *call {
	var c *call
	switch {
	case !s.envelope && s.inFlight.n == 1:
		c = s.inFlight.front.value
	case s.envelope && k.envelope == 2 && len(m.Frame(0)) == slotSize:
		i := binary.BigEndian.Uint32(m.Frame(0))
		if i < uint32(len(s.slots)) && s.slots[i].number == binary.BigEndian.Uint32(m.Frame(0)[4:]) {
			c = s.slots[i].call
		}
	}
	if c == nil || !c.sent || string(c.service) != string(k.service) {
		return nil
	}
	return c
}

// remove removes a call. It does nothing if the call was removed before.
func (s *calls) remove(c *call) {
	if c.index >= uint32(len(s.slots)) || s.slots[c.index].call != c {
		return
	}
	if c.sent {
		s.inFlight.remove(&c.node)
	} else {
		s.waiting.remove(&c.node)
	}
	s.slots[c.index].call = nil
	s.unused = append(s.unused, c.index)
}

// connected records a connection.
func (s *calls) connected(envelope bool) { s.ready, s.envelope = true, envelope }

// lost records the end of the connection: the requests in flight have no reply. Those that
// may be sent again wait for the next connection.
func (s *calls) lost() (failed []outcome) {
	s.ready = false
	for s.inFlight.n > 0 {
		failed = s.retry(s.inFlight.front.value, zmq.ErrPeerLost, failed)
	}
	return failed
}

// retry lets a call that is in flight wait again, or removes it and adds its failure.
func (s *calls) retry(c *call, err error, failed []outcome) []outcome {
	if c.tries == s.retries {
		s.stats.Failed++
		s.remove(c)
		return append(failed, outcome{deliver: c.deliver, err: requestError(string(c.service), err)})
	}
	c.tries++
	c.sent = false
	s.stats.Retries++
	s.slots[c.index].number++ // replies to the earlier request are stale
	s.inFlight.remove(&c.node)
	s.waiting.pushBack(&c.node)
	return failed
}

// tick retries or fails the calls whose deadline has passed. renew says that the connection
// has to be replaced, because a late reply could not be distinguished from the next one.
func (s *calls) tick(now time.Time) (failed []outcome, renew bool) {
	for s.inFlight.n > 0 && !now.Before(s.inFlight.front.value.deadline) {
		failed = s.retry(s.inFlight.front.value, ErrTimeout, failed)
		renew = renew || !s.envelope
	}
	s.ready = s.ready && !renew
	return failed, renew
}

// cancel removes a call whose caller does not wait any longer. renew is as that of tick.
func (s *calls) cancel(c *call) (renew bool) {
	if s.slots[c.index].call != c {
		return false
	}
	renew = c.sent && !s.envelope
	s.ready = s.ready && !renew
	s.stats.Failed++
	s.remove(c)
	return renew
}

// fail removes all calls.
func (s *calls) fail(err error) (failed []outcome) {
	for _, l := range []*list[*call]{&s.waiting, &s.inFlight} {
		for l.n > 0 {
			c := l.front.value
			s.stats.Failed++
			s.remove(c)
			failed = append(failed, outcome{deliver: c.deliver, err: requestError(string(c.service), err)})
		}
	}
	return failed
}

// requestError is the error of a request to a service.
func requestError(service string, err error) error {
	return fmt.Errorf("mdp: request to %q: %w", service, err)
}
