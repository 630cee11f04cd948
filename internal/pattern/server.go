package pattern

import (
	"crypto/rand"
	"encoding/binary"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Server implements SERVER and PEER: it receives from its peers in turn and
// sends to the peer with a routing number.
// https://rfc.zeromq.org/spec/41/, https://rfc.zeromq.org/spec/51/
// Rules in docs/CONFORMANCE.md: server, peer, server-number, peer-connect, single-frame-types.
type Server struct {
	base
	singleFrameReceiver
	singleFrameSender
	peers map[uint32]*pipe.Pipe // by routing number; guarded by the send lock
	last  uint32                // last number assigned
}

// NewServer returns a SERVER or PEER without peers.
func NewServer(d *pipe.Drops) *Server {
	var b [4]byte
	rand.Read(b[:])
	return &Server{singleFrameReceiver: singleFrameReceiver{drops: d}, peers: make(map[uint32]*pipe.Pipe), last: binary.NativeEndian.Uint32(b[:])}
}

// Attach assigns a number to the pipe. The pipe keeps it when its peer
// reconnects.
func (s *Server) Attach(p *pipe.Pipe) error {
	for s.last++; s.last == 0 || s.peers[s.last] != nil; {
		s.last++
	}
	p.Number = s.last
	s.peers[p.Number] = p
	return nil
}

// Connected copies the number of the pipe to the peer, which messages refer to.
func (s *Server) Connected(p *pipe.Pipe, peer *msg.Peer) error {
	peer.Number = p.Number
	return nil
}

// Detach removes the pipe and its number.
func (s *Server) Detach(p *pipe.Pipe) {
	if s.peers[p.Number] == p {
		delete(s.peers, p.Number)
	}
}

// Room does nothing: a call that waits for a peer tries again.
func (s *Server) Room(*pipe.Pipe) {}

// Send returns ErrNoRoute, because a message needs a routing number.
func (s *Server) Send(msg.Msg) error { return ErrNoRoute }

// SendToNumber queues a message of one frame to the peer with that number. It
// runs under the send lock.
func (s *Server) SendToNumber(number uint32, m msg.Msg) error {
	p := s.peers[number]
	switch {
	case len(m.Rest) > 0:
		return errOneFrame
	case p == nil:
		return ErrNoRoute
	case p.Out.Full():
		return ErrWouldBlock
	}
	p.Out.Put(&m)
	return nil
}

// RemovePeer removes the peer with that number and returns its pipe, or nil.
// The socket then closes the connection. It runs under both locks.
func (s *Server) RemovePeer(number uint32) *pipe.Pipe {
	p := s.peers[number]
	delete(s.peers, number)
	return p
}

// SendFrame sends a frame as a message to its Number. It returns an error if
// more frames follow.
func (s *Server) SendFrame(f *msg.Frame, _ bool) error {
	m, err := messageOf(f)
	if err != nil {
		return err
	}
	return s.SendToNumber(f.Number, m)
}

// Writable returns true, because the answer depends on the peer.
func (s *Server) Writable() bool { return true }
