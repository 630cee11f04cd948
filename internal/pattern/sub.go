package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Sub is SUB: it receives from its publishers what it has subscribed to. The
// subscriptions are the socket's: every publisher hears all of them.
// https://rfc.zeromq.org/spec/29/#the-sub-socket-type
// Rules in docs/CONFORMANCE.md: sub, sub-*.
type Sub struct {
	base
	opt *Options
	subscriptions
	fq    FairQueue
	drops *pipe.Drops
}

// NewSub returns a SUB without subscriptions.
func NewSub(o *Options, d *pipe.Drops) *Sub {
	return &Sub{opt: o, subscriptions: newSubscriptions(), drops: d}
}

func (s *Sub) Attach(p *pipe.Pipe) error { s.attach(p); return nil }
func (s *Sub) Detach(p *pipe.Pipe)       { s.detach(p) }
func (s *Sub) Ready(p *pipe.Pipe)        { s.fq.ready(p) }
func (s *Sub) More() bool                { return s.fq.more() }

// Recv takes the next message that is subscribed to. Publishers filter, but
// some late and old ones not at all.
func (s *Sub) Recv(m *msg.Msg) error {
	for n := 0; n < maxDiscard; n += m.Len() {
		if err := s.fq.recv(m); err != nil || s.wants(m.First) != s.opt.Invert {
			return err
		}
		s.drops.Add(pipe.DropFiltered, 1)
	}
	return ErrYield
}

// Readable returns nil if there is a message that is subscribed to.
func (s *Sub) Readable() error {
	return s.fq.holds(func(c *msg.Cursor) bool {
		first, _, _ := c.Next()
		return s.wants(first) != s.opt.Invert
	}, s.drops, pipe.DropFiltered)
}

// XSub is XSUB: SUB without the filter, and with subscriptions that are
// messages. https://rfc.zeromq.org/spec/29/#the-xsub-socket-type
// Rules in docs/CONFORMANCE.md: xsub, xsub-*, sub-*.
type XSub struct {
	base
	opt *Options
	subscriptions
	fq    FairQueue
	drops *pipe.Drops
	rest  []byte

	outgoing
	midway  bool // a message has begun and not ended; open says so of what is no subscription
	examine bool // its next frame may be a subscription
}

// NewXSub returns an XSUB without subscriptions.
func NewXSub(o *Options, d *pipe.Drops) *XSub {
	return &XSub{opt: o, subscriptions: newSubscriptions(), drops: d, outgoing: outgoing{drops: d}}
}

func (s *XSub) Attach(p *pipe.Pipe) error { s.attach(p); return nil }
func (s *XSub) Detach(p *pipe.Pipe)       { s.detach(p); s.leave(p) }
func (s *XSub) Room(*pipe.Pipe)           {}
func (s *XSub) Ready(p *pipe.Pipe)        { s.fq.ready(p) }
func (s *XSub) Recv(m *msg.Msg) error     { return s.fq.recv(m) }
func (s *XSub) More() bool                { return s.fq.more() }
func (s *XSub) Fair() *FairQueue          { return &s.fq }

// Subscribe is that of all subscribers, but that every cancellation is passed on
// if so set.
func (s *XSub) Subscribe(topic string, on bool) (changed bool) {
	return s.subscriptions.Subscribe(topic, on) || !on && s.opt.VerboseUnsubscribe
}

// Send queues a message to every publisher that has room and that takes
// messages. It never waits.
func (s *XSub) Send(m msg.Msg) error {
	s.rest = m.AppendEncoded(s.rest[:0])
	s.Pipes(func(p *pipe.Pipe) {
		switch {
		case p.Out == nil || p.Out.ReadClosed(): // a PUB of this process
			s.drops.Add(pipe.DropUpstream, 1)
			return
		case p.Out.Full():
			s.drops.Add(pipe.DropHWM, 1)
			return
		}
		p.Out.PutEncoded(s.rest)
	})
	if cap(s.rest) > maxKeptRest {
		s.rest = nil
	}
	return nil
}

// Ask takes the frames that begin with 1 or 0 for subscriptions: all of them,
// or with OnlyFirst set those of a message whose first frame is one. They go
// their own way, as state and beside the queues, and what else is in the
// message makes a message of its own. In libzmq they travel in the message, and
// a cancellation of nothing that ends one keeps it from being sent.
// (xsub.cpp: xsend)
func (s *XSub) Ask(f *msg.Frame) (asked, sent bool) {
	change := isChange(f.Body)
	if !s.midway {
		s.examine = !s.opt.OnlyFirst || change
	}
	s.midway = f.More
	if !s.examine || !change {
		return false, false
	}
	if sent = s.open && !f.More; sent {
		s.check()
		s.deliver()
	}
	return true, sent
}

// Asks takes the subscriptions out of a message, as Ask does frame by frame, and
// returns them and what is left; ok is false if that is nothing.
func (s *XSub) Asks(m msg.Msg) (changes [][]byte, rest msg.Msg, ok bool) {
	if s.opt.OnlyFirst && !isChange(m.First) {
		return nil, m, true
	}
	var left [][]byte
	for i := range m.Len() {
		if f := m.Frame(i); isChange(f) {
			changes = append(changes, f)
		} else {
			left = append(left, f)
		}
	}
	if len(changes) == 0 {
		return nil, m, true
	}
	rest = msg.Of(left...)
	rest.Bufs = m.Bufs
	return changes, rest, len(left) > 0
}

// SendFrame claims, at the first frame that is no subscription, the publishers
// that have room and take messages.
func (s *XSub) SendFrame(f *msg.Frame, _ bool) error {
	if !s.open {
		s.begin(s.dropFull(s.takers())...)
	}
	s.next(f)
	return nil
}

// takers are the publishers that take messages.
func (s *XSub) takers() (list []*pipe.Pipe) {
	s.Pipes(func(p *pipe.Pipe) {
		if p.Out == nil || p.Out.ReadClosed() { // a PUB of this process
			s.drops.Add(pipe.DropUpstream, 1)
			return
		}
		list = append(list, p)
	})
	return list
}

// Midway reports whether a message has begun and not ended.
func (s *XSub) Midway() bool { return s.midway }

// Writable is true: a subscription can be made at any time.
func (s *XSub) Writable() bool { return true }

// maxKeptRest bounds the memory kept between messages.
const maxKeptRest = 64 << 10

// subscriptions is the set that a subscriber tells its publishers of. It runs
// under the send lock, except wants, which runs under the receive lock.
type subscriptions struct {
	count map[string]int // how often each topic is subscribed to
	pipes map[*pipe.Pipe]struct{}
	filter
}

func newSubscriptions() subscriptions {
	return subscriptions{
		count:  make(map[string]int),
		pipes:  make(map[*pipe.Pipe]struct{}),
		filter: newFilter(),
	}
}

func (s *subscriptions) attach(p *pipe.Pipe) { s.pipes[p] = struct{}{} }
func (s *subscriptions) detach(p *pipe.Pipe) { delete(s.pipes, p) }

// Subscribe counts: a topic is cancelled when it has been as often as it was
// subscribed to. Every subscription is passed on, for a verbose XPUB wants to
// hear of them all.
func (s *subscriptions) Subscribe(topic string, on bool) (changed bool) {
	n := s.count[topic]
	switch {
	case on:
		s.count[topic] = n + 1
		return true
	case n == 0:
		return false
	case n == 1:
		delete(s.count, topic)
		return true
	}
	s.count[topic] = n - 1
	return false
}

// Topics calls f for each topic once.
func (s *subscriptions) Topics(f func(topic string)) {
	for topic := range s.count {
		f(topic)
	}
}

// TopicCount is the number of different topics.
func (s *subscriptions) TopicCount() int { return len(s.count) }

// Pipes calls f for every publisher.
func (s *subscriptions) Pipes(f func(p *pipe.Pipe)) {
	for p := range s.pipes {
		f(p)
	}
}

// filter is the set once more, for the receiving half.
type filter struct {
	table *Topics
	self  *pipe.Pipe // the table's only subscriber
}

func newFilter() filter { return filter{table: new(Topics), self: pipe.New()} }

// Filter changes what wants wants. It runs under the receive lock.
func (f *filter) Filter(topic string, on bool) {
	if on {
		f.table.Add([]byte(topic), f.self)
	} else {
		f.table.Remove([]byte(topic), f.self)
	}
}

func (f *filter) wants(first []byte) bool { return f.table.Has(first) }
