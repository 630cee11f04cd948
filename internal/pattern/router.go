package pattern

import (
	"crypto/rand"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// RouterSocket sends to the peer that a routing id names and receives from all in
// turn. https://rfc.zeromq.org/spec/28/#the-router-socket-type
type RouterSocket struct {
	fq    FairQueue
	peers map[string]*pipe.Pipe // guarded by the send lock
	drops *pipe.Drops
}

// NewRouter returns a ROUTER that counts what it drops.
func NewRouter(d *pipe.Drops) *RouterSocket {
	return &RouterSocket{peers: make(map[string]*pipe.Pipe), drops: d}
}

// Attach does nothing: a peer can be sent to when its id is known.
func (s *RouterSocket) Attach(*pipe.Pipe) error { return nil }

// Connected files the pipe under the peer's routing id, or gives it one.
func (s *RouterSocket) Connected(p *pipe.Pipe, peer *msg.Peer) error {
	old := p.Peer()
	switch {
	case peer.RoutingID == "" && old != nil && old.RoutingID[0] == 0:
		// Whoever answers where the last one without an id did.
		peer.RoutingID = old.RoutingID
	case peer.RoutingID == "":
		peer.RoutingID = s.assignID()
	}
	if q := s.peers[peer.RoutingID]; q != nil && q != p {
		return ErrDuplicateID
	}
	s.peers[peer.RoutingID] = p
	if old != nil && old.RoutingID != peer.RoutingID {
		// What waits for the last one is not for this one.
		s.drops.Add(pipe.DropConnLost, p.Out.Discard())
	}
	return nil
}

// assignID makes an id that a peer cannot claim: it starts with a zero. It is
// random so that nobody can guess another's.
// https://rfc.zeromq.org/spec/28/#the-router-socket-type
func (s *RouterSocket) assignID() string {
	var id [5]byte
	for {
		rand.Read(id[1:])
		if s.peers[string(id[:])] == nil {
			return string(id[:])
		}
	}
}

// Disconnected makes the id free again.
func (s *RouterSocket) Disconnected(p *pipe.Pipe) { s.Detach(p) }

// Detach makes the id free again.
func (s *RouterSocket) Detach(p *pipe.Pipe) {
	if peer := p.Peer(); peer != nil && s.peers[peer.RoutingID] == p {
		delete(s.peers, peer.RoutingID)
	}
}

// SendTo queues m to the peer that id names.
func (s *RouterSocket) SendTo(id string, m msg.Msg) error {
	p := s.peers[id]
	switch {
	case p == nil:
		return ErrNoRoute
	case p.Out.Full():
		return ErrWait
	}
	p.Out.Put(&m)
	return nil
}

// Send queues a message whose first frame is the routing id.
func (s *RouterSocket) Send(m msg.Msg) error {
	if len(m.Rest) == 0 {
		return ErrMessage
	}
	return s.SendTo(string(m.First), m.DropFirst())
}

func (s *RouterSocket) Room(*pipe.Pipe)       {}
func (s *RouterSocket) Ready(p *pipe.Pipe)    { s.fq.ready(p) }
func (s *RouterSocket) Recv(m *msg.Msg) error { return s.fq.recv(m) }
func (s *RouterSocket) More() bool            { return s.fq.more() }
func (s *RouterSocket) Fair() *FairQueue      { return &s.fq }
