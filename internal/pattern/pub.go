package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Pub is PUB and XPUB: it sends every message to the peers that subscribe to
// a prefix of its first frame, and drops it for those whose queue is full.
// XPUB also receives: the subscriptions, and what else its peers send.
// https://rfc.zeromq.org/spec/29/#the-pub-socket-type
type Pub struct {
	base
	upstream bool // XPUB
	subs     *Topics
	order    pipe.Order // of the subscriptions that XPUB is to receive
	fq       FairQueue  // what peers in this process have sent beside them
	drops    *pipe.Drops

	// MaxTopics and MaxTopicBytes bound what one peer may subscribe to; 0 is
	// unlimited.
	MaxTopics, MaxTopicBytes int

	match []*pipe.Pipe // of the message being sent
	rest  []byte       // that message at rest
}

// NewPub returns a PUB, or an XPUB if it receives.
func NewPub(d *pipe.Drops, receives bool) *Pub {
	return &Pub{upstream: receives, subs: new(Topics), drops: d}
}

// Attach does nothing: a peer gets messages when it subscribes.
func (s *Pub) Attach(*pipe.Pipe) error { return nil }

// Disconnected forgets the peer's subscriptions. XPUB's application hears of
// topics that have no subscriber left.
func (s *Pub) Disconnected(p *pipe.Pipe) {
	s.subs.RemoveAll(p, func(topic []byte, last bool) {
		if last && s.upstream && p.In != nil {
			p.In.Lock()
			s.notify(p, 0, topic)
			p.In.Unlock()
		}
	})
}

// Detach forgets the peer.
func (s *Pub) Detach(p *pipe.Pipe) { s.Disconnected(p) }

// Room does nothing: fullness is looked at for every message.
func (s *Pub) Room(*pipe.Pipe) {}

// Send distributes m. It never waits.
func (s *Pub) Send(m msg.Msg) error {
	s.match = s.subs.Match(s.match[:0], m.First)
	switch len(s.match) {
	case 0:
		return nil
	case 1:
		if p := s.match[0]; p.Out.Full() {
			s.drops.Add(pipe.DropHWM, 1)
		} else {
			p.Out.Put(&m)
		}
		return nil
	}
	if m.RestSize() >= msg.LargeFrame {
		// Large frames are shared by all queues, so nobody may reuse them.
		m.Bufs = nil
		for _, p := range s.match {
			if p.Out.Full() {
				s.drops.Add(pipe.DropHWM, 1)
				continue
			}
			p.Out.PutShared(&m)
		}
		return nil
	}
	s.rest = m.Append(s.rest[:0])
	for _, p := range s.match {
		if p.Out.Full() {
			s.drops.Add(pipe.DropHWM, 1)
			continue
		}
		p.Out.PutRest(s.rest)
	}
	return nil
}

// Subscribers is the number of peers that would get a message with this first
// frame. It runs under the send lock.
func (s *Pub) Subscribers(topic []byte) int {
	s.match = s.subs.Match(s.match[:0], topic)
	return len(s.match)
}

// Intake takes subscriptions out of what the peers send: messages of one
// frame that begin with 1 or 0, whatever form they had on the wire.
// https://rfc.zeromq.org/spec/29/#the-xpub-socket-type
func (s *Pub) Intake(p *pipe.Pipe, m *msg.Msg) (queue bool, err error) {
	if len(m.Rest) > 0 || len(m.First) == 0 || m.First[0] > 1 {
		if !s.upstream {
			s.drops.Add(pipe.DropUpstream, 1)
		}
		return s.upstream, nil
	}
	queue = s.change(p, m.First[0] == 1, m.First[1:])
	if s.tooMany(p) {
		return queue, ErrTopics
	}
	return queue, nil
}

func (s *Pub) tooMany(p *pipe.Pipe) bool {
	if s.MaxTopics == 0 && s.MaxTopicBytes == 0 {
		return false
	}
	topics, bytes := s.subs.Count(p)
	return s.MaxTopics > 0 && topics > s.MaxTopics || s.MaxTopicBytes > 0 && bytes > s.MaxTopicBytes
}

// change applies a subscription and reports whether XPUB's application is to
// hear of it: when the first peer wants the topic, and when the last no longer
// does.
func (s *Pub) change(p *pipe.Pipe, on bool, topic []byte) bool {
	if on {
		_, first := s.subs.Add(topic, p)
		return first && s.upstream
	}
	_, last := s.subs.Remove(topic, p)
	return last && s.upstream
}

// Upstream is Intake for a subscription that is no message, from a peer in
// this process.
func (s *Pub) Upstream(p *pipe.Pipe, topic string, on bool) (queue bool) {
	return s.change(p, on, []byte(topic))
}

// notify queues a subscription for XPUB's application, beside the HWM: whoever
// reads from the peer waits for room before it takes more from it.
func (s *Pub) notify(p *pipe.Pipe, first byte, topic []byte) {
	if p.In.Dead() {
		return
	}
	p.In.Put(&msg.Msg{First: append([]byte{first}, topic...)})
	s.Queued(p)
}

// Queued says that a message was queued to p for Recv. It runs under the send
// lock, so that messages come in the order in which the subscriptions changed,
// whichever peers they are of: a topic that one peer has left is taken up by
// the next.
func (s *Pub) Queued(p *pipe.Pipe) { s.order.Push(p) }

func (s *Pub) Ready(p *pipe.Pipe) { s.fq.ready(p) }

// Recv takes the next message in the order of arrival. A pipe that has less
// than the order says was read by way of the fair queue.
func (s *Pub) Recv(m *msg.Msg) error {
	for p := s.order.Pop(); p != nil; p = s.order.Pop() {
		if p.In.Next(m) {
			return nil
		}
	}
	return s.fq.recv(m)
}

func (s *Pub) More() bool { return s.order.Len() > 0 || s.fq.more() }
