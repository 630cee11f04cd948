package pattern

import "github.com/zerobroker/zmq/internal/pipe"

// Pull implements PULL: it receives from its peers in turn and sends nothing.
// https://rfc.zeromq.org/spec/30/#the-pull-socket-type
// Rules in docs/CONFORMANCE.md: pull.
type Pull struct {
	base
	fairReceiver
}

func (s *Pull) Attach(*pipe.Pipe) error { return nil }
func (s *Pull) Detach(*pipe.Pipe)       {}
