package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Push sends to its peers in turn and receives nothing.
// https://rfc.zeromq.org/spec/30/#the-push-socket-type
// Rules in docs/CONFORMANCE.md: push, push-*.
type Push struct {
	base
	lb Balancer
	outgoing
}

func (s *Push) Attach(p *pipe.Pipe) error { s.lb.attach(p); return nil }
func (s *Push) Detach(p *pipe.Pipe)       { s.lb.detach(p); s.leave(p) }
func (s *Push) Room(p *pipe.Pipe)         { s.lb.attach(p) }
func (s *Push) Send(m msg.Msg) error      { return s.lb.send(m) }
func (s *Push) Balance() *Balancer        { return &s.lb }
func (s *Push) Writable() bool            { return s.open || s.lb.hasRoom() }

// SendFrame claims the next peer in turn that has room.
func (s *Push) SendFrame(f *msg.Frame, mayWait bool) error {
	return s.sendBalanced(&s.lb, f, mayWait)
}

// Pull receives from its peers in turn and sends nothing.
// https://rfc.zeromq.org/spec/30/#the-pull-socket-type
// Rules in docs/CONFORMANCE.md: pull.
type Pull struct {
	base
	fq FairQueue
}

func (s *Pull) Attach(*pipe.Pipe) error { return nil }
func (s *Pull) Detach(*pipe.Pipe)       {}
func (s *Pull) Ready(p *pipe.Pipe)      { s.fq.ready(p) }
func (s *Pull) Recv(m *msg.Msg) error   { return s.fq.recv(m) }
func (s *Pull) More() bool              { return s.fq.more() }
func (s *Pull) Fair() *FairQueue        { return &s.fq }

// Dealer sends to its peers in turn and receives from them in turn.
// https://rfc.zeromq.org/spec/28/#the-dealer-socket-type
// Rules in docs/CONFORMANCE.md: dealer, dealer-*, router-probe.
type Dealer struct {
	base
	opt *Options
	lb  Balancer
	fq  FairQueue
	outgoing
}

func (s *Dealer) Attach(p *pipe.Pipe) error { s.opt.probe(p); s.lb.attach(p); return nil }
func (s *Dealer) Detach(p *pipe.Pipe)       { s.lb.detach(p); s.leave(p) }
func (s *Dealer) Room(p *pipe.Pipe)         { s.lb.attach(p) }
func (s *Dealer) Ready(p *pipe.Pipe)        { s.fq.ready(p) }
func (s *Dealer) Send(m msg.Msg) error      { return s.lb.send(m) }
func (s *Dealer) Balance() *Balancer        { return &s.lb }
func (s *Dealer) Fair() *FairQueue          { return &s.fq }
func (s *Dealer) Recv(m *msg.Msg) error     { return s.fq.recv(m) }
func (s *Dealer) More() bool                { return s.fq.more() }
func (s *Dealer) Writable() bool            { return s.open || s.lb.hasRoom() }

// SendFrame claims the next peer in turn that has room.
func (s *Dealer) SendFrame(f *msg.Frame, mayWait bool) error {
	return s.sendBalanced(&s.lb, f, mayWait)
}
