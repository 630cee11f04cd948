package socket

import (
	"time"

	"github.com/zerobroker/zmq/internal/inproc"
	"github.com/zerobroker/zmq/internal/pipe"
)

// STREAM, and the types that address their peers by number, can end the
// connection with one peer and keep the others.

// maxDisconnectTime is how long a disconnected connection may write its queue if
// the socket does not linger. Such a socket must close fast, but the last answer
// to a peer that it disconnects should still reach the peer.
const maxDisconnectTime = 30 * time.Second

// disconnectLinger returns how long a disconnected connection may write its
// queue: the linger time, where negative means no limit, but maxDisconnectTime
// for a socket that does not linger.
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
		err := s.removeEndpoint(ep, linger, func(e entry) bool { return e.service == connected })
		if err == ErrEndpointNotFound { // a member of a resolved endpoint
			connected.Finish()
			s.table.linger(connected, linger)
		}
	} else if e, ok := p.To.(finisher); ok {
		e.Finish()
		s.table.linger(e, linger)
	} else if l, ok := p.To.(*inproc.Side); ok {
		l.Finish()
	}
	s.discardReceived(p) // a link may have given the pipe its In meanwhile
}

// discardReceived drops the unread messages of a pipe, and those that still
// arrive over it.
func (s *Socket) discardReceived(p *pipe.Pipe) {
	s.recvMu.Lock()
	defer s.recvMu.Unlock()
	s.reclaim()
	s.dropReturnedFrom(p)
	if p.In != nil {
		p.Drop(&s.drops, pipe.DropUnread, p.In.DropUnread())
	}
}
