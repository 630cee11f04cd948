package socket

import "github.com/zerobroker/zmq/internal/pipe"

// SetHWM changes the high-water marks, of the queues that there are too; 0 is
// unlimited. What is above a mark that is lowered stays queued.
func (s *Socket) SetHWM(send, recv int) error {
	s.endMu.Lock()
	defer s.endMu.Unlock()
	if s.closing {
		return ErrClosed
	}
	s.hwm.send.Store(int64(send))
	s.hwm.recv.Store(int64(recv))
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
