package pattern

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// MaxGroup is the longest name of a group.
// https://rfc.zeromq.org/spec/48/
const MaxGroup = 255

// CheckGroup returns an error that matches [ErrInvalidGroup] unless the text may name a
// group.
func CheckGroup(group string) error {
	switch {
	case len(group) > MaxGroup:
		return fmt.Errorf("%w: its name has %d bytes, of at most %d", ErrInvalidGroup, len(group), MaxGroup)
	case strings.IndexByte(group, 0) >= 0:
		return fmt.Errorf("%w: its name has a NUL", ErrInvalidGroup)
	}
	return nil
}

// Radio is RADIO: it sends a message of two frames, a group and a body, to the
// peers that have joined that very group, and drops it for those whose queue is
// full. https://rfc.zeromq.org/spec/48/
// Rules: CONFORMANCE.md 3.0.RADIO, 3.7.7 and 3.7.9.
type Radio struct {
	base
	undivided
	opt    *Options
	groups map[string]map[*pipe.Pipe]struct{}
	joined map[*pipe.Pipe]*membership
	air    []*pipe.Pipe // whose far ends get all groups, and choose for themselves
	drops  *pipe.Drops
	log    commonLog
}

// membership is what one peer has joined.
type membership struct {
	groups map[string]struct{}
	bytes  int
}

// NewRadio returns a RADIO without peers.
func NewRadio(o *Options, d *pipe.Drops) *Radio {
	return &Radio{
		opt: o, drops: d,
		groups: make(map[string]map[*pipe.Pipe]struct{}), joined: make(map[*pipe.Pipe]*membership),
	}
}

// Attach notes a far end that cannot join. Others get messages when they do.
func (s *Radio) Attach(p *pipe.Pipe) error {
	if p.TakesAll {
		s.air = append(s.air, p)
	}
	return nil
}

// Forget has the peer leave some of its groups.
func (s *Radio) Forget(p *pipe.Pipe) (more bool) {
	j := s.joined[p]
	if j == nil {
		return false
	}
	n := 0
	for group := range j.groups {
		s.leave(p, group)
		if n++; n == forgetAtOnce {
			break
		}
	}
	return s.joined[p] != nil
}

// Disconnected has the peer leave all groups.
func (s *Radio) Disconnected(p *pipe.Pipe) {
	for s.Forget(p) {
	}
}

// Detach has the peer leave all groups.
func (s *Radio) Detach(p *pipe.Pipe) {
	s.Disconnected(p)
	s.air = slices.DeleteFunc(s.air, func(q *pipe.Pipe) bool { return p == q })
}

// Room does nothing: fullness is looked at for every message.
func (s *Radio) Room(*pipe.Pipe) {}

// Send is SendGroup for a message whose first frame is the group.
func (s *Radio) Send(m msg.Msg) error {
	if len(m.Rest) != 1 {
		return ErrInvalidMessage
	}
	return s.SendGroup(string(m.First), m.DropFirst())
}

// SendGroup distributes a message of one frame to a group. It waits for nobody,
// unless NoDrop is set.
func (s *Radio) SendGroup(group string, m msg.Msg) error {
	if len(m.Rest) > 0 {
		return errOneFrame
	}
	if err := CheckGroup(group); err != nil {
		return err
	}
	members := s.groups[group]
	size := len(group) + len(m.First)
	if s.opt.NoDrop && s.anyFull(members, size) {
		return ErrWouldBlock
	}
	n := len(members) + len(s.air)
	if n == 0 {
		return nil
	}
	c := cast{size: size}
	if len(m.First) >= msg.LargeFrame {
		c.m = &msg.Msg{First: []byte(group), Rest: [][]byte{m.First}, Bufs: m.Bufs}
		if c.shared = n > 1; c.shared {
			c.m.Bufs = nil // shared by all queues, so nobody may reuse it
		}
	} else {
		at := s.log.reserve(msg.HeaderSize(len(group)) + msg.HeaderSize(len(m.First)) + size)
		s.log.b = append(msg.AppendHeader(s.log.b, len(group), true), group...)
		s.log.b = msg.AppendFrame(s.log.b, m.First, false)
		c.rest, c.first = s.log.b[at:], at == 0
	}
	for p := range members {
		s.put(p, &c)
	}
	for _, p := range s.air {
		s.put(p, &c)
	}
	return nil
}

// cast is a message that is being put in queues: rest, or m if that is nil.
type cast struct {
	rest   []byte // in the log
	first  bool   // of a piece of it
	m      *msg.Msg
	shared bool // m goes to more than one
	size   int
}

// anyFull reports whether anybody who would get a message of that size has no
// room for it.
func (s *Radio) anyFull(members map[*pipe.Pipe]struct{}, size int) bool {
	for p := range members {
		if p.Out.Full() {
			return true
		}
	}
	for _, p := range s.air {
		if fits(p, size) && p.Out.Full() {
			return true
		}
	}
	return false
}

// fits reports whether a pipe leads to where messages of that size can go.
func fits(p *pipe.Pipe, size int) bool { return p.MaxSize == 0 || size <= p.MaxSize }

// put queues the message to one pipe.
func (s *Radio) put(p *pipe.Pipe, c *cast) {
	switch {
	case !fits(p, c.size):
		s.drops.Add(pipe.DropTooLarge, 1)
	case p.Out.Full():
		s.drops.Add(pipe.DropHWM, 1)
	case c.rest != nil:
		p.Out.PutCommon(c.rest, c.first)
	case c.shared:
		p.Out.PutShared(c.m)
	default:
		p.Out.Put(c.m)
	}
}

// SendFrame is SendGroup of the frame to its Group. A message of several frames
// is refused at the first.
func (s *Radio) SendFrame(f *msg.Frame, _ bool) error {
	m, err := whole(f)
	if err != nil {
		return err
	}
	return s.SendGroup(f.Group, m)
}

// Writable is true: who has no room misses the message. It is with NoDrop too,
// as in libzmq.
func (s *Radio) Writable() bool { return true }

// Subscribers is the number of peers that have joined a group, and of those that
// get all. It runs under the send lock.
func (s *Radio) Subscribers(group []byte) int {
	n := len(s.air)
	for p := range s.groups[string(group)] {
		if !p.Changing {
			n++
		}
	}
	return n
}

// Intake takes in that peers join and leave. Nothing else may come from them.
func (s *Radio) Intake(p *pipe.Pipe, m *msg.Msg) (queue bool, err error) {
	if len(m.Rest) > 0 || !isChange(m.First) || len(m.First) > 1+MaxGroup {
		s.drops.Add(pipe.DropUpstream, 1)
		return false, nil
	}
	s.Upstream(p, string(m.First[1:]), m.First[0] == 1)
	if j := s.joined[p]; j != nil {
		most, mostBytes := s.opt.MaxTopics, s.opt.MaxTopicBytes
		if most > 0 && len(j.groups) > most || mostBytes > 0 && j.bytes > mostBytes {
			return false, ErrTooManySubscriptions
		}
	}
	return false, nil
}

// Queue is never called.
func (s *Radio) Queue(*pipe.Pipe, *msg.Msg) {}

// Upstream is Intake for a peer in this process. One that was taken away joins
// nothing while it gets what is queued for it.
func (s *Radio) Upstream(p *pipe.Pipe, group string, on bool) (queue bool) {
	if p.Retired {
		return false
	}
	if !on {
		s.leave(p, group)
		return false
	}
	j := s.joined[p]
	if j == nil {
		j = &membership{groups: make(map[string]struct{})}
		s.joined[p] = j
	}
	if _, already := j.groups[group]; already {
		return false
	}
	j.groups[group] = struct{}{}
	j.bytes += len(group)
	members := s.groups[group]
	if members == nil {
		members = make(map[*pipe.Pipe]struct{})
		s.groups[group] = members
	}
	members[p] = struct{}{}
	return false
}

func (s *Radio) leave(p *pipe.Pipe, group string) {
	j := s.joined[p]
	if j == nil {
		return
	}
	if _, member := j.groups[group]; !member {
		return
	}
	delete(j.groups, group)
	j.bytes -= len(group)
	if len(j.groups) == 0 {
		delete(s.joined, p)
	}
	delete(s.groups[group], p)
	if len(s.groups[group]) == 0 {
		delete(s.groups, group)
	}
}

// Dish is DISH: it receives the messages of the groups it has joined, as two
// frames, the group and the body. https://rfc.zeromq.org/spec/48/
// Rules: CONFORMANCE.md 3.0.DISH, 3.7.8 and 3.7.9.
type Dish struct {
	base
	joined map[string]bool // written under both locks
	pipes  map[*pipe.Pipe]struct{}
	fq     FairQueue
	drops  *pipe.Drops
}

// NewDish returns a DISH that has joined nothing.
func NewDish(d *pipe.Drops) *Dish {
	return &Dish{joined: make(map[string]bool), pipes: make(map[*pipe.Pipe]struct{}), drops: d}
}

func (s *Dish) Attach(p *pipe.Pipe) error { s.pipes[p] = struct{}{}; return nil }
func (s *Dish) Detach(p *pipe.Pipe)       { delete(s.pipes, p) }
func (s *Dish) Ready(p *pipe.Pipe)        { s.fq.ready(p) }
func (s *Dish) More() bool                { return s.fq.more() }

// Recv takes the next message of a group that is joined.
func (s *Dish) Recv(m *msg.Msg) error {
	for n := 0; n < maxDiscard; n += m.Len() {
		if err := s.fq.recv(m); err != nil || len(m.Rest) == 1 && s.joined[string(m.First)] {
			return err
		}
		s.drops.Add(pipe.DropFiltered, 1)
	}
	return ErrYield
}

// Wants reports whether a message is of a group that is joined, for those that
// come from a RADIO that does not know. Recv asks again, for groups that are
// left in between.
func (s *Dish) Wants(m *msg.Msg) bool { return s.joined[string(m.First)] }

// Readable returns nil if there is a message of a group that is joined.
func (s *Dish) Readable() error {
	return s.fq.holds(func(c *msg.Cursor) bool {
		group, _, _ := c.Next()
		_, flags, ok := c.Next()
		return ok && flags&msg.FlagMore == 0 && s.joined[string(group)]
	}, s.drops, pipe.DropFiltered)
}

// Writable is true although nothing can be sent, as in libzmq, where it stands
// for joining a group.
func (s *Dish) Writable() bool { return true }

// Inspect refuses what no RADIO sends.
func (s *Dish) Inspect(m *msg.Msg) error {
	if len(m.Rest) == 1 && len(m.First) <= MaxGroup {
		return nil
	}
	return ErrInvalidMessage
}

// Subscribe joins a group or leaves it. It reports whether that changes
// anything.
func (s *Dish) Subscribe(group string, on bool) (changed bool) {
	if s.joined[group] == on {
		return false
	}
	if on {
		s.joined[group] = true
	} else {
		delete(s.joined, group)
	}
	return true
}

// Filter does nothing: Subscribe runs under both locks.
func (s *Dish) Filter(string, bool) {}

// Topics calls f for each group.
func (s *Dish) Topics(f func(group string)) {
	for group := range s.joined {
		f(group)
	}
}

// Pipes calls f for every RADIO.
func (s *Dish) Pipes(f func(p *pipe.Pipe)) {
	for p := range s.pipes {
		f(p)
	}
}

// TopicCount is the number of groups joined.
func (s *Dish) TopicCount() int { return len(s.joined) }
