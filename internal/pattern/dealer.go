package pattern

import "github.com/zerobroker/zmq/internal/pipe"

// Dealer implements DEALER: it sends to its peers in turn and receives from
// them in turn.
// https://rfc.zeromq.org/spec/28/#the-dealer-socket-type
// Rules in docs/CONFORMANCE.md: dealer, dealer-*, router-probe.
type Dealer struct {
	base
	opt *Options
	balancedSender
	fairReceiver
}

func (s *Dealer) Attach(p *pipe.Pipe) error {
	s.opt.probe(p)
	return s.balancedSender.Attach(p)
}
