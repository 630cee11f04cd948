package pattern

import (
	"slices"
	"sync/atomic"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/topics"
)

// Pub implements PUB and XPUB: it sends each message to the peers that
// subscribe to a prefix of its first frame, and drops it for those whose queue
// is full. XPUB also receives the subscriptions and the other messages of its
// peers.
// https://rfc.zeromq.org/spec/29/#the-pub-socket-type
// Rules in docs/CONFORMANCE.md: pub, xpub, pub-*, xpub-*.
type Pub struct {
	opt          *Options
	receives     bool // XPUB: Recv returns what the peers send
	subs         *topics.Index
	requested    *topics.Index             // with Manual: the subscriptions that peers have requested
	lastReceived atomic.Pointer[pipe.Pipe] // with Manual: the sender of the last subscription that Recv returned
	pipes        map[*pipe.Pipe]struct{}   // all attached pipes; guarded by the send lock
	peers        map[*msg.Peer]*pipe.Pipe  // with Manual: the pipes of connected peers; guarded by the send lock
	order        pipe.Order                // of the messages that XPUB receives
	fq           FairQueue                 // other messages of peers in this process

	// retired holds pipes that are Retired, from the first RemoveSubscriptions
	// to Detach. It is nil if there are none. The send lock guards it.
	retired map[*pipe.Pipe]struct{}

	match []*pipe.Pipe // pipes that match the message being sent
	log   commonLog

	outgoing
}

// NewPub returns an XPUB if receives is true, and otherwise a PUB.
func NewPub(o *Options, d *pipe.Drops, receives bool) *Pub {
	return &Pub{
		opt: o, receives: receives, subs: new(topics.Index), requested: new(topics.Index),
		pipes: make(map[*pipe.Pipe]struct{}), peers: make(map[*msg.Peer]*pipe.Pipe), outgoing: outgoing{drops: d},
	}
}

// Attach sends the welcome message if there is one.
func (s *Pub) Attach(p *pipe.Pipe) error {
	s.pipes[p] = struct{}{}
	if s.opt.Welcome != nil {
		p.Out.Put(&msg.Msg{First: s.opt.Welcome})
	}
	return nil
}

// Connected records the pipe of the peer for PipeOf.
func (s *Pub) Connected(p *pipe.Pipe, peer *msg.Peer) error {
	if s.opt.Manual {
		delete(s.peers, p.Peer())
		s.peers[peer] = p
	}
	return nil
}

// removeBatch is the number of subscriptions that are removed under one hold of
// the send lock, which takes less than 100 us.
const removeBatch = 256

// RemoveSubscriptions removes some subscriptions of a peer. XPUB receives a
// cancellation for each topic that has no subscriber left. With Manual it
// receives one for each topic that the peer has requested.
func (s *Pub) RemoveSubscriptions(p *pipe.Pipe) (more bool) {
	s.lastReceived.CompareAndSwap(p, nil)
	if p.Retired {
		s.retire(p)
	}
	if !s.receives {
		return s.requested.RemoveSome(p, removeBatch, nil) || s.subs.RemoveSome(p, removeBatch, nil)
	}
	if s.requested.RemoveSome(p, removeBatch, func(topic []byte, _ bool) { s.queueChange(p, 0, topic) }) {
		return true
	}
	return s.subs.RemoveSome(p, removeBatch, func(topic []byte, last bool) {
		if (last || s.opt.XPubNotify == XPubNotifyEveryChange) && !s.opt.Manual {
			s.queueChange(p, 0, topic)
		}
	})
}

// retire excludes a pipe from sending, although it may have subscriptions left.
func (s *Pub) retire(p *pipe.Pipe) {
	if s.retired == nil {
		s.retired = make(map[*pipe.Pipe]struct{})
	}
	s.retired[p] = struct{}{}
	s.removePipe(p)
	delete(s.pipes, p)
}

// Disconnected removes all subscriptions of the peer.
func (s *Pub) Disconnected(p *pipe.Pipe) {
	delete(s.peers, p.Peer())
	for s.RemoveSubscriptions(p) {
	}
}

// Detach removes the pipe and its subscriptions.
func (s *Pub) Detach(p *pipe.Pipe) {
	s.Disconnected(p)
	s.removePipe(p)
	delete(s.pipes, p)
	if delete(s.retired, p); len(s.retired) == 0 {
		s.retired = nil
	}
}

// Room does nothing, because Send checks each queue for each message.
func (s *Pub) Room(*pipe.Pipe) {}

// Prefetch prepares the index of the topics for messages that are sent next, and
// returns how many of them it has considered.
func (s *Pub) Prefetch(msgs []msg.Msg) int {
	n := min(len(msgs), topics.Prefetched)
	if s.subs.Len() >= prefetchMin {
		var frames [topics.Prefetched][]byte
		for i := range msgs[:n] {
			frames[i] = msgs[i].First
		}
		s.subs.Prefetch(frames[:n])
	}
	return n
}

// prefetchMin is the number of topics from which Prefetch is worth its time. Those of
// a smaller index are in a cache of the processor.
const prefetchMin = 1 << 14

// matchPipes sets match to the pipes that subscribe to a message with this
// first frame.
func (s *Pub) matchPipes(first []byte) {
	s.match = s.subs.Match(s.match[:0], first)
	if s.retired != nil && !s.opt.Invert {
		s.match = slices.DeleteFunc(s.match, func(p *pipe.Pipe) bool { return p.Retired })
	}
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

// selectPipes sets match to the pipes that a message with this first frame goes
// to.
func (s *Pub) selectPipes(first []byte) {
	s.matchPipes(first)
	if !s.opt.Manual || !s.opt.LastValue {
		return
	}
	last := s.lastReceived.Load()
	if _, there := s.pipes[last]; there {
		// If that peer has disconnected, all subscribers get the message.
		only := s.match[:0]
		for _, p := range s.match {
			if p == last {
				only = append(only, p)
			}
		}
		s.match = only
	}
}

// Send queues m to all matching pipes. It returns ErrWouldBlock only with Block.
func (s *Pub) Send(m msg.Msg) error {
	s.selectPipes(m.First)
	if s.opt.Block {
		for _, p := range s.match {
			if p.Out.Full() {
				return ErrWouldBlock
			}
		}
	}
	if s.opt.LastValue {
		s.lastReceived.Store(nil)
	}
	switch len(s.match) {
	case 0:
		return nil
	case 1:
		if p := s.match[0]; p.Out.Full() {
			p.Drop(s.drops, pipe.DropHWM, 1)
		} else {
			p.Out.Put(&m)
		}
		return nil
	}
	if m.EncodedSize() >= msg.LargeFrame {
		// All queues share large frames, so they must not be returned to a
		// pool.
		m.Bufs = nil
		for _, p := range s.match {
			if p.Out.Full() {
				p.Drop(s.drops, pipe.DropHWM, 1)
				continue
			}
			p.Out.PutShared(&m)
		}
		return nil
	}
	at := s.log.reserve(m.EncodedSize())
	s.log.b = m.AppendEncoded(s.log.b)
	for _, p := range s.match {
		if p.Out.Full() {
			p.Drop(s.drops, pipe.DropHWM, 1)
			continue
		}
		p.Out.PutCommon(s.log.b[at:], at == 0)
	}
	return nil
}

// SendFrame claims, at the first frame, the matching pipes that have room.
// Subscriptions and cancellations in the middle of a message take effect for
// the next message. See libzmq, xpub.cpp: xsend, and dist.cpp.
func (s *Pub) SendFrame(f *msg.Frame, _ bool) error {
	if !s.InMessage() {
		s.selectPipes(f.Body)
		if s.opt.Block && slices.ContainsFunc(s.match, func(p *pipe.Pipe) bool { return p.Out.Full() }) {
			return ErrWouldBlock
		}
		if s.opt.LastValue {
			s.lastReceived.Store(nil)
		}
		s.claim(s.dropFull(s.match)...)
	}
	s.next(f)
	return nil
}

// Writable returns true, because messages are dropped for subscribers whose
// queue is full. It does so with Block too, as in libzmq.
func (s *Pub) Writable() bool { return true }

// Subscribers returns the number of peers that would get a message with this
// first frame. It ignores LastValue. It runs under the send lock.
func (s *Pub) Subscribers(topic []byte) (n int) {
	s.matchPipes(topic)
	for _, p := range s.match {
		if !p.Changing {
			n++
		}
	}
	return n
}

// TopicCount returns the number of distinct topics. It runs under the send
// lock. [ZMQ_TOPICS_COUNT]
func (s *Pub) TopicCount() int { return s.subs.Len() }

// Subscriptions returns the number of topics of one peer.
func (s *Pub) Subscriptions(p *pipe.Pipe) int {
	n, _ := s.subs.Count(p)
	return n
}

// isSubscription reports whether a frame is a subscription or a cancellation.
func isSubscription(frame []byte) bool { return len(frame) > 0 && frame[0] <= 1 }

// IsSubscription reports whether a message consists of one subscription or
// cancellation, in the form in which peers send it and XPUB receives it.
func IsSubscription(m *msg.Msg) bool { return len(m.Rest) == 0 && isSubscription(m.First) }

// ProcessMessage applies the subscriptions and cancellations of a message:
// frames that begin with 1 or 0, whatever form they had on the wire. With
// OnlyFirst, it searches a message of several frames only if the first frame is
// one.
// https://rfc.zeromq.org/spec/29/#the-xpub-socket-type
func (s *Pub) ProcessMessage(p *pipe.Pipe, m *msg.Msg) (queued bool, err error) {
	switch {
	case IsSubscription(m):
		if queued = s.apply(p, m.First[0] == 1, m.First[1:]); queued {
			s.queue(p, m)
		}
		return queued, s.checkLimits(p)
	case len(m.Rest) > 0 && (isSubscription(m.First) || !s.opt.OnlyFirst):
		if err := s.takeSubscriptions(p, m); err != nil || m.First == nil {
			return false, err
		}
	}
	if !s.receives {
		p.Drop(s.drops, pipe.DropUpstream, 1)
		return false, nil
	}
	s.queue(p, m)
	return true, nil
}

// takeSubscriptions applies and removes the subscriptions of a message of
// several frames. If no frames remain, First is nil.
func (s *Pub) takeSubscriptions(p *pipe.Pipe, m *msg.Msg) error {
	var rest [][]byte
	for i := range m.Len() {
		f := m.Frame(i)
		if !isSubscription(f) {
			rest = append(rest, append([]byte{}, f...))
			continue
		}
		if s.apply(p, f[0] == 1, f[1:]) {
			s.queueChange(p, f[0], f[1:])
		}
		if err := s.checkLimits(p); err != nil {
			return err
		}
	}
	*m = msg.Of(rest...)
	return nil
}

func (s *Pub) checkLimits(p *pipe.Pipe) error {
	most, mostBytes := s.opt.MaxTopics, s.opt.MaxTopicBytes
	if most == 0 && mostBytes == 0 {
		return nil
	}
	subs := s.subs
	if s.opt.Manual {
		subs = s.requested
	}
	topics, bytes := subs.Count(p)
	if most > 0 && topics > most || mostBytes > 0 && bytes > mostBytes {
		return ErrTooManySubscriptions
	}
	return nil
}

// apply applies a subscription or cancellation, and reports whether XPUB
// receives it. XPUB receives the first subscription and the last cancellation
// of a topic, or those that XPubNotify selects.
//
// With XPubNotifyEveryChange, XPUB also receives a cancellation that removes nothing. A
// forwarder with ZMQ_XSUB_VERBOSE_UNSUBSCRIBE sends one for each of its
// subscribers, and an application that counts them needs as many cancellations
// as subscriptions.
//
// With Manual the subscription is recorded as requested and not applied. A pipe
// that is Retired has no subscriptions; its queue is only written to the end.
func (s *Pub) apply(p *pipe.Pipe, on bool, topic []byte) bool {
	switch {
	case p.Retired:
		return false
	case s.opt.Manual && on:
		s.requested.Add(topic, p)
		return s.receives
	case s.opt.Manual:
		s.requested.Remove(topic, p)
		return s.receives
	case on:
		_, first := s.subs.Add(topic, p)
		return s.receives && (first || s.opt.XPubNotify >= XPubNotifyEverySubscribe)
	}
	_, last := s.subs.Remove(topic, p)
	return s.receives && (last || s.opt.XPubNotify == XPubNotifyEveryChange)
}

// PipeOf returns the pipe of a connected peer, or nil. It runs under the send
// lock.
func (s *Pub) PipeOf(peer *msg.Peer) *pipe.Pipe { return s.peers[peer] }

// Assign changes a subscription of p for the application of an XPUB with
// Manual. If p is nil, it changes the peer whose subscription Recv returned
// last. XPUB does not receive the change. Assign runs under the send lock.
// [ZMQ_SUBSCRIBE and ZMQ_UNSUBSCRIBE with ZMQ_XPUB_MANUAL]
func (s *Pub) Assign(p *pipe.Pipe, on bool, topic []byte) {
	if p == nil {
		p = s.lastReceived.Load()
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

// SetSubscription adds or removes a subscription of a peer in this process.
func (s *Pub) SetSubscription(p *pipe.Pipe, topic string, on bool) (queued bool) {
	if !s.apply(p, on, []byte(topic)) {
		return false
	}
	first := byte(0)
	if on {
		first = 1
	}
	s.queue(p, &msg.Msg{First: append([]byte{first}, topic...)})
	return true
}

// queueChange queues a subscription or cancellation for XPUB. The HWM does not
// apply: the reader of the connection waits for room before it reads more.
func (s *Pub) queueChange(p *pipe.Pipe, first byte, topic []byte) {
	if !s.receives || p.In == nil {
		return
	}
	s.enqueueOrdered(p, &msg.Msg{First: append([]byte{first}, topic...)})
}

// queue queues a message for Recv. It runs under the send lock, so that XPUB
// receives the changes of all peers in the order in which they were applied. After
// Close only messages of the application count as dropped.
func (s *Pub) queue(p *pipe.Pipe, m *msg.Msg) {
	if !s.enqueueOrdered(p, m) && !IsSubscription(m) {
		p.Drop(s.drops, pipe.DropUnread, 1)
	}
}

// enqueueOrdered queues a message and appends it to the order, in one step for
// Recv. It reports false if the queue is closed.
func (s *Pub) enqueueOrdered(p *pipe.Pipe, m *msg.Msg) bool {
	s.order.Lock()
	defer s.order.Unlock()
	p.In.Lock()
	defer p.In.Unlock()
	if p.In.ReadClosed() {
		return false
	}
	s.order.Push(pipe.OrderEntry{Pipe: p, Change: IsSubscription(m)})
	p.In.PutShared(m)
	p.In.Generated()
	return true
}

func (s *Pub) Wake(p *pipe.Pipe) { s.fq.wake(p) }

// Recv takes the next message in the order of arrival, or if there is none, the
// next message that peers in this process have sent.
func (s *Pub) Recv(m *msg.Msg) error {
	s.order.Lock()
	defer s.order.Unlock()
	p := s.takeMessage(m)
	if p == nil {
		return ErrWouldBlock
	}
	if s.opt.Manual && IsSubscription(m) {
		s.lastReceived.Store(p)
	}
	return nil
}

// takeMessage takes the next message and returns its pipe, or nil. The caller
// holds the lock of the order.
func (s *Pub) takeMessage(m *msg.Msg) *pipe.Pipe {
	for d, ok := s.order.First(); ok; d, ok = s.order.First() {
		if !d.Pipe.In.Next(m) {
			s.order.Pop() // a newer message has replaced it, or Close has emptied the queue
			continue
		}
		if !d.Change || IsSubscription(m) {
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

// Readable returns nil if Recv would return a message. The fair queue contains
// all pipes with messages, in any order.
func (s *Pub) Readable() error {
	if !s.fq.HasNext() {
		return ErrWouldBlock
	}
	return nil
}
