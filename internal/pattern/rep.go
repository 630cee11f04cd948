package pattern

import (
	"bytes"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// maxHops bounds the envelope of a request: each broker on the way adds one
// frame.
const maxHops = 255

// Rep is REP: it receives a request and sends the reply to whom it came from.
// https://rfc.zeromq.org/spec/28/#the-rep-socket-type
type Rep struct {
	fq    FairQueue
	peers map[*pipe.Pipe]bool // whether nobody is at the far end any more
	drops *pipe.Drops

	// The request being served; pipe is nil when there is none, or when its
	// peer is gone.
	serving  bool
	pipe     *pipe.Pipe
	envelope [][]byte // frames up to and including the empty one
}

// NewRep returns a REP that serves no request.
func NewRep(d *pipe.Drops) *Rep {
	return &Rep{peers: make(map[*pipe.Pipe]bool), drops: d}
}

// See does nothing: a request waits until Recv.
func (s *Rep) See() {}

func (s *Rep) Attach(p *pipe.Pipe) error { s.peers[p] = false; return nil }

// Connected lets replies go to the peer.
func (s *Rep) Connected(p *pipe.Pipe, _ *msg.Peer) error { s.peers[p] = false; return nil }

func (s *Rep) Room(*pipe.Pipe)    {}
func (s *Rep) Ready(p *pipe.Pipe) { s.fq.ready(p) }
func (s *Rep) More() bool         { return s.fq.more() }

// Disconnected drops the reply that is owed to the peer: the request was made
// on a connection that is no more.
func (s *Rep) Disconnected(p *pipe.Pipe) {
	if s.pipe == p {
		s.pipe = nil
	}
	if _, attached := s.peers[p]; attached {
		s.peers[p] = true
	}
}

// Detach forgets the peer.
func (s *Rep) Detach(p *pipe.Pipe) {
	delete(s.peers, p)
	s.Disconnected(p)
}

// Recv takes the next request, without its envelope.
func (s *Rep) Recv(m *msg.Msg) error {
	if s.serving {
		return ErrState
	}
	for {
		p := s.fq.Next(m)
		if p == nil {
			return ErrWait
		}
		hops := delimiter(m)
		if hops < 0 {
			s.drops.Add(pipe.DropMalformed, 1)
			continue
		}
		s.envelope = append(s.envelope[:0], m.First)
		s.envelope = append(s.envelope, m.Rest[:hops]...)
		if m.Bufs != nil {
			// The application may give the memory back before it replies.
			for i, f := range s.envelope {
				s.envelope[i] = bytes.Clone(f)
			}
		}
		m.First, m.Rest = m.Rest[hops], m.Rest[hops+1:]
		s.serving, s.pipe = true, p
		if gone, attached := s.peers[p]; gone || !attached || m.From != nil && m.From != p.Peer() {
			s.pipe = nil // the request is of a connection that is no more
		}
		return nil
	}
}

// delimiter is the index of the first empty frame, or -1 if there is none with
// a frame behind it.
func delimiter(m *msg.Msg) int {
	for i := range min(m.Len()-1, maxHops+1) {
		if len(m.Frame(i)) == 0 {
			return i
		}
	}
	return -1
}

// Send sends the reply. It never waits: a requester that does not read its
// replies loses them and holds up nobody.
func (s *Rep) Send(m msg.Msg) error {
	if !s.serving {
		return ErrState
	}
	p := s.pipe
	s.serving, s.pipe = false, nil
	switch {
	case p == nil:
		s.drops.Add(pipe.DropRequester, 1)
		return nil
	case p.Out.Full():
		s.drops.Add(pipe.DropHWM, 1)
		return nil
	}
	rest := append(s.envelope[1:len(s.envelope):len(s.envelope)], m.First)
	reply := msg.Msg{First: s.envelope[0], Rest: append(rest, m.Rest...), Bufs: m.Bufs}
	p.Out.Put(&reply)
	return nil
}
