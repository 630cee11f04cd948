package socket

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Intake is for sessions: it queues what came out of a connection. After Close
// has begun it only counts the messages and returns session.ErrClosed: no rule of
// the pattern is applied to them, and no lock is taken. So a peer that goes on
// sending does not delay Close.
func (s *Socket) Intake(p *pipe.Pipe, b *msg.Batch) error {
	if s.closed.Load() {
		cur := b.Cursor()
		s.discard(&cur, b.Msgs)
		b.Recycle()
		return ErrClosed
	}
	if s.pub != nil || s.inspect != nil && !s.allowed(b) {
		return s.intakeEach(p, b)
	}
	if s.req != nil {
		s.intakeReplies(p, b)
		return nil
	}
	s.drops.Add(s.unreadReason(), p.Enqueue(b))
	return nil
}

// unreadReason is why a message is dropped that was received from a peer and that
// no call will return.
func (s *Socket) unreadReason() pipe.Drop {
	if !s.info.Receives {
		return pipe.DropUpstream
	}
	return pipe.DropUnread
}

// discard counts the n messages at cur, received after Close has begun.
// Subscriptions are no messages.
func (s *Socket) discard(cur *msg.Cursor, n int) {
	if s.pub != nil && n > 0 {
		m, _ := cur.Message()
		n = s.messages(&m, cur, n)
	}
	s.drops.Add(s.unreadReason(), n)
}

// intakeEach is Intake for messages that the pattern looks at one by one.
func (s *Socket) intakeEach(p *pipe.Pipe, b *msg.Batch) error {
	defer b.Recycle()
	if s.pub != nil {
		defer s.peers.changed()
	}
	cur := b.Cursor()
	for n := 0; n < b.Msgs; {
		if s.closed.Load() {
			s.discard(&cur, b.Msgs-n)
			return ErrClosed
		}
		m, done, err := s.intakeSome(p, &cur, b.Msgs-n)
		if n += done; err != nil {
			// The connection is closed for it; what came with it goes too.
			s.drops.Add(pipe.DropMalformed, s.messages(&m, &cur, b.Msgs-n))
			return err
		}
	}
	return nil
}

// messages is how many of n are messages to the application, m and those at cur:
// if its peers subscribe, subscriptions are none.
func (s *Socket) messages(m *msg.Msg, cur *msg.Cursor, n int) (count int) {
	if s.pub == nil {
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
func (s *Socket) allowed(b *msg.Batch) bool {
	cur := b.Cursor()
	var m msg.Msg
	for range b.Msgs {
		if cur.View(&m); s.inspect.Inspect(&m) != nil {
			return false
		}
	}
	return true
}

// repliesAtOnce is how many replies a connection of a REQ looks at while it has
// the receive lock.
const repliesAtOnce = 1024

// intakeReplies is Intake of a REQ, for messages that have the form of a reply.
// It drops those that no call waits for before they are queued, and hands out
// the others if no call is there to do it.
func (s *Socket) intakeReplies(p *pipe.Pipe, b *msg.Batch) {
	defer b.Recycle()
	look, take := b.Cursor(), b.Cursor()
	for left := b.Msgs; left > 0; {
		n := min(left, repliesAtOnce)
		s.repliesMu.Lock()
		s.recvMu.Lock()
		if s.closed.Load() {
			s.unlockReplies()
			s.drops.Add(pipe.DropUnread, left)
			return
		}
		left -= n
		s.wanted = s.wanted[:0]
		count := 0
		for range n {
			look.View(&s.view)
			wanted := s.req.Admit(p, &s.view)
			s.wanted = append(s.wanted, wanted)
			if wanted {
				count++
			}
		}
		s.drops.Add(pipe.DropStaleReply, n-count)
		if count == b.Msgs {
			s.drops.Add(pipe.DropUnread, p.Enqueue(b)) // without a copy
		} else {
			s.enqueueWanted(p, &take)
		}
		s.view = msg.Msg{Rest: s.view.Rest[:0]}
		clear(s.view.Rest[:cap(s.view.Rest)])
		if s.inbox.waiting.Load() == 0 {
			s.see()
		}
		s.unlockReplies()
	}
}

func (s *Socket) unlockReplies() {
	// In this order, so that of the two goroutines that this may wake the call that
	// waits for recvMu runs first.
	s.repliesMu.Unlock()
	s.recvMu.Unlock()
}

// enqueueWanted queues those of the messages at cur that are in s.wanted. The
// caller holds recvMu.
func (s *Socket) enqueueWanted(p *pipe.Pipe, cur *msg.Cursor) {
	for _, wanted := range s.wanted {
		if !wanted {
			cur.View(&s.view)
			continue
		}
		m, _ := cur.Message()
		s.enqueue(p, &m)
	}
}

// intakeSome takes in some of the messages at cur, of which there are left. It
// returns how many; after an error m is the one that came after them.
func (s *Socket) intakeSome(p *pipe.Pipe, cur *msg.Cursor, left int) (m msg.Msg, n int, err error) {
	if s.pub == nil {
		m, _ = cur.Message()
		if err := s.intakeOne(p, &m); err != nil {
			return m, 0, err
		}
		return m, 1, nil
	}
	told := false
	s.turn(func() int {
		p.Changing = true
		for ; n < min(left, changesAtOnce); n++ {
			var queued bool
			m, _ = cur.Message()
			queued, err = s.pub.Intake(p, &m)
			told = told || queued
			if err != nil {
				break
			}
		}
		if n == left || err != nil {
			p.Changing = false
		}
		s.wakeSenders() // who has no room may want the message no more
		return n
	})
	if told {
		s.inbox.notify()
	}
	return m, n, err
}

// intakeOne is intakeSome of a pattern that inspects messages.
func (s *Socket) intakeOne(p *pipe.Pipe, m *msg.Msg) error {
	if err := s.inspect.Inspect(m); err != nil {
		return err
	}
	if s.req != nil {
		s.repliesMu.Lock()
		s.recvMu.Lock()
		defer s.unlockReplies()
		if !s.req.Admit(p, m) {
			s.drops.Add(pipe.DropStaleReply, 1)
			return nil
		}
	}
	s.enqueue(p, m)
	return nil
}
