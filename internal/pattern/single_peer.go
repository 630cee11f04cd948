package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// singlePeer sends to at most one peer at a time.
type singlePeer struct{ peer *pipe.Pipe }

// take makes p the peer, unless there is another one.
func (s *singlePeer) take(p *pipe.Pipe) error {
	if s.peer != nil && s.peer != p {
		return ErrPeerExists
	}
	s.peer = p
	return nil
}

// release removes p if it is the peer.
func (s *singlePeer) release(p *pipe.Pipe) {
	if s.peer == p {
		s.peer = nil
	}
}

// hasRoom reports whether there is a peer and its queue is not full.
func (s *singlePeer) hasRoom() bool { return s.peer != nil && !s.peer.Out.Full() }

// put queues m to the peer.
func (s *singlePeer) put(m *msg.Msg) error {
	if !s.hasRoom() {
		return ErrWouldBlock
	}
	s.peer.Out.Put(m)
	return nil
}

// Holder returns the peer.
func (s *singlePeer) Holder(*pipe.Pipe, *msg.Peer) *pipe.Pipe { return s.peer }

func (s *singlePeer) Room(*pipe.Pipe) {}
