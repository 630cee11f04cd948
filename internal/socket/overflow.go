package socket

import (
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Overflow is what happens to a message if the queue that it is for, or every queue
// that it may be put in, is full.
type Overflow uint8

// The overflow policies.
const (
	OverflowDefault    Overflow = iota // that of the socket type
	OverflowBlock                      // the call waits
	OverflowDropNewest                 // the message is dropped
	OverflowDropOldest                 // the queue drops its oldest message
	OverflowError                      // the call returns pattern.ErrWouldBlock
)

// overflow applies the policy to a message of size bytes that cannot be queued now. It
// returns the result of the call, or reports that the call waits, if it may. Without
// a peer there is no queue that could be full, so the call waits with every policy.
// The caller holds the send lock.
func (s *Socket) overflow(size int) (err error, wait bool) {
	if s.opts.Load().Overflow != OverflowDropNewest && s.opts.Load().Overflow != OverflowError || size == uncounted || !s.peers.any() {
		return pattern.ErrWouldBlock, true
	}
	if s.opts.Load().Overflow == OverflowError {
		return pattern.ErrWouldBlock, false
	}
	s.sent.add(size)
	s.drops.Add(pipe.DropHWM, 1)
	return nil, false
}
