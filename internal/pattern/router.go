package pattern

import (
	"crypto/rand"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Router sends to the peer that a routing id names and receives from all in
// turn. https://rfc.zeromq.org/spec/28/#the-router-socket-type
// Rules in docs/CONFORMANCE.md: router, router-*.
type Router struct {
	opt   *Options
	peers map[string]*pipe.Pipe // guarded by the send lock
	outgoing
	fairReceiver
	notices

	// gone are the pipes that had an id last, as long as they may not have been
	// read to the end. Guarded by the receive lock.
	previous      map[string]*pipe.Pipe
	sweepPrevious int // its size at which to look through it

	evicted []*pipe.Pipe // since Evicted was last called; guarded by the send lock

	displaced map[*pipe.Pipe]struct{} // by Displace, and not disconnected yet; guarded by the send lock
}

// NewRouter returns a ROUTER that counts what it drops.
func NewRouter(o *Options, d *pipe.Drops) *Router {
	return &Router{opt: o, peers: make(map[string]*pipe.Pipe), previous: make(map[string]*pipe.Pipe),
		displaced: make(map[*pipe.Pipe]struct{}),
		outgoing:  outgoing{drops: d}}
}

// Attach files a pipe that has an alias: it can be sent to at once. Others can
// when their peer's id is known.
func (s *Router) Attach(p *pipe.Pipe) error {
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
func (s *Router) Connected(p *pipe.Pipe, peer *msg.Peer) error {
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
	if q := s.previous[peer.RoutingID]; q != nil && q != p {
		// What comes from one id is received in the order in which it came.
		p.After = q
	}
	if s.opt.NotifyConnect {
		s.notify(p, peer, msg.ConnectNotice)
	}
	if old != nil && old.RoutingID != peer.RoutingID {
		// What waits for the last one is not for this one.
		s.drops.Add(pipe.DropConnLost, p.Out.Discard())
		s.removePipe(p)
	}
	return nil
}

// assignID makes an id that a peer cannot claim: it starts with a zero. It is
// random so that nobody can guess another's.
// https://rfc.zeromq.org/spec/28/#the-router-socket-type
func (s *Router) assignID() string { return freeID(s.peers) }

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
func (s *Router) Evicted() []*pipe.Pipe {
	list := s.evicted
	s.evicted = nil
	return list
}

// Holder returns the pipe that has the peer's routing ID, if it is one that can
// be displaced: it is accepted, so that its In ends with its connection.
func (s *Router) Holder(_ *pipe.Pipe, peer *msg.Peer) *pipe.Pipe {
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
func (s *Router) Displace(p *pipe.Pipe) {
	peer := p.Peer()
	if peer == nil || s.peers[peer.RoutingID] != p {
		return
	}
	delete(s.peers, peer.RoutingID)
	s.previous[peer.RoutingID] = p
	s.displaced[p] = struct{}{}
}

// Disconnected makes the id free again, unless it is an alias: that is the
// pipe's.
func (s *Router) Disconnected(p *pipe.Pipe) {
	peer := p.Peer()
	if _, ok := s.displaced[p]; ok {
		delete(s.displaced, p)
		if s.opt.NotifyDisconnect {
			s.notify(p, peer, msg.DisconnectNotice)
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
		s.previous[peer.RoutingID] = p
	}
	if s.opt.NotifyDisconnect {
		s.notify(p, peer, msg.DisconnectNotice)
	}
}

// Detach forgets the pipe.
func (s *Router) Detach(p *pipe.Pipe) {
	id := p.Alias
	if peer := p.Peer(); peer != nil {
		id = peer.RoutingID
	}
	if s.peers[id] == p {
		delete(s.peers, id)
	}
	delete(s.displaced, p) // by Detach alone, as Unbind does it
	s.removePipe(p)
}

// SendTo queues m to the peer that id names.
func (s *Router) SendTo(id string, m msg.Msg) error {
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
func (s *Router) Send(m msg.Msg) error {
	if len(m.Rest) == 0 {
		return ErrInvalidMessage
	}
	err := s.SendTo(string(m.First), m.DropFirst())
	if s.opt.Mandatory {
		return err
	}
	return countDrop(s.drops, err)
}

// miss counts a message that SendTo could not send for that reason, if there is
// one, instead of failing.
func countDrop(d *pipe.Drops, err error) error {
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
func (s *Router) SendFrame(f *msg.Frame, _ bool) error {
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
		s.claim()
	case !p.Out.Full():
		s.claim(p)
	case s.opt.Mandatory:
		return ErrWouldBlock
	default:
		s.drops.Add(pipe.DropHWM, 1)
		s.claim()
	}
	return nil
}

// Writable is true, for who cannot get a message misses it. With Mandatory set
// it needs a peer that has room, or a message that is under way: libzmq says no
// to the rest of one if its peer is the only one and has lost its room.
func (s *Router) Writable() bool {
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
func (s *Router) Ready(p *pipe.Pipe) {
	s.fq.ready(p)
	if len(s.previous) < max(s.sweepPrevious, minSweep) {
		return
	}
	for id, q := range s.previous {
		if !waitsForEarlier(q) && q.In.Ended() { // or its successor would not wait for those before it
			delete(s.previous, id)
		}
	}
	s.sweepPrevious = 2 * len(s.previous)
}

func (s *Router) Room(*pipe.Pipe) {}
