package socket

import (
	"context"
	"slices"

	"github.com/zerobroker/zmq/internal/pipe"
)

// Flush waits until all messages that the socket has accepted so far are written to
// connections, or passed to the peers over inproc, for each peer to which they are
// queued. It returns how many were dropped meanwhile. If ctx ends first, it returns
// the context's error and the number of those that are still queued.
func (s *Socket) Flush(ctx context.Context) (unsent, lost int, err error) {
	if s.isClosed() {
		return 0, 0, ErrClosed
	}
	type mark struct {
		*pipe.Mark
		out *pipe.Queue
	}
	var marks []mark
	pipes := s.peers.all()
	s.sendMu.Lock()
	s.retired.each(func(out *pipe.Queue) {
		if m := out.NewMark(); m != nil {
			marks = append(marks, mark{m, out})
		}
	})
	for _, p := range pipes {
		if p.Out == nil || p.Retired {
			continue // each of the retired ones has one mark above
		}
		if m := p.Out.NewMark(); m != nil {
			marks = append(marks, mark{m, p.Out})
		}
	}
	s.sendMu.Unlock()
	for i, m := range marks {
		select {
		case <-m.Done():
			lost += m.Lost()
			continue
		default:
		}
		select {
		case <-m.Done():
			lost += m.Lost()
			continue
		case <-ctx.Done():
			err = ctx.Err()
		case <-s.callsEnd:
			err = ErrClosed
		}
		s.sendMu.Lock()
		for _, m := range marks[i:] {
			if n := m.out.RemoveMark(m.Mark); n > 0 {
				unsent += n
			} else {
				lost += m.Lost() // it was reached meanwhile
			}
		}
		s.sendMu.Unlock()
		if unsent == 0 && err != ErrClosed {
			err = nil
		}
		break
	}
	return unsent, lost, err
}

// retiredQueues has the queues of retired pipes that have messages to write. The
// send lock guards it.
type retiredQueues []*pipe.Queue

// add adds a queue, unless it has nothing to write.
func (r *retiredQueues) add(q *pipe.Queue) {
	if len(*r) == cap(*r) { // before it grows, so that a call costs little on average
		*r = slices.DeleteFunc(*r, settled)
	}
	if !settled(q) {
		*r = append(*r, q)
	}
}

func (r *retiredQueues) each(f func(*pipe.Queue)) {
	*r = slices.DeleteFunc(*r, settled)
	for _, q := range *r {
		f(q)
	}
}

func settled(q *pipe.Queue) bool { return q.ReadClosed() || q.To() != nil || q.Unsent() == 0 }
