package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Dgram is DGRAM: it is bound to one address, and sends and receives datagrams
// of two frames, the other side's address as text and the body. There is no RFC;
// libzmq's manual describes it under zmq_socket(3).
type Dgram struct {
	base
	bound *pipe.Pipe // nil until it is
	fq    FairQueue  // of that pipe, and of earlier ones until read
}

// Attach takes the one pipe. (libzmq lets a second bind succeed that does
// nothing.)
func (s *Dgram) Attach(p *pipe.Pipe) error { return takeOnly(&s.bound, p) }
func (s *Dgram) Detach(p *pipe.Pipe)       { leaveOnly(&s.bound, p) }
func (s *Dgram) Room(*pipe.Pipe)           {}

// Send queues an address and a body. It waits until the socket is bound.
func (s *Dgram) Send(m msg.Msg) error {
	switch {
	case len(m.Rest) != 1:
		return ErrMessage
	case s.bound != nil && s.bound.MaxSize > 0 && len(m.Rest[0]) > s.bound.MaxSize:
		return ErrTooLarge
	}
	return sendOnly(s.bound, &m)
}

func (s *Dgram) Ready(p *pipe.Pipe)    { s.fq.ready(p) }
func (s *Dgram) Recv(m *msg.Msg) error { return s.fq.recv(m) }
func (s *Dgram) More() bool            { return s.fq.more() }
func (s *Dgram) Fair() *FairQueue      { return &s.fq }
