package socket

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

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
		left -= n
		s.recvMu.Lock()
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
		s.recvMu.Unlock()
	}
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
	if s.intake == nil {
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
			var queue bool
			m, _ = cur.Message()
			queue, err = s.intake.Intake(p, &m)
			if queue {
				s.intake.Queue(p, &m)
				told = true
			}
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
		s.recvMu.Lock()
		defer s.recvMu.Unlock()
		if !s.req.Admit(p, m) {
			s.drops.Add(pipe.DropStaleReply, 1)
			return nil
		}
	}
	s.enqueue(p, m)
	return nil
}
