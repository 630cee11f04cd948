package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Pair has one peer and no other until that one is gone.
// https://rfc.zeromq.org/spec/31/#the-pair-socket-type
// Rules: CONFORMANCE.md 3.0.PAIR, 3.4.2 and 3.4.3.
type Pair struct {
	base
	peer *pipe.Pipe
	fq   FairQueue // the peer's pipe, and those of earlier peers until read
	outgoing
}

func (s *Pair) Attach(p *pipe.Pipe) error { return takeOnly(&s.peer, p) }
func (s *Pair) Detach(p *pipe.Pipe)       { leaveOnly(&s.peer, p); s.leave(p) }

// Holder returns the peer.
func (s *Pair) Holder(*pipe.Pipe, *msg.Peer) *pipe.Pipe { return s.peer }

// Displace makes room for another peer.
func (s *Pair) Displace(p *pipe.Pipe) { s.Detach(p) }

func (s *Pair) Room(*pipe.Pipe)      {}
func (s *Pair) Send(m msg.Msg) error { return sendOnly(s.peer, &m) }

// SendFrame claims the peer. If that leaves in the middle of a message the rest
// is swallowed, as PUSH does it; in libzmq the rest waits for the next peer,
// who gets it for a message.
func (s *Pair) SendFrame(f *msg.Frame, mayWait bool) error {
	if !s.open {
		if !roomOnly(s.peer) {
			return ErrWouldBlock
		}
		s.begin(s.peer)
	}
	return s.nextOnly(f, mayWait)
}

func (s *Pair) Writable() bool { return s.open || roomOnly(s.peer) }

// takeOnly makes p the only peer, unless there is one.
func takeOnly(peer **pipe.Pipe, p *pipe.Pipe) error {
	if *peer != nil && *peer != p {
		return ErrPeerExists
	}
	*peer = p
	return nil
}

// leaveOnly forgets p if it is the only peer.
func leaveOnly(peer **pipe.Pipe, p *pipe.Pipe) {
	if *peer == p {
		*peer = nil
	}
}

// sendOnly sends to the only peer, which may be nil.
func sendOnly(peer *pipe.Pipe, m *msg.Msg) error {
	if !roomOnly(peer) {
		return ErrWouldBlock
	}
	peer.Out.Put(m)
	return nil
}

// roomOnly reports whether the only peer is there and has room.
func roomOnly(peer *pipe.Pipe) bool { return peer != nil && !peer.Out.Full() }

func (s *Pair) Ready(p *pipe.Pipe)    { s.fq.ready(p) }
func (s *Pair) Recv(m *msg.Msg) error { return s.fq.recv(m) }
func (s *Pair) More() bool            { return s.fq.more() }
func (s *Pair) Fair() *FairQueue      { return &s.fq }
