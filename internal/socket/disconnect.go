package socket

import (
	"time"

	"github.com/zerobroker/zmq/internal/pipe"
)

// Some types end the connection with one peer while other connections go on:
// STREAM, and the types that address their peers by number.

// maxDisconnectTime is how long a disconnected connection may write what is queued
// if the socket does not linger. Without lingering Close is fast, but the last
// answer to a peer that is disconnected should still reach it.
const maxDisconnectTime = 30 * time.Second

// disconnectLinger returns how long a disconnected connection may write what is
// queued, negative without limit.
func (o *Options) disconnectLinger() time.Duration {
	if o.Linger == 0 {
		return maxDisconnectTime
	}
	return o.Linger
}

// disconnect ends the connection of a pipe that the pattern no longer sends to,
// when its queued messages are written or linger is over. The socket receives
// nothing more from it, and does not connect again.
func (s *Socket) disconnect(p *pipe.Pipe, linger time.Duration) {
	// First, so that no disconnect message is queued and then dropped.
	s.discardReceived(p)
	if ep, connected := s.table.connectedBy(p); connected != nil {
		s.removeEndpoint(ep, linger, func(e entry) bool { return e.service == connected })
	} else if e, ok := p.To.(finisher); ok {
		e.Finish()
		s.table.linger(e, linger)
	} else if l, ok := p.To.(interface{ Finish() }); ok {
		l.Finish()
	}
	s.discardReceived(p) // a link may have given the pipe its In meanwhile
}

// discardReceived drops what was received over a pipe and what will be.
func (s *Socket) discardReceived(p *pipe.Pipe) {
	s.recvMu.Lock()
	defer s.recvMu.Unlock()
	if p.In != nil {
		s.drops.Add(pipe.DropUnread, p.In.CloseRead())
	}
}
