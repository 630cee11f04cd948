package socket

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Attach is for sessions and links.
func (s *Socket) Attach(p *pipe.Pipe) error {
	err := s.attach(p)
	for err == pattern.ErrPeerExists && s.displaceGone(p, nil) {
		err = s.attach(p)
	}
	return err
}

// Connected is for sessions and links.
func (s *Socket) Connected(p *pipe.Pipe, peer *msg.Peer) error {
	evicted, err := s.letIn(p, peer)
	for err == pattern.ErrDuplicateRoutingID && s.displaceGone(p, peer) {
		evicted, err = s.letIn(p, peer)
	}
	for _, old := range evicted {
		old.To.Refuse(pattern.ErrHandover)
	}
	return err
}

// displaceGone is called when an accepted peer is refused because another has
// its place. It frees the place and reports true if the other has gone: it has
// closed its connection, which need not have been read to the end, or its system
// does not answer.
func (s *Socket) displaceGone(p *pipe.Pipe, peer *msg.Peer) bool {
	d, ok := s.pat.(pattern.Displacer)
	if !ok || p.Side != pipe.Accepted {
		return false
	}
	s.lockBoth()
	holder := d.Holder(p, peer)
	var to pipe.Connection
	if holder != nil {
		to = holder.To
	}
	s.unlockBoth()
	far, ok := to.(interface{ PeerDisconnected() bool })
	if !ok || !far.PeerDisconnected() { // with no lock held: it asks the system
		return false
	}
	s.lockBoth()
	d.Displace(holder)
	s.unlockBoth()
	return true
}
