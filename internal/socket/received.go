package socket

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Received queues the messages that a connection has received. After Close has
// begun it only counts them and returns session.ErrClosed: it applies no rule of
// the pattern and takes no lock, so that a peer that continues to send does not
// delay Close.
func (h host) Received(p *pipe.Pipe, b *msg.Batch) error {
	s := h.s
	if s.isClosed() {
		cur := b.Cursor()
		h.discard(&cur, b.Msgs)
		b.Recycle()
		return ErrClosed
	}
	if s.pub != nil || s.inspect != nil && !s.allowed(b) {
		return h.processEach(p, b)
	}
	if s.requester != nil {
		h.processReplies(p, b)
		return nil
	}
	p.Drop(&s.drops, s.unreadReason(), p.Enqueue(b))
	return nil
}

// Datagram queues a datagram, unless it is not wanted or there is no capacity. An
// unwanted one is dropped before it is queued, so that it takes no capacity from
// others.
func (h host) Datagram(p *pipe.Pipe, m *msg.Msg) {
	s := h.s
	if s.isClosed() {
		p.Drop(&s.drops, pipe.DropUnread, 1)
		return
	}
	if s.filter != nil {
		s.sendMu.Lock()
		wanted := s.filter.Wants(m)
		s.sendMu.Unlock()
		if !wanted {
			p.Drop(&s.drops, pipe.DropFiltered, 1)
			return
		}
	}
	p.In.Lock()
	defer p.In.Unlock()
	switch {
	case p.In.ReadClosed():
		p.Drop(&s.drops, pipe.DropUnread, 1)
	case p.In.Full():
		p.Drop(&s.drops, pipe.DropHWM, 1)
	case m.Size() >= msg.LargeFrame:
		p.In.PutShared(m) // it copies large frames too
	default:
		p.In.Put(m)
	}
}

// unreadReason returns why a message is dropped that was received from a peer and
// that no call will return.
func (r *rules) unreadReason() pipe.Drop {
	if r.receiver == nil {
		return pipe.DropUpstream
	}
	return pipe.DropUnread
}

// discard counts the n messages at cur as dropped, because Close has begun.
func (h host) discard(cur *msg.Cursor, n int) {
	s := h.s
	if s.pub != nil && n > 0 {
		m, _ := cur.Message()
		n = s.countMessages(&m, cur, n)
	}
	s.drops.Add(s.unreadReason(), n)
}

// countMessages returns how many of n messages, m and those at cur, are for the
// application. If the peers of the type subscribe, subscriptions are not.
func (r *rules) countMessages(m *msg.Msg, cur *msg.Cursor, n int) (count int) {
	if r.pub == nil {
		return n
	}
	for left := n - 1; ; left-- {
		if !pattern.IsSubscription(m) {
			count++
		}
		if left == 0 {
			return count
		}
		*m, _ = cur.Message()
	}
}

// allowed reports whether the pattern takes all messages of a batch.
func (r *rules) allowed(b *msg.Batch) bool {
	cur := b.Cursor()
	var m msg.Msg
	for range b.Msgs {
		if cur.View(&m); r.inspect.Inspect(&m) != nil {
			return false
		}
	}
	return true
}

// processEach implements Received for messages that the pattern processes one
// by one: subscriptions, and batches with a message that the pattern refuses.
func (h host) processEach(p *pipe.Pipe, b *msg.Batch) error {
	s := h.s
	defer b.Recycle()
	if s.pub != nil {
		defer s.peers.changed()
	}
	cur := b.Cursor()
	for n := 0; n < b.Msgs; {
		if s.isClosed() {
			h.discard(&cur, b.Msgs-n)
			return ErrClosed
		}
		var m msg.Msg
		var done int
		var err error
		if s.pub != nil {
			m, done, err = h.applyChanges(p, &cur, b.Msgs-n)
		} else {
			m, done, err = h.inspectNext(p, &cur)
		}
		if n += done; err != nil {
			// The connection is closed for it. The messages after it are dropped.
			p.Drop(&s.drops, pipe.DropMalformed, s.countMessages(&m, &cur, b.Msgs-n))
			return err
		}
	}
	return nil
}

// applyChanges has a publisher process at most left messages at cur, as many as
// one turn may. It returns their number. With an error, m is the message after
// them.
func (h host) applyChanges(p *pipe.Pipe, cur *msg.Cursor, left int) (m msg.Msg, n int, err error) {
	s := h.s
	notify := false
	s.turn(func() int {
		p.Changing = true
		for ; n < min(left, changesAtOnce); n++ {
			var queued bool
			m, _ = cur.Message()
			queued, err = s.pub.ProcessMessage(p, &m)
			notify = notify || queued
			if err != nil {
				break
			}
		}
		if n == left || err != nil {
			p.Changing = false
		}
		s.lines.wakeAll() // a peer without room may no longer subscribe to the message
		return n
	})
	if notify {
		s.inbox.notify()
	}
	return m, n, err
}

// inspectNext queues the message at cur if the pattern allows it. Its results are
// those of applyChanges.
func (h host) inspectNext(p *pipe.Pipe, cur *msg.Cursor) (m msg.Msg, n int, err error) {
	s := h.s
	m, _ = cur.Message()
	if err := s.inspect.Inspect(&m); err != nil {
		return m, 0, err
	}
	if s.requester != nil {
		s.peerMu.Lock()
		s.recvMu.Lock()
		defer h.unlockReplies()
		if !s.requester.Admit(p, &m) {
			p.Drop(&s.drops, pipe.DropStaleReply, 1)
			return m, 1, nil
		}
	}
	h.enqueue(p, &m)
	return m, 1, nil
}

// repliesAtOnce is how many replies a connection looks at while it holds recvMu.
const repliesAtOnce = 1024

// processReplies implements Received for messages in the form of a reply, if the
// socket type matches replies to requests. It drops replies that no call waits
// for before they are queued. If no call is blocked in Recv, it also passes the
// other replies to their calls.
func (h host) processReplies(p *pipe.Pipe, b *msg.Batch) {
	s := h.s
	defer b.Recycle()
	look, take := b.Cursor(), b.Cursor()
	for left := b.Msgs; left > 0; {
		n := min(left, repliesAtOnce)
		s.peerMu.Lock()
		s.recvMu.Lock()
		if s.isClosed() {
			h.unlockReplies()
			s.drops.Add(pipe.DropUnread, left)
			return
		}
		left -= n
		s.wanted = s.wanted[:0]
		count := 0
		for range n {
			look.View(&s.view)
			wanted := s.requester.Admit(p, &s.view)
			s.wanted = append(s.wanted, wanted)
			if wanted {
				count++
			}
		}
		p.Drop(&s.drops, pipe.DropStaleReply, n-count)
		if count == b.Msgs {
			p.Drop(&s.drops, pipe.DropUnread, p.Enqueue(b)) // without a copy
		} else {
			h.enqueueWanted(p, &take)
		}
		s.view = msg.Msg{Rest: s.view.Rest[:0]}
		clear(s.view.Rest[:cap(s.view.Rest)])
		if s.inbox.waiting.Load() == 0 {
			s.processInput()
		}
		h.unlockReplies()
	}
}

func (h host) unlockReplies() {
	// In this order, so that of the two goroutines that this may wake the call that
	// waits for recvMu runs first.
	h.s.peerMu.Unlock()
	h.s.recvMu.Unlock()
}

// enqueueWanted queues those of the messages at cur that are in s.wanted. The
// caller holds recvMu.
func (h host) enqueueWanted(p *pipe.Pipe, cur *msg.Cursor) {
	for _, wanted := range h.s.wanted {
		if !wanted {
			cur.View(&h.s.view)
			continue
		}
		m, _ := cur.Message()
		h.enqueue(p, &m)
	}
}

// enqueue puts one message in p.In, whatever its limits.
func (h host) enqueue(p *pipe.Pipe, m *msg.Msg) {
	p.In.Lock()
	defer p.In.Unlock()
	if p.In.ReadClosed() {
		p.Drop(&h.s.drops, pipe.DropUnread, 1)
		return
	}
	p.In.PutShared(m)
}
