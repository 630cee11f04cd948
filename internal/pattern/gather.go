package pattern

import "github.com/zerobroker/zmq/internal/pipe"

// Gather implements GATHER: PULL for messages of one frame.
// https://rfc.zeromq.org/spec/49/
// Rules in docs/CONFORMANCE.md: gather, single-frame-types.
type Gather struct {
	base
	singleFrameReceiver
}

func (s *Gather) Attach(*pipe.Pipe) error { return nil }
func (s *Gather) Detach(*pipe.Pipe)       {}
