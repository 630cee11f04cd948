package socket

import (
	"context"
	"fmt"

	"github.com/zerobroker/zmq/internal/pattern"
)

// StopReceiving ends every endpoint of a socket that only receives, and returns when
// each peer has closed its connection. Until then what the peers have written is
// received. When ctx ends it closes the connections, and returns the error of ctx.
func (s *Socket) StopReceiving(ctx context.Context) error {
	if t := pattern.Types[s.Type()]; t.Sends || !t.Receives {
		return fmt.Errorf("%w: a %s does not only receive", ErrInvalidOption, t.Name)
	}
	s.table.opMu.Lock()
	if s.isClosed() {
		s.table.opMu.Unlock()
		return ErrClosed
	}
	ends := s.table.removeAll()
	s.table.opMu.Unlock()
	for _, e := range ends {
		e.Wait(ctx)
	}
	return ctx.Err()
}
