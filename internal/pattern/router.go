package pattern

import (
	"crypto/rand"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// RouterSocket sends to the peer that a routing id names and receives from all in
// turn. https://rfc.zeromq.org/spec/28/#the-router-socket-type
// Rules: CONFORMANCE.md 3.0.ROUTER and 3.3.
type RouterSocket struct {
	opt   *Options
	fq    FairQueue
	peers map[string]*pipe.Pipe // guarded by the send lock
	drops *pipe.Drops
	outgoing
	notices

	// gone are the pipes that had an id last, as long as they may not have been
	// read to the end. Guarded by the receive lock.
	gone      map[string]*pipe.Pipe
	sweepGone int // its size at which to look through it

	evicted []*pipe.Pipe // since Evicted was last called; guarded by the send lock

	displaced map[*pipe.Pipe]struct{} // by Displace, and not disconnected yet; guarded by the send lock
}

// NewRouter returns a ROUTER that counts what it drops.
func NewRouter(o *Options, d *pipe.Drops) *RouterSocket {
	return &RouterSocket{opt: o, peers: make(map[string]*pipe.Pipe), gone: make(map[string]*pipe.Pipe),
		displaced: make(map[*pipe.Pipe]struct{}),
		drops:     d, outgoing: outgoing{drops: d}}
}

// Attach files a pipe that has an alias: it can be sent to at once. Others can
// when their peer's id is known.
func (s *RouterSocket) Attach(p *pipe.Pipe) error {
	if p.Alias != "" {
		if s.peers[p.Alias] != nil {
			return ErrDuplicateRoutingID
		}
		s.peers[p.Alias] = p
	}
	s.opt.probe(p)
	return nil
}

// Connected files the pipe under the peer's routing id, or gives it one.
func (s *RouterSocket) Connected(p *pipe.Pipe, peer *msg.Peer) error {
	old := p.Peer()
	switch {
	case p.Alias != "":
		peer.RoutingID = p.Alias
	case peer.RoutingID == "" && old != nil && old.RoutingID[0] == 0:
		// Whoever answers where the last one without an id did.
		peer.RoutingID = old.RoutingID
	case peer.RoutingID == "":
		peer.RoutingID = s.assignID()
	}
	if q := s.peers[peer.RoutingID]; q != nil && q != p {
		if !s.opt.Handover || q.Alias != "" {
			return ErrDuplicateRoutingID
		}
		s.Disconnected(q)
		s.evicted = append(s.evicted, q)
	}
	s.peers[peer.RoutingID] = p
	if q := s.gone[peer.RoutingID]; q != nil && q != p {
		// What comes from one id is received in the order in which it came.
		p.After = q
	}
	if s.opt.NotifyConnect {
		s.notify(p, peer, msg.Came)
	}
	if old != nil && old.RoutingID != peer.RoutingID {
		// What waits for the last one is not for this one.
		s.drops.Add(pipe.DropConnLost, p.Out.Discard())
		s.leave(p)
	}
	return nil
}

// assignID makes an id that a peer cannot claim: it starts with a zero. It is
// random so that nobody can guess another's.
// https://rfc.zeromq.org/spec/28/#the-router-socket-type
func (s *RouterSocket) assignID() string { return freeID(s.peers) }

func freeID(taken map[string]*pipe.Pipe) string {
	var id [5]byte
	for {
		rand.Read(id[1:])
		if taken[string(id[:])] == nil {
			return string(id[:])
		}
	}
}

// Evicted returns the pipes whose connections have to make way for others, and
// forgets them.
func (s *RouterSocket) Evicted() []*pipe.Pipe {
	list := s.evicted
	s.evicted = nil
	return list
}

// Holder returns the pipe that has the peer's routing ID, if it is one that can
// be displaced: it is accepted, so that its In ends with its connection.
func (s *RouterSocket) Holder(_ *pipe.Pipe, peer *msg.Peer) *pipe.Pipe {
	if peer == nil {
		return nil
	}
	if q := s.peers[peer.RoutingID]; q != nil && q.Side == pipe.Accepted && q.Alias == "" {
		return q
	}
	return nil
}

// Displace makes the routing ID free. The pipe is read to its end, as after
// Disconnected, which comes when its connection has ended.
func (s *RouterSocket) Displace(p *pipe.Pipe) {
	peer := p.Peer()
	if peer == nil || s.peers[peer.RoutingID] != p {
		return
	}
	delete(s.peers, peer.RoutingID)
	s.gone[peer.RoutingID] = p
	s.displaced[p] = struct{}{}
}

// Disconnected makes the id free again, unless it is an alias: that is the
// pipe's.
func (s *RouterSocket) Disconnected(p *pipe.Pipe) {
	peer := p.Peer()
	if _, ok := s.displaced[p]; ok {
		delete(s.displaced, p)
		if s.opt.NotifyDisconnect {
			s.notify(p, peer, msg.Left)
		}
		return
	}
	if peer == nil || s.peers[peer.RoutingID] != p {
		return
	}
	if p.Alias == "" {
		delete(s.peers, peer.RoutingID)
	}
	if p.Side != pipe.Dialed && peer.RoutingID[0] != 0 {
		// A queue to whoever answers next has no end to wait for, and an id that we
		// made comes never again.
		s.gone[peer.RoutingID] = p
	}
	if s.opt.NotifyDisconnect {
		s.notify(p, peer, msg.Left)
	}
}

// Detach forgets the pipe.
func (s *RouterSocket) Detach(p *pipe.Pipe) {
	id := p.Alias
	if peer := p.Peer(); peer != nil {
		id = peer.RoutingID
	}
	if s.peers[id] == p {
		delete(s.peers, id)
	}
	delete(s.displaced, p) // by Detach alone, as Unbind does it
	s.leave(p)
}

// SendTo queues m to the peer that id names.
func (s *RouterSocket) SendTo(id string, m msg.Msg) error {
	p := s.peers[id]
	switch {
	case p == nil:
		return ErrNoRoute
	case p.Out.Full():
		return ErrWouldBlock
	}
	p.Out.Put(&m)
	return nil
}

// Send queues a message whose first frame is the routing id. Unless Mandatory
// is set it never fails: who cannot get the message misses it.
func (s *RouterSocket) Send(m msg.Msg) error {
	if len(m.Rest) == 0 {
		return ErrInvalidMessage
	}
	err := s.SendTo(string(m.First), m.DropFirst())
	if s.opt.Mandatory {
		return err
	}
	return miss(s.drops, err)
}

// miss counts a message that SendTo could not send for that reason, if there is
// one, instead of failing.
func miss(d *pipe.Drops, err error) error {
	switch err {
	case ErrNoRoute:
		d.Add(pipe.DropNoRoute, 1)
	case ErrWouldBlock:
		d.Add(pipe.DropHWM, 1)
	}
	return nil
}

// SendFrame takes the id for the first frame, and claims that peer for those
// that follow. Unless Mandatory is set it never fails, and what goes on when the
// peer leaves in the middle of a message it says in neither case. An id that
// nothing follows is ignored. (router.cpp: xsend)
func (s *RouterSocket) SendFrame(f *msg.Frame, _ bool) error {
	if s.open {
		s.next(f)
		return nil
	}
	if !f.More {
		s.drops.Add(pipe.DropMalformed, 1)
		return nil
	}
	p := s.peers[string(f.Body)]
	switch {
	case p == nil && s.opt.Mandatory:
		return ErrNoRoute
	case p == nil:
		s.drops.Add(pipe.DropNoRoute, 1)
		s.begin()
	case !p.Out.Full():
		s.begin(p)
	case s.opt.Mandatory:
		return ErrWouldBlock
	default:
		s.drops.Add(pipe.DropHWM, 1)
		s.begin()
	}
	return nil
}

// Writable is true, for who cannot get a message misses it. With Mandatory set
// it needs a peer that has room, or a message that is under way: libzmq says no
// to the rest of one if its peer is the only one and has lost its room.
func (s *RouterSocket) Writable() bool {
	if !s.opt.Mandatory || s.open {
		return true
	}
	for _, p := range s.peers {
		if !p.Out.Full() {
			return true
		}
	}
	return false
}

// Ready puts the pipe in the turn. Every pipe comes here at its end at the
// latest, and here no send lock is held, which asking for the end of others does
// not go with.
func (s *RouterSocket) Ready(p *pipe.Pipe) {
	s.fq.ready(p)
	if len(s.gone) < max(s.sweepGone, minPrune) {
		return
	}
	for id, q := range s.gone {
		if !barred(q) && q.In.Ended() { // or its successor would not wait for those before it
			delete(s.gone, id)
		}
	}
	s.sweepGone = 2 * len(s.gone)
}

func (s *RouterSocket) Room(*pipe.Pipe)       {}
func (s *RouterSocket) Recv(m *msg.Msg) error { return s.fq.recv(m) }
func (s *RouterSocket) More() bool            { return s.fq.more() }
func (s *RouterSocket) Fair() *FairQueue      { return &s.fq }
