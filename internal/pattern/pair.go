package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Pair has one peer and no other until that one is gone.
// https://rfc.zeromq.org/spec/31/#the-pair-socket-type
type Pair struct {
	base
	peer *pipe.Pipe
	fq   FairQueue // the peer's pipe, and those of earlier peers until read
}

func (s *Pair) Attach(p *pipe.Pipe) error {
	if s.peer != nil && s.peer != p {
		return ErrSecondPeer
	}
	s.peer = p
	return nil
}

func (s *Pair) Detach(p *pipe.Pipe) {
	if s.peer == p {
		s.peer = nil
	}
}

func (s *Pair) Room(*pipe.Pipe) {}

func (s *Pair) Send(m msg.Msg) error {
	if s.peer == nil || s.peer.Out.Full() {
		return ErrWait
	}
	s.peer.Out.Put(&m)
	return nil
}

func (s *Pair) Ready(p *pipe.Pipe)    { s.fq.ready(p) }
func (s *Pair) Recv(m *msg.Msg) error { return s.fq.recv(m) }
func (s *Pair) More() bool            { return s.fq.more() }
func (s *Pair) Fair() *FairQueue      { return &s.fq }
