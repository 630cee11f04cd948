package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/topics"
)

// Sub implements SUB: it receives the messages that it has subscribed to. The
// subscriptions belong to the socket: every publisher receives all of them.
// https://rfc.zeromq.org/spec/29/#the-sub-socket-type
// Rules in docs/CONFORMANCE.md: sub, sub-*.
type Sub struct {
	base
	opt *Options
	subscriptions
	filter topics.Index // the same topics, with a nil pipe; guarded by the receive lock
	fq     FairQueue
	drops  *pipe.Drops
}

// NewSub returns a SUB without subscriptions.
func NewSub(o *Options, d *pipe.Drops) *Sub {
	return &Sub{opt: o, subscriptions: newSubscriptions(), drops: d}
}

// Subscribe also changes the filter.
func (s *Sub) Subscribe(topic string, on bool) (changed bool) {
	if changed = s.subscriptions.Subscribe(topic, on); !changed {
		return false
	}
	if on {
		s.filter.Add([]byte(topic), nil)
	} else {
		s.filter.Remove([]byte(topic), nil)
	}
	return true
}

// Wants reports whether the socket subscribes to m.
func (s *Sub) Wants(m *msg.Msg) bool { return s.wants(m.First) }

// wants reports whether Recv returns messages with this first frame.
func (s *Sub) wants(first []byte) bool { return s.filter.Matches(first) != s.opt.Invert }

func (s *Sub) Attach(p *pipe.Pipe) error { s.attach(p); return nil }
func (s *Sub) Detach(p *pipe.Pipe)       { s.detach(p) }
func (s *Sub) Wake(p *pipe.Pipe)         { s.fq.wake(p) }
func (s *Sub) More() bool                { return s.fq.more() }

// Recv returns the next message that is subscribed to. Publishers filter too,
// but a change of the subscriptions reaches them late, and old versions do not
// filter.
func (s *Sub) Recv(m *msg.Msg) error {
	for n := 0; n < maxDiscard; n += m.Len() {
		p := s.fq.Next(m)
		switch {
		case p == nil:
			return ErrWouldBlock
		case s.wants(m.First):
			return nil
		}
		p.Drop(s.drops, pipe.DropFiltered, 1)
	}
	return ErrYield
}

// Readable returns nil if there is a message that is subscribed to.
func (s *Sub) Readable() error {
	return s.fq.peekWanted(func(c *msg.Cursor) bool {
		first, _, _ := c.Next()
		return s.wants(first)
	}, s.drops, pipe.DropFiltered)
}
