package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Dish implements DISH: it receives the messages of the groups that it has
// joined. A message has two frames, the group and the body.
// https://rfc.zeromq.org/spec/48/
// Rules in docs/CONFORMANCE.md: dish, dish-*, udp-types.
type Dish struct {
	base
	joined map[string]string // each group by itself; written under both locks
	pipes  map[*pipe.Pipe]struct{}
	fq     FairQueue
	drops  *pipe.Drops
}

// NewDish returns a DISH that has joined no groups.
func NewDish(d *pipe.Drops) *Dish {
	return &Dish{joined: make(map[string]string), pipes: make(map[*pipe.Pipe]struct{}), drops: d}
}

func (s *Dish) Attach(p *pipe.Pipe) error { s.pipes[p] = struct{}{}; return nil }
func (s *Dish) Detach(p *pipe.Pipe)       { delete(s.pipes, p) }
func (s *Dish) Wake(p *pipe.Pipe)         { s.fq.wake(p) }
func (s *Dish) More() bool                { return s.fq.more() }

// Recv returns the next message of a group that is joined.
func (s *Dish) Recv(m *msg.Msg) error {
	for n := 0; n < maxDiscard; n += m.Len() {
		p := s.fq.Next(m)
		switch {
		case p == nil:
			return ErrWouldBlock
		case len(m.Rest) == 1 && s.Wants(m):
			return nil
		}
		p.Drop(s.drops, pipe.DropFiltered, 1)
	}
	return ErrYield
}

// Wants reports whether the group of a message is joined. It filters datagrams
// before they are queued, because their sender does not know the groups. Recv
// filters again, because the groups may have changed.
func (s *Dish) Wants(m *msg.Msg) bool { return s.isJoined(m.First) }

func (s *Dish) isJoined(group []byte) bool {
	_, joined := s.joined[string(group)]
	return joined
}

// Group returns the group of a message, if it is joined without an allocation.
func (s *Dish) Group(m *msg.Msg) string {
	if group, joined := s.joined[string(m.First)]; joined {
		return group
	}
	return string(m.First)
}

// Readable returns nil if there is a message of a group that is joined.
func (s *Dish) Readable() error {
	return s.fq.peekWanted(func(c *msg.Cursor) bool {
		group, _, _ := c.Next()
		_, flags, ok := c.Next()
		return ok && flags&msg.FlagMore == 0 && s.isJoined(group)
	}, s.drops, pipe.DropFiltered)
}

// Writable returns true although DISH sends nothing, as in libzmq: a group can
// be joined at any time.
func (s *Dish) Writable() bool { return true }

// Inspect returns an error for a message that no RADIO sends.
func (s *Dish) Inspect(m *msg.Msg) error {
	if len(m.Rest) == 1 && len(m.First) <= MaxGroup {
		return nil
	}
	return ErrInvalidMessage
}

// Subscribe joins or leaves a group. It reports whether the group was not
// joined, or was joined, before.
func (s *Dish) Subscribe(group string, on bool) (changed bool) {
	if _, joined := s.joined[group]; joined == on {
		return false
	}
	if on {
		s.joined[group] = group
	} else {
		delete(s.joined, group)
	}
	return true
}

// Topics calls f for each group.
func (s *Dish) Topics(f func(group string)) {
	for group := range s.joined {
		f(group)
	}
}

// Pipes calls f for each pipe.
func (s *Dish) Pipes(f func(p *pipe.Pipe)) {
	for p := range s.pipes {
		f(p)
	}
}

// TopicCount returns the number of groups joined.
func (s *Dish) TopicCount() int { return len(s.joined) }
