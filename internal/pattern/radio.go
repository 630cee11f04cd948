package pattern

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// MaxGroup is the maximum length of the name of a group.
// https://rfc.zeromq.org/spec/48/
const MaxGroup = 255

// CheckGroup returns an error that matches [ErrInvalidGroup] if group is not a
// valid name.
func CheckGroup(group string) error {
	switch {
	case len(group) > MaxGroup:
		return fmt.Errorf("%w: its name has %d bytes, of at most %d", ErrInvalidGroup, len(group), MaxGroup)
	case strings.IndexByte(group, 0) >= 0:
		return fmt.Errorf("%w: its name has a NUL", ErrInvalidGroup)
	}
	return nil
}

// Radio implements RADIO: it sends messages of two frames, a group and a body.
// A message goes to the peers that have joined exactly that group, and is
// dropped for those whose queue is full.
// https://rfc.zeromq.org/spec/48/
// Rules in docs/CONFORMANCE.md: radio, radio-*, udp-types.
type Radio struct {
	base
	singleFrameSender
	opt        *Options
	groups     map[string]map[*pipe.Pipe]struct{}
	joined     map[*pipe.Pipe]*membership
	unfiltered []*pipe.Pipe // pipes that get the messages of all groups, because the receiver filters
	drops      *pipe.Drops
	log        commonLog
}

// membership holds the groups that one peer has joined.
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

// Attach adds a pipe. If it is for datagrams, it gets the messages of all
// groups.
func (s *Radio) Attach(p *pipe.Pipe) error {
	if p.TakesAll {
		s.unfiltered = append(s.unfiltered, p)
	}
	return nil
}

// RemoveSubscriptions removes a peer from some of its groups.
func (s *Radio) RemoveSubscriptions(p *pipe.Pipe) (more bool) {
	j := s.joined[p]
	if j == nil {
		return false
	}
	n := 0
	for group := range j.groups {
		s.leaveGroup(p, group)
		if n++; n == removeBatch {
			break
		}
	}
	return s.joined[p] != nil
}

// Disconnected removes the peer from all groups.
func (s *Radio) Disconnected(p *pipe.Pipe) {
	for s.RemoveSubscriptions(p) {
	}
}

// Detach removes the pipe.
func (s *Radio) Detach(p *pipe.Pipe) {
	s.Disconnected(p)
	s.unfiltered = slices.DeleteFunc(s.unfiltered, func(q *pipe.Pipe) bool { return p == q })
}

// Room does nothing, because Send checks each queue for each message.
func (s *Radio) Room(*pipe.Pipe) {}

// Send sends a message whose first frame is the group.
func (s *Radio) Send(m msg.Msg) error {
	if len(m.Rest) != 1 {
		return ErrInvalidMessage
	}
	return s.SendGroup(string(m.First), m.DropFirst())
}

// SendGroup queues a message of one frame to all members of a group. It returns
// ErrWouldBlock only with Block.
func (s *Radio) SendGroup(group string, m msg.Msg) error {
	if len(m.Rest) > 0 {
		return errOneFrame
	}
	if err := CheckGroup(group); err != nil {
		return err
	}
	members := s.groups[group]
	size := len(group) + len(m.First)
	if s.opt.Block && s.anyFull(members, size) {
		return ErrWouldBlock
	}
	n := len(members) + len(s.unfiltered)
	if n == 0 {
		return nil
	}
	c := groupMessage{size: size}
	if len(m.First) >= msg.LargeFrame {
		c.m = &msg.Msg{First: []byte(group), Rest: [][]byte{m.First}, Bufs: m.Bufs}
		if c.shared = n > 1; c.shared {
			c.m.Bufs = nil // all queues share it, so it must not be returned to a pool
		}
	} else {
		at := s.log.reserve(msg.HeaderSize(len(group)) + msg.HeaderSize(len(m.First)) + size)
		s.log.b = append(msg.AppendHeader(s.log.b, len(group), true), group...)
		s.log.b = msg.AppendFrame(s.log.b, m.First, false)
		c.encoded, c.first = s.log.b[at:], at == 0
	}
	for p := range members {
		s.put(p, &c)
	}
	for _, p := range s.unfiltered {
		s.put(p, &c)
	}
	return nil
}

// groupMessage is a message that is being queued: encoded if that is not nil,
// else m.
type groupMessage struct {
	encoded []byte // a section of the log
	first   bool   // encoded is the first message of a piece of the log
	m       *msg.Msg
	shared  bool // m goes to more than one queue
	size    int
}

// anyFull reports whether a queue that would get a message of that size is
// full.
func (s *Radio) anyFull(members map[*pipe.Pipe]struct{}, size int) bool {
	for p := range members {
		if p.Out.Full() && !p.Retired {
			return true
		}
	}
	for _, p := range s.unfiltered {
		if fits(p, size) && p.Out.Full() {
			return true
		}
	}
	return false
}

// fits reports whether a message of that size can be sent to the pipe.
func fits(p *pipe.Pipe, size int) bool { return p.MaxSize == 0 || size <= p.MaxSize }

// put queues the message to one pipe, or drops it.
func (s *Radio) put(p *pipe.Pipe, c *groupMessage) {
	switch {
	case p.Retired:
	case !fits(p, c.size):
		p.Drop(s.drops, pipe.DropTooLarge, 1)
	case p.Out.Full():
		p.Drop(s.drops, pipe.DropHWM, 1)
	case c.encoded != nil:
		p.Out.PutCommon(c.encoded, c.first)
	case c.shared:
		p.Out.PutShared(c.m)
	default:
		p.Out.Put(c.m)
	}
}

// SendFrame sends a frame as a message to its Group. It returns an error if
// more frames follow.
func (s *Radio) SendFrame(f *msg.Frame, _ bool) error {
	m, err := messageOf(f)
	if err != nil {
		return err
	}
	return s.SendGroup(f.Group, m)
}

// Writable returns true, because messages are dropped for peers whose queue is
// full. It does so with Block too, as in libzmq.
func (s *Radio) Writable() bool { return true }

// Subscribers returns the number of peers that get the messages of a group. It
// runs under the send lock.
func (s *Radio) Subscribers(group []byte) int {
	n := len(s.unfiltered)
	for p := range s.groups[string(group)] {
		if !p.Changing {
			n++
		}
	}
	return n
}

// Subscriptions returns the number of groups of one peer.
func (s *Radio) Subscriptions(p *pipe.Pipe) int {
	if j := s.joined[p]; j != nil {
		return len(j.groups)
	}
	return 0
}

// TopicCount returns the number of groups that peers have joined.
func (s *Radio) TopicCount() int { return len(s.groups) }

// ProcessMessage processes JOIN and LEAVE. It drops all other messages.
func (s *Radio) ProcessMessage(p *pipe.Pipe, m *msg.Msg) (queued bool, err error) {
	if len(m.Rest) > 0 || !isSubscription(m.First) || len(m.First) > 1+MaxGroup {
		p.Drop(s.drops, pipe.DropUpstream, 1)
		return false, nil
	}
	s.SetSubscription(p, string(m.First[1:]), m.First[0] == 1)
	if j := s.joined[p]; j != nil {
		most, mostBytes := s.opt.MaxTopics, s.opt.MaxTopicBytes
		if most > 0 && len(j.groups) > most || mostBytes > 0 && j.bytes > mostBytes {
			return false, ErrTooManySubscriptions
		}
	}
	return false, nil
}

// SetSubscription adds a peer to a group or removes it. A pipe that is Retired
// joins no group; its queue is only written to the end.
func (s *Radio) SetSubscription(p *pipe.Pipe, group string, on bool) (queued bool) {
	if p.Retired {
		return false
	}
	if !on {
		s.leaveGroup(p, group)
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

func (s *Radio) leaveGroup(p *pipe.Pipe, group string) {
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
