package pattern

import (
	"slices"
	"sync/atomic"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Pub is PUB and XPUB: it sends every message to the peers that subscribe to
// a prefix of its first frame, and drops it for those whose queue is full.
// XPUB also receives: the subscriptions, and what else its peers send.
// https://rfc.zeromq.org/spec/29/#the-pub-socket-type
// Rules: CONFORMANCE.md 3.0.PUB, 3.0.XPUB and 3.5.
type Pub struct {
	opt      *Options
	upstream bool // XPUB
	subs     *Topics
	asked    *Topics                   // with Manual: what peers have asked for
	last     atomic.Pointer[pipe.Pipe] // with Manual: whose subscription Recv returned last
	pipes    map[*pipe.Pipe]struct{}   // all of them; guarded by the send lock
	peers    map[*msg.Peer]*pipe.Pipe  // with Manual: who is there; guarded by the send lock
	order    pipe.Order                // of the subscriptions that XPUB is to receive
	fq       FairQueue                 // what peers in this process have sent beside them
	drops    *pipe.Drops

	match []*pipe.Pipe // of the message being sent
	log   commonLog

	outgoing
}

// NewPub returns a PUB, or an XPUB if it receives.
func NewPub(o *Options, d *pipe.Drops, receives bool) *Pub {
	return &Pub{
		opt: o, upstream: receives, subs: new(Topics), asked: new(Topics),
		pipes: make(map[*pipe.Pipe]struct{}), peers: make(map[*msg.Peer]*pipe.Pipe), drops: d, outgoing: outgoing{drops: d},
	}
}

// Attach welcomes the peer, if so set. It gets messages when it subscribes.
func (s *Pub) Attach(p *pipe.Pipe) error {
	s.pipes[p] = struct{}{}
	if s.opt.Welcome != nil {
		p.Out.Put(&msg.Msg{First: s.opt.Welcome})
	}
	return nil
}

// Connected notes whose pipe it is, for Assign.
func (s *Pub) Connected(p *pipe.Pipe, peer *msg.Peer) error {
	if s.opt.Manual {
		delete(s.peers, p.Peer())
		s.peers[peer] = p
	}
	return nil
}

// forgetAtOnce is how many subscriptions are forgotten while senders wait: they
// take less than 100 us.
const forgetAtOnce = 256

// Forget takes back some of what the peer subscribes to. XPUB's application
// hears of topics that have no subscriber left; if it says itself who subscribes
// to what, of all that the peer has asked for.
func (s *Pub) Forget(p *pipe.Pipe) (more bool) {
	s.last.CompareAndSwap(p, nil)
	if s.asked.RemoveSome(p, forgetAtOnce, func(topic []byte, _ bool) { s.tell(p, 0, topic) }) {
		return true
	}
	return s.subs.RemoveSome(p, forgetAtOnce, func(topic []byte, last bool) {
		if (last || s.opt.Verboser) && !s.opt.Manual {
			s.tell(p, 0, topic)
		}
	})
}

// Disconnected forgets the peer and all its subscriptions.
func (s *Pub) Disconnected(p *pipe.Pipe) {
	delete(s.peers, p.Peer())
	for s.Forget(p) {
	}
}

// Detach forgets the peer.
func (s *Pub) Detach(p *pipe.Pipe) {
	s.Disconnected(p)
	s.leave(p)
	delete(s.pipes, p)
}

// Room does nothing: fullness is looked at for every message.
func (s *Pub) Room(*pipe.Pipe) {}

// subscribed sets match to the pipes that want a message with this first frame.
func (s *Pub) subscribed(first []byte) {
	s.match = s.subs.Match(s.match[:0], first)
	if !s.opt.Invert {
		return
	}
	mark := s.subs.Mark(s.match)
	s.match = s.match[:0]
	for p := range s.pipes {
		if p.Mark != mark {
			s.match = append(s.match, p)
		}
	}
}

// choose sets match to the pipes that a message with this first frame goes to.
func (s *Pub) choose(first []byte) {
	s.subscribed(first)
	if !s.opt.Manual || !s.opt.LastValue {
		return
	}
	last := s.last.Load()
	if _, there := s.pipes[last]; there {
		// Recv may have returned the last of one that is gone: then all get it.
		only := s.match[:0]
		for _, p := range s.match {
			if p == last {
				only = append(only, p)
			}
		}
		s.match = only
	}
}

// Send distributes m. It waits for nobody, unless NoDrop is set.
func (s *Pub) Send(m msg.Msg) error {
	s.choose(m.First)
	if s.opt.NoDrop {
		for _, p := range s.match {
			if p.Out.Full() {
				return ErrWouldBlock
			}
		}
	}
	if s.opt.LastValue {
		s.last.Store(nil)
	}
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
	at := s.log.reserve(m.RestSize())
	s.log.b = m.Append(s.log.b)
	for _, p := range s.match {
		if p.Out.Full() {
			s.drops.Add(pipe.DropHWM, 1)
			continue
		}
		p.Out.PutCommon(s.log.b[at:], at == 0)
	}
	return nil
}

// SendFrame claims, at the first frame, the subscribers that it is for and that
// have room. Whoever subscribes in the middle of a message waits for the next,
// and whoever cancels gets this one. (xpub.cpp: xsend, dist.cpp)
func (s *Pub) SendFrame(f *msg.Frame, _ bool) error {
	if !s.open {
		s.choose(f.Body)
		if s.opt.NoDrop && slices.ContainsFunc(s.match, func(p *pipe.Pipe) bool { return p.Out.Full() }) {
			return ErrWouldBlock
		}
		if s.opt.LastValue {
			s.last.Store(nil)
		}
		s.begin(s.dropFull(s.match)...)
	}
	s.next(f)
	return nil
}

// Writable is true: who has no room misses the message. It is with NoDrop too,
// as in libzmq.
func (s *Pub) Writable() bool { return true }

// Subscribers is the number of peers that would get a message with this first
// frame, but for what LastValue says of the next one. It runs under the send
// lock.
func (s *Pub) Subscribers(topic []byte) (n int) {
	s.subscribed(topic)
	for _, p := range s.match {
		if !p.Changing {
			n++
		}
	}
	return n
}

// TopicCount is the number of different prefixes subscribed to. It runs under
// the send lock. [ZMQ_TOPICS_COUNT]
func (s *Pub) TopicCount() int { return s.subs.Len() }

// isChange reports whether a frame is a subscription or takes one back.
func isChange(frame []byte) bool { return len(frame) > 0 && frame[0] <= 1 }

// IsNotice reports whether a message is nothing but a subscription, or takes one
// back, in the form in which peers send it and XPUB receives it.
func IsNotice(m *msg.Msg) bool { return len(m.Rest) == 0 && isChange(m.First) }

// Intake takes subscriptions out of what the peers send: frames that begin with
// 1 or 0, whatever form they had on the wire. With OnlyFirst set, only a message
// whose first frame is one is searched for more.
// https://rfc.zeromq.org/spec/29/#the-xpub-socket-type
func (s *Pub) Intake(p *pipe.Pipe, m *msg.Msg) (queue bool, err error) {
	switch {
	case IsNotice(m):
		queue = s.change(p, m.First[0] == 1, m.First[1:])
		err = s.tooMany(p)
		return queue, err
	case len(m.Rest) > 0 && (isChange(m.First) || !s.opt.OnlyFirst):
		if err := s.sift(p, m); err != nil || m.First == nil {
			return false, err
		}
	}
	if !s.upstream {
		s.drops.Add(pipe.DropUpstream, 1)
	}
	return s.upstream, nil
}

// sift takes the subscriptions out of a message of several frames. If nothing
// is left, First is nil.
func (s *Pub) sift(p *pipe.Pipe, m *msg.Msg) error {
	var rest [][]byte
	for i := range m.Len() {
		f := m.Frame(i)
		if !isChange(f) {
			rest = append(rest, append([]byte{}, f...))
			continue
		}
		if s.change(p, f[0] == 1, f[1:]) {
			s.tell(p, f[0], f[1:])
		}
		if err := s.tooMany(p); err != nil {
			return err
		}
	}
	*m = msg.Of(rest...)
	return nil
}

func (s *Pub) tooMany(p *pipe.Pipe) error {
	most, mostBytes := s.opt.MaxTopics, s.opt.MaxTopicBytes
	if most == 0 && mostBytes == 0 {
		return nil
	}
	subs := s.subs
	if s.opt.Manual {
		subs = s.asked
	}
	topics, bytes := subs.Count(p)
	if most > 0 && topics > most || mostBytes > 0 && bytes > mostBytes {
		return ErrTooManySubscriptions
	}
	return nil
}

// change applies a subscription and reports whether XPUB's application is to
// hear of it: when the first peer wants the topic and when the last no longer
// does, or always if so set: then also of a cancellation that takes nothing back,
// for a forwarder with ZMQ_XSUB_VERBOSE_UNSUBSCRIBE sends one for each of its
// subscribers, and who counts them must hear of as many as of subscriptions.
// With Manual it is noted and not applied. A peer that was taken away has been
// forgotten, and subscribes to nothing while it gets what is queued for it.
func (s *Pub) change(p *pipe.Pipe, on bool, topic []byte) bool {
	switch {
	case p.Retired:
		return false
	case s.opt.Manual && on:
		s.asked.Add(topic, p)
		return s.upstream
	case s.opt.Manual:
		s.asked.Remove(topic, p)
		return s.upstream
	case on:
		_, first := s.subs.Add(topic, p)
		return s.upstream && (first || s.opt.Verbose || s.opt.Verboser)
	}
	_, last := s.subs.Remove(topic, p)
	return s.upstream && (last || s.opt.Verboser)
}

// PipeOf is the pipe of a peer that is there, or nil. It runs under the send lock.
func (s *Pub) PipeOf(peer *msg.Peer) *pipe.Pipe { return s.peers[peer] }

// Assign subscribes a peer, or no longer, on XPUB's application's word: the one
// whose subscription Recv returned last if p is nil. Nobody hears of it. It
// runs under the send lock. [ZMQ_SUBSCRIBE and ZMQ_UNSUBSCRIBE with ZMQ_XPUB_MANUAL]
func (s *Pub) Assign(p *pipe.Pipe, on bool, topic []byte) {
	if p == nil {
		p = s.last.Load()
	}
	if _, known := s.pipes[p]; !known {
		return
	}
	if on {
		s.subs.Add(topic, p)
	} else {
		s.subs.Remove(topic, p)
	}
}

// Upstream is Intake for a subscription that is no message, from a peer in
// this process.
func (s *Pub) Upstream(p *pipe.Pipe, topic string, on bool) (queue bool) {
	return s.change(p, on, []byte(topic))
}

// tell queues a subscription for XPUB's application, beside the HWM: whoever
// reads from the peer waits for room before it takes more from it.
func (s *Pub) tell(p *pipe.Pipe, first byte, topic []byte) {
	if !s.upstream || p.In == nil {
		return
	}
	s.put(p, &msg.Msg{First: append([]byte{first}, topic...)})
}

// Queue queues a message for Recv. It runs under the send lock, so that messages
// come in the order in which the subscriptions changed, whichever peers they are
// of: a topic that one peer has left is taken up by the next.
func (s *Pub) Queue(p *pipe.Pipe, m *msg.Msg) {
	if !s.put(p, m) {
		s.drops.Add(pipe.DropUnread, 1)
	}
}

// put queues a message and notes its place in the order, as one step in the eyes
// of Recv.
func (s *Pub) put(p *pipe.Pipe, m *msg.Msg) bool {
	s.order.Lock()
	defer s.order.Unlock()
	p.In.Lock()
	defer p.In.Unlock()
	if p.In.Dead() {
		return false
	}
	s.order.Push(pipe.Due{Pipe: p, Change: IsNotice(m)})
	p.In.PutShared(m)
	return true
}

func (s *Pub) Ready(p *pipe.Pipe) { s.fq.ready(p) }

// Recv takes the next message in the order of arrival, and when that says no
// more, what peers in this process have sent.
func (s *Pub) Recv(m *msg.Msg) error {
	s.order.Lock()
	defer s.order.Unlock()
	p := s.take(m)
	if p == nil {
		return ErrWouldBlock
	}
	if s.opt.Manual && IsNotice(m) {
		s.last.Store(p)
	}
	return nil
}

// take takes a message and tells whose it is, or nil. The caller holds the
// order's lock.
func (s *Pub) take(m *msg.Msg) *pipe.Pipe {
	for d, ok := s.order.First(); ok; d, ok = s.order.First() {
		if !d.Pipe.In.Next(m) {
			s.order.Pop() // a newer one has replaced it, or the socket is being closed
			continue
		}
		if !d.Change || IsNotice(m) {
			s.order.Pop()
		}
		return d.Pipe
	}
	return s.fq.Next(m)
}

func (s *Pub) More() bool {
	s.order.Lock()
	defer s.order.Unlock()
	return s.order.Len() > 0 || s.fq.more()
}

// Readable returns nil if Recv would find a message: the fair queue knows of all
// of them, whatever their order.
func (s *Pub) Readable() error {
	if !s.fq.HasNext() {
		return ErrWouldBlock
	}
	return nil
}
