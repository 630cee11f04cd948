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
// Rules: CONFORMANCE.md 3.0.REP and 3.2.
type Rep struct {
	fq    FairQueue
	peers map[*pipe.Pipe]bool // whether nobody is at the far end any more
	drops *pipe.Drops

	// The request being served; pipe is nil when there is none, or when its
	// peer is gone.
	serving  bool
	pipe     *pipe.Pipe
	envelope [][]byte // frames up to and including the empty one

	outgoing // the reply, if it is sent frame by frame; serving is false then
}

// NewRep returns a REP that serves no request.
func NewRep(d *pipe.Drops) *Rep {
	return &Rep{peers: make(map[*pipe.Pipe]bool), drops: d, outgoing: outgoing{drops: d}}
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
	if s.serving || s.open {
		return ErrInvalidState
	}
	for n := 0; n < maxDiscard; n += m.Len() {
		p := s.fq.Next(m)
		if p == nil {
			return ErrWouldBlock
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
	return ErrYield
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
		return ErrInvalidState
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

// SendFrame begins the reply, which is the turn's: until it is complete neither
// Send nor Recv may be called. It is Send with the last frame, and swallows what
// is for nobody. (rep.cpp)
func (s *Rep) SendFrame(f *msg.Frame, _ bool) error {
	switch {
	case s.open:
	case !s.serving:
		return ErrInvalidState
	default:
		s.serving = false
		s.begin()
	}
	if s.pipe != nil {
		s.push(f)
	}
	if f.More {
		return nil
	}
	if !s.lost {
		s.serving = true
		s.Send(s.m)
	}
	s.end()
	return nil
}

// Abandon is that of all patterns; the reply is for the peer of the request.
func (s *Rep) Abandon() int {
	if !s.open || s.pipe == nil {
		return 0
	}
	s.drops.Add(pipe.DropLinger, 1)
	s.pipe, s.lost = nil, true
	s.clear()
	return 1
}

// Interrupts is false: a request is read to its end before its reply begins.
func (s *Rep) Interrupts() bool { return false }

// Writable reports whether a reply is owed.
func (s *Rep) Writable() bool { return s.serving || s.open }

// Readable returns nil if there is a request, and it is time for one.
func (s *Rep) Readable() error {
	if s.serving || s.open {
		return ErrInvalidState
	}
	return s.fq.holds(hasEnvelope, s.drops, pipe.DropMalformed)
}

// hasEnvelope is what delimiter looks for.
func hasEnvelope(c *msg.Cursor) bool {
	for range maxHops + 1 {
		body, flags, _ := c.Next()
		if flags&msg.FlagMore == 0 {
			return false
		}
		if len(body) == 0 {
			return true
		}
	}
	return false
}
