package pattern

import (
	"crypto/rand"
	"encoding/binary"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Server is SERVER and PEER: it receives from its peers in turn and sends to
// the one that a routing number names. https://rfc.zeromq.org/spec/41/,
// https://rfc.zeromq.org/spec/51/
// Rules in docs/CONFORMANCE.md: server, peer, server-number, peer-connect, single-frame-types.
type Server struct {
	base
	single
	undivided
	peers map[uint32]*pipe.Pipe // guarded by the send lock
	last  uint32                // number given
}

// NewServer returns a SERVER without peers.
func NewServer(d *pipe.Drops) *Server {
	var b [4]byte
	rand.Read(b[:])
	return &Server{single: single{drops: d}, peers: make(map[uint32]*pipe.Pipe), last: binary.NativeEndian.Uint32(b[:])}
}

// Attach gives the pipe a number, which it keeps whoever is at the far end.
func (s *Server) Attach(p *pipe.Pipe) error {
	for s.last++; s.last == 0 || s.peers[s.last] != nil; {
		s.last++
	}
	p.Number = s.last
	s.peers[p.Number] = p
	return nil
}

// Connected has messages of the peer carry the number.
func (s *Server) Connected(p *pipe.Pipe, peer *msg.Peer) error {
	peer.Number = p.Number
	return nil
}

// Detach makes the number good for nobody.
func (s *Server) Detach(p *pipe.Pipe) {
	if s.peers[p.Number] == p {
		delete(s.peers, p.Number)
	}
}

// Room does nothing: who waits for a peer tries it.
func (s *Server) Room(*pipe.Pipe) {}

// Send refuses: there is no peer in turn.
func (s *Server) Send(msg.Msg) error { return ErrNoRoute }

// SendToNumber queues a message of one frame to the peer with that number.
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

// RemovePeer removes the peer with that number and returns its pipe, or nil. The
// socket then ends the connection. It runs under both locks.
func (s *Server) RemovePeer(number uint32) *pipe.Pipe {
	p := s.peers[number]
	delete(s.peers, number)
	return p
}

// SendFrame is SendToNumber of the frame's Number. A message of several frames
// is refused at the first.
func (s *Server) SendFrame(f *msg.Frame, _ bool) error {
	m, err := whole(f)
	if err != nil {
		return err
	}
	return s.SendToNumber(f.Number, m)
}

// Writable is true: it depends on the peer.
func (s *Server) Writable() bool { return true }
