package socket

import (
	"sync/atomic"

	"github.com/zerobroker/zmq/internal/inproc"
	"github.com/zerobroker/zmq/internal/pipe"
)

// highWaterMarks are those of the queues of a socket. They may change while it is
// in use.
type highWaterMarks struct{ send, recv atomic.Int64 }

func (h *highWaterMarks) limits() (send, recv int) {
	return int(h.send.Load()), int(h.recv.Load())
}

// SetSendHWM changes the high-water mark of the queues to peers, including those
// that exist; 0 is unlimited. Messages above a lowered mark stay queued.
func (s *Socket) SetSendHWM(n int) error { return s.setHWM(&s.hwm.send, n) }

// SetRecvHWM is like SetSendHWM but sets the limit of the queues from peers.
func (s *Socket) SetRecvHWM(n int) error { return s.setHWM(&s.hwm.recv, n) }

func (s *Socket) setHWM(mark *atomic.Int64, n int) error {
	s.table.opMu.Lock()
	defer s.table.opMu.Unlock()
	if s.isClosed() {
		return ErrClosed
	}
	mark.Store(int64(n))
	for _, p := range s.peers.all() {
		s.sendMu.Lock()
		l := s.hwm.apply(p)
		s.sendMu.Unlock()
		if l != nil {
			l.Resize()
		}
	}
	return nil
}

// apply gives the queues of a pipe the marks, which may have changed since the
// pipe was made. If a link has to do that, it returns its side: the limits of its
// queues are the sums of those of both sockets. The caller holds sendMu.
func (h *highWaterMarks) apply(p *pipe.Pipe) *inproc.Side {
	if l, ok := p.To.(*inproc.Side); ok {
		return l
	}
	send, recv := h.limits()
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
