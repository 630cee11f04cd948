package pattern

import (
	"bytes"
	"fmt"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// maxHops limits the envelope of a request, to which each broker adds one
// frame.
const maxHops = 255

// The errors of calls out of turn.
var (
	errReplyUnsent    = fmt.Errorf("%w: the last request has no reply", ErrInvalidState)
	errRequestMissing = fmt.Errorf("%w: no request was received", ErrInvalidState)
)

// Rep implements REP: it receives a request and sends the reply to the peer
// that sent the request.
// https://rfc.zeromq.org/spec/28/#the-rep-socket-type
// Rules in docs/CONFORMANCE.md: rep, rep-*.
type Rep struct {
	fq    FairQueue
	peers map[*pipe.Pipe]bool // true while the peer is disconnected

	// The request being served, until its reply is sent whole. pipe is nil if
	// there is none, or if its peer has disconnected.
	serving  bool
	pipe     *pipe.Pipe
	envelope [][]byte // the frames up to and including the empty one

	outgoing // the reply, if it is sent frame by frame
}

// NewRep returns a REP that serves no request.
func NewRep(d *pipe.Drops) *Rep {
	return &Rep{peers: make(map[*pipe.Pipe]bool), outgoing: outgoing{drops: d}}
}

// ProcessInput does nothing, because requests stay in their queues until Recv.
func (s *Rep) ProcessInput() {}

func (s *Rep) Attach(p *pipe.Pipe) error { s.peers[p] = false; return nil }

// Connected allows replies to the peer.
func (s *Rep) Connected(p *pipe.Pipe, _ *msg.Peer) error { s.peers[p] = false; return nil }

func (s *Rep) Room(*pipe.Pipe)   {}
func (s *Rep) Wake(p *pipe.Pipe) { s.fq.wake(p) }
func (s *Rep) More() bool        { return s.fq.more() }

// Disconnected ensures that a pending reply to the peer is dropped: its request
// belongs to the connection that has ended.
func (s *Rep) Disconnected(p *pipe.Pipe) {
	if s.pipe == p {
		s.pipe = nil
	}
	if _, attached := s.peers[p]; attached {
		s.peers[p] = true
	}
}

// Detach removes the pipe.
func (s *Rep) Detach(p *pipe.Pipe) {
	delete(s.peers, p)
	s.Disconnected(p)
}

// Recv takes the next request, without its envelope.
func (s *Rep) Recv(m *msg.Msg) error {
	if s.serving {
		return errReplyUnsent
	}
	for n := 0; n < maxDiscard; n += m.Len() {
		p := s.fq.Next(m)
		if p == nil {
			return ErrWouldBlock
		}
		hops := delimiter(m)
		if hops < 0 {
			p.Drop(s.drops, pipe.DropMalformed, 1)
			continue
		}
		s.envelope = append(s.envelope[:0], m.First)
		s.envelope = append(s.envelope, m.Rest[:hops]...)
		if m.Bufs != nil {
			// The application may release the memory of the request before it
			// replies.
			for i, f := range s.envelope {
				s.envelope[i] = bytes.Clone(f)
			}
		}
		m.First, m.Rest = m.Rest[hops], m.Rest[hops+1:]
		s.serving, s.pipe = true, p
		if disconnected, attached := s.peers[p]; disconnected || !attached || m.From != nil && m.From != p.Peer() {
			s.pipe = nil // the connection that the request belongs to has ended
		}
		return nil
	}
	return ErrYield
}

// delimiter returns the index of the first empty frame. It returns -1 if there
// is none, or if no frame follows it.
func delimiter(m *msg.Msg) int {
	for i := range min(m.Len()-1, maxHops+1) {
		if len(m.Frame(i)) == 0 {
			return i
		}
	}
	return -1
}

// Send sends the reply. It never waits: if the queue of the peer is full, the
// reply is dropped.
func (s *Rep) Send(m msg.Msg) error {
	if !s.serving || s.InMessage() {
		return errRequestMissing
	}
	s.reply(m)
	return nil
}

// reply sends a whole reply, or drops it.
func (s *Rep) reply(m msg.Msg) {
	p := s.pipe
	s.serving, s.pipe = false, nil
	switch {
	case p == nil:
		s.drops.Add(pipe.DropRequester, 1)
		return
	case p.Out.Full():
		p.Drop(s.drops, pipe.DropHWM, 1)
		return
	}
	rest := append(s.envelope[1:len(s.envelope):len(s.envelope)], m.First)
	reply := msg.Msg{First: s.envelope[0], Rest: append(rest, m.Rest...), Bufs: m.Bufs}
	p.Out.Put(&reply)
}

// SendFrame begins or continues the reply. Until the reply is complete, Send
// and Recv return ErrInvalidState. The last frame queues the reply as Send does. The
// frames are discarded if the peer has disconnected. See libzmq, rep.cpp.
func (s *Rep) SendFrame(f *msg.Frame, _ bool) error {
	switch {
	case s.InMessage():
	case !s.serving:
		return ErrInvalidState
	default:
		s.claim()
	}
	if s.pipe != nil {
		s.push(f)
	}
	if f.More {
		return nil
	}
	if s.state != outgoingLost {
		s.reply(s.m)
	}
	s.serving = false
	s.reset()
	return nil
}

// DropMessage drops a reply that has begun.
func (s *Rep) DropMessage() int {
	if !s.InMessage() || s.pipe == nil {
		return 0
	}
	s.drops.Add(pipe.DropLinger, 1)
	s.pipe, s.state = nil, outgoingLost
	s.clearFrames()
	return 1
}

// SendDiscardsPartialRecv returns false: a request must be received completely
// before its reply begins.
func (s *Rep) SendDiscardsPartialRecv() bool { return false }

// Writable reports whether a request waits for its reply, or for the end of it.
func (s *Rep) Writable() bool { return s.serving }

// Readable returns nil if there is a request and Recv is allowed.
func (s *Rep) Readable() error {
	if s.serving {
		return ErrInvalidState
	}
	return s.fq.peekWanted(hasEnvelope, s.drops, pipe.DropMalformed)
}

// hasEnvelope reports whether a message has an envelope that delimiter accepts.
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
