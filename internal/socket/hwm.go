package socket

import (
	"sync/atomic"

	"github.com/zerobroker/zmq/internal/pipe"
)

// SetSendHWM changes the high-water mark of the queues to peers, including those
// that exist; 0 is unlimited. Messages above a mark that is lowered stay queued.
func (s *Socket) SetSendHWM(n int) error { return s.setHWM(&s.hwm.send, n) }

// SetRecvHWM is SetSendHWM for the queues from peers.
func (s *Socket) SetRecvHWM(n int) error { return s.setHWM(&s.hwm.recv, n) }

func (s *Socket) setHWM(mark *atomic.Int64, n int) error {
	s.endMu.Lock()
	defer s.endMu.Unlock()
	if s.closing {
		return ErrClosed
	}
	mark.Store(int64(n))
	for _, p := range s.peers.all() {
		s.sendMu.Lock()
		l := s.fitLocked(p)
		s.sendMu.Unlock()
		if l != nil {
			l.Resize()
		}
	}
	return nil
}

// resizer is a link to another socket of the process, whose queues have the
// marks of both.
type resizer interface{ Resize() }

// fitLocked gives the queues of a pipe our marks, which may have changed since it
// was made, or returns the link that has to. The caller holds sendMu.
func (s *Socket) fitLocked(p *pipe.Pipe) resizer {
	if l, ok := p.To.(resizer); ok {
		return l
	}
	send, recv := s.Limits()
	if p.Out != nil {
		p.Out.SetHWM(send)
	}
	if p.In != nil {
		p.In.Lock()
		p.In.SetHWM(recv)
		p.In.Unlock()
	}
	return nil
}
