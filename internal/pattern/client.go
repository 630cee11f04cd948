package pattern

import (
	"crypto/rand"
	"encoding/binary"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// single is a fair queue of a type whose messages have one frame: others are
// dropped when their turn comes.
type single struct {
	fq    FairQueue
	drops *pipe.Drops
}

func (s *single) Ready(p *pipe.Pipe) { s.fq.ready(p) }
func (s *single) More() bool         { return s.fq.more() }

// Recv takes the next message of one frame.
func (s *single) Recv(m *msg.Msg) error {
	for n := 0; n < maxDiscard; n += m.Len() {
		if err := s.fq.recv(m); err != nil || len(m.Rest) == 0 {
			return err
		}
		s.drops.Add(pipe.DropMalformed, 1)
	}
	return ErrYield
}

// Readable returns nil if there is a message of one frame.
func (s *single) Readable() error {
	return s.fq.holds(func(c *msg.Cursor) bool {
		_, flags, _ := c.Next()
		return flags&msg.FlagMore == 0
	}, s.drops, pipe.DropMalformed)
}

// Client is CLIENT: it sends to its servers in turn and receives from them in
// turn. https://rfc.zeromq.org/spec/41/
// Rules: CONFORMANCE.md 3.0.CLIENT and 3.1.9.
type Client struct {
	base
	single
	undivided
	lb Balancer
}

func (s *Client) Attach(p *pipe.Pipe) error { s.lb.attach(p); return nil }
func (s *Client) Detach(p *pipe.Pipe)       { s.lb.detach(p) }
func (s *Client) Room(p *pipe.Pipe)         { s.lb.attach(p) }

// Balance is for sockets that send messages of one frame without Send.
func (s *Client) Balance() *Balancer { return &s.lb }

// Send queues a message of one frame to the next server that has room.
func (s *Client) Send(m msg.Msg) error {
	if len(m.Rest) > 0 {
		return errOneFrame
	}
	return s.lb.send(m)
}

// SendFrame is Send. A message of several frames is refused at the first.
func (s *Client) SendFrame(f *msg.Frame, _ bool) error {
	m, err := whole(f)
	if err != nil {
		return err
	}
	return s.Send(m)
}

func (s *Client) Writable() bool { return s.lb.hasRoom() }

// Server is SERVER and PEER: it receives from its peers in turn and sends to
// the one that a routing number names. https://rfc.zeromq.org/spec/41/,
// https://rfc.zeromq.org/spec/51/
// Rules: CONFORMANCE.md 3.0.SERVER, 3.0.PEER, 3.7.4, 3.7.5 and 3.1.9.
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

// Take is how the socket parts with a peer.
func (s *Server) Take(number uint32) *pipe.Pipe {
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
