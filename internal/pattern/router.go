package pattern

import (
	"crypto/rand"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Router implements ROUTER: it sends to the peer with a routing ID and receives
// from all peers in turn.
// https://rfc.zeromq.org/spec/28/#the-router-socket-type
// Rules in docs/CONFORMANCE.md: router, router-*.
type Router struct {
	opt   *Options
	peers map[string]*pipe.Pipe // by routing ID; guarded by the send lock
	outgoing
	fairReceiver
	notifications

	// previous holds the last pipe of each routing ID, until it has been read
	// to its end. The receive lock guards it.
	previous      map[string]*pipe.Pipe
	sweepPrevious int // length of previous at which Wake searches it

	evicted []*pipe.Pipe // since the last call of Evicted; guarded by the send lock

	displaced map[*pipe.Pipe]struct{} // pipes after Displace and before Disconnected; guarded by the send lock
}

// NewRouter returns a ROUTER without peers.
func NewRouter(o *Options, d *pipe.Drops) *Router {
	return &Router{opt: o, peers: make(map[string]*pipe.Pipe), previous: make(map[string]*pipe.Pipe),
		displaced: make(map[*pipe.Pipe]struct{}),
		outgoing:  outgoing{drops: d}}
}

// Attach adds a pipe. A pipe with an alias can be sent to from now on, others
// when the routing ID of their peer is known.
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

// Connected registers the pipe under the routing ID of its peer, and assigns an
// ID if the peer has none.
func (s *Router) Connected(p *pipe.Pipe, peer *msg.Peer) error {
	old := p.Peer()
	switch {
	case p.Alias != "":
		peer.RoutingID = p.Alias
	case peer.RoutingID == "" && old != nil && old.RoutingID[0] == 0:
		// The peer reconnected, or another peer without an ID is at the endpoint.
		peer.RoutingID = old.RoutingID
	case peer.RoutingID == "":
		peer.RoutingID = s.assignID()
	}
	if q := s.peers[peer.RoutingID]; q != nil && q != p {
		if !s.opt.allowsHandover(q.Peer(), peer) || q.Alias != "" {
			return ErrDuplicateRoutingID
		}
		if replaced := q.Peer(); replaced != nil {
			peer.Replaces = replaced.Generation
		}
		s.Disconnected(q)
		s.evicted = append(s.evicted, q)
	}
	s.peers[peer.RoutingID] = p
	if q := s.previous[peer.RoutingID]; q != nil && q != p {
		// Messages of one routing ID are received in the order of arrival.
		p.After = q
	}
	if s.opt.NotifyConnect {
		s.notify(p, peer, msg.ConnectNotification)
	}
	if old != nil && old.RoutingID != peer.RoutingID {
		// The queue holds messages for the previous peer.
		p.Out.Discard(pipe.DropConnLost)
		s.removePipe(p)
	}
	return nil
}

// allowsHandover reports whether a new peer takes over the routing ID of old.
func (o *Options) allowsHandover(old, peer *msg.Peer) bool {
	return o.Handover && (!o.HandoverSameUser || old != nil && sameUser(old, peer))
}

// sameUser reports whether two peers have authenticated as the same user. Without a
// user ID their public keys decide. Peers that have neither are not authenticated.
func sameUser(a, b *msg.Peer) bool {
	if a.UserID != "" || b.UserID != "" {
		return a.UserID == b.UserID
	}
	return a.PublicKey != "" && a.PublicKey == b.PublicKey
}

// assignID returns a routing ID that no peer can claim, because it begins with
// a zero byte. The other bytes are random, so that no peer can guess the ID of
// another.
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

// Evicted returns the pipes whose routing ID another peer has taken over, and
// clears the list. The caller closes their connections. It runs under the send
// lock, after Connected.
func (s *Router) Evicted() []*pipe.Pipe {
	list := s.evicted
	s.evicted = nil
	return list
}

// Holder returns the pipe that has the routing ID of the peer, if it can be
// displaced. That requires an accepted connection, so that its In ends with the
// connection.
func (s *Router) Holder(_ *pipe.Pipe, peer *msg.Peer) *pipe.Pipe {
	if peer == nil {
		return nil
	}
	if q := s.peers[peer.RoutingID]; q != nil && q.Side == pipe.Accepted && q.Alias == "" {
		return q
	}
	return nil
}

// Displace frees the routing ID of the pipe. The pipe is read to its end, as
// after Disconnected, which is called when the connection has ended.
func (s *Router) Displace(p *pipe.Pipe) {
	peer := p.Peer()
	if peer == nil || s.peers[peer.RoutingID] != p {
		return
	}
	delete(s.peers, peer.RoutingID)
	s.previous[peer.RoutingID] = p
	s.displaced[p] = struct{}{}
}

// Disconnected frees the routing ID, unless it is an alias, which belongs to
// the pipe.
func (s *Router) Disconnected(p *pipe.Pipe) {
	peer := p.Peer()
	if _, ok := s.displaced[p]; ok {
		delete(s.displaced, p)
		if s.opt.NotifyDisconnect {
			s.notify(p, peer, msg.DisconnectNotification)
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
		// The next pipe with this routing ID waits for this one. A dialed pipe
		// is not recorded, because its In does not end with a connection. An
		// assigned ID is not recorded, because it does not occur again.
		s.previous[peer.RoutingID] = p
	}
	if s.opt.NotifyDisconnect {
		s.notify(p, peer, msg.DisconnectNotification)
	}
}

// Detach removes the pipe.
func (s *Router) Detach(p *pipe.Pipe) {
	id := p.Alias
	if peer := p.Peer(); peer != nil {
		id = peer.RoutingID
	}
	if s.peers[id] == p {
		delete(s.peers, id)
	}
	delete(s.displaced, p) // Unbind calls Detach without Disconnected
	s.removePipe(p)
}

// SendTo queues m to the peer with that routing ID.
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

// Send queues a message whose first frame is the routing ID. Unless Mandatory
// is set, it returns no error for a peer that cannot be sent to, and drops the
// message.
func (s *Router) Send(m msg.Msg) error {
	if len(m.Rest) == 0 {
		return ErrInvalidMessage
	}
	err := s.SendTo(string(m.First), m.DropFirst())
	if s.opt.Mandatory {
		return err
	}
	return countDrop(s.drops, s.peers[string(m.First)], err)
}

// countDrop counts a message that was dropped because of err. p is the pipe of
// its peer, or nil. It returns nil.
func countDrop(d *pipe.Drops, p *pipe.Pipe, err error) error {
	switch {
	case err == ErrNoRoute:
		d.Add(pipe.DropNoRoute, 1)
	case err == ErrWouldBlock && p != nil:
		p.Drop(d, pipe.DropHWM, 1)
	}
	return nil
}

// SendFrame takes the routing ID as the first frame, and claims that peer for
// the following frames. Unless Mandatory is set, it returns no error. If the
// peer disconnects in the middle of a message, the remaining frames are
// discarded without an error. A routing ID without following frames is ignored.
// See libzmq, router.cpp: xsend.
func (s *Router) SendFrame(f *msg.Frame, _ bool) error {
	if s.InMessage() {
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
		p.Drop(s.drops, pipe.DropHWM, 1)
		s.claim()
	}
	return nil
}

// Writable returns true, because messages that cannot be sent are dropped. With
// Mandatory it requires a peer with room, or a message that has begun. In
// libzmq it is false in the middle of a message if the only peer has no room
// left.
func (s *Router) Writable() bool {
	if !s.opt.Mandatory || s.InMessage() {
		return true
	}
	for _, p := range s.peers {
		if !p.Out.Full() {
			return true
		}
	}
	return false
}

// Wake adds the pipe to the round. It is called for each pipe at the latest
// when its In ends. It also removes ended pipes from previous: to check that
// they have ended takes locks that must not be taken under the send lock.
func (s *Router) Wake(p *pipe.Pipe) {
	s.fq.wake(p)
	if len(s.previous) < max(s.sweepPrevious, minSweep) {
		return
	}
	for id, q := range s.previous {
		// A pipe that waits for earlier pipes of its peer stays: the next pipe
		// of the peer waits for those only through it.
		if !waitsForEarlier(q) && q.In.Ended() {
			delete(s.previous, id)
		}
	}
	s.sweepPrevious = 2 * len(s.previous)
}

func (s *Router) Room(*pipe.Pipe) {}
