package socket

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// inbox is where queues report that they have become readable, and where
// those wait who found nothing to read. Its lock is the innermost of all, for
// a report may come under any other.
type inbox struct {
	pending atomic.Bool  // something was reported since drain
	waiting atomic.Int32 // how many wait

	mu      sync.Mutex
	pipes   []*pipe.Pipe    // reported and not yet known to the pattern
	waiters []chan struct{} // in the order they came, from first on
	first   int
}

// ready takes a report and wakes one who waits.
func (b *inbox) ready(p *pipe.Pipe) {
	b.mu.Lock()
	b.pipes = append(b.pipes, p)
	b.pending.Store(true)
	b.wakeLocked()
	b.mu.Unlock()
}

func (b *inbox) wakeLocked() {
	if b.first == len(b.waiters) {
		return
	}
	w := b.waiters[b.first]
	b.waiters[b.first] = nil
	if b.first++; 2*b.first > len(b.waiters) {
		// Not each time: with many who wait, moving them costs more than all else.
		b.waiters, b.first = append(b.waiters[:0], b.waiters[b.first:]...), 0
	}
	b.waiting.Store(int32(len(b.waiters) - b.first))
	select {
	case w <- struct{}{}:
	default: // told already, by its pattern
	}
}

// notify wakes one who waits for what no queue reports.
func (b *inbox) notify() {
	b.mu.Lock()
	b.pending.Store(true)
	b.wakeLocked()
	b.mu.Unlock()
}

// pass wakes one more who waits.
func (b *inbox) pass() {
	b.mu.Lock()
	b.wakeLocked()
	b.mu.Unlock()
}

// drain makes the reports known to the pattern.
func (b *inbox) drain(r pattern.Receiver) {
	b.mu.Lock()
	pipes := b.pipes
	b.pipes = nil
	b.pending.Store(false)
	b.mu.Unlock()
	for _, p := range pipes {
		r.Ready(p)
	}
}

// wait registers w, unless there is a report to look at first.
func (b *inbox) wait(w chan struct{}) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pending.Load() {
		return false
	}
	b.waiters = append(b.waiters, w)
	b.waiting.Store(int32(len(b.waiters) - b.first))
	return true
}

// remove takes w back.
func (b *inbox) remove(w chan struct{}) {
	b.mu.Lock()
	b.removeLocked(w)
	b.mu.Unlock()
}

func (b *inbox) removeLocked(w chan struct{}) bool {
	for i := b.first; i < len(b.waiters); i++ {
		if b.waiters[i] == w {
			b.waiters = append(b.waiters[:i], b.waiters[i+1:]...)
			b.waiting.Store(int32(len(b.waiters) - b.first))
			return true
		}
	}
	return false
}

// forget takes w back, or passes on what it was woken for.
func (b *inbox) forget(w chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.removeLocked(w) {
		b.wakeLocked()
	}
}

// tryBatches is how many times a call that does not wait releases the receive
// lock while all that it finds are unwanted messages. Then it gives up.
const tryBatches = 16

// TryRecv takes the next message into m, or returns pattern.ErrWouldBlock. It returns
// that also when it has dropped as many unwanted messages as one call may.
func (s *Socket) TryRecv(m *msg.Msg) error {
	s.recvMu.Lock()
	err := s.recvLocked(m)
	s.recvMu.Unlock()
	if err == pattern.ErrYield {
		return s.tryOn(func() error { return s.recvLocked(m) })
	}
	return err
}

// tryOn repeats an attempt to receive, under recvMu, that gave pattern.ErrYield.
func (s *Socket) tryOn(attempt func() error) error {
	for range tryBatches - 1 {
		s.recvMu.Lock()
		err := attempt()
		s.recvMu.Unlock()
		if err != pattern.ErrYield {
			return err
		}
	}
	s.inbox.pass() // no queue will report what is left
	return pattern.ErrWouldBlock
}

// recvLocked makes one attempt to receive. If that leaves something for others
// who wait, it wakes one of them.
func (s *Socket) recvLocked(m *msg.Msg) error {
	if s.inbox.pending.Load() {
		s.inbox.drain(s.receiver)
	}
	if s.closed.Load() {
		return ErrClosed
	}
	if s.fair != nil {
		if s.fair.Next(m) == nil {
			s.peers.sweepLeft() // of what has just been read to the end
			return pattern.ErrWouldBlock
		}
	} else {
		// Through an interface, m itself would have to be on the heap.
		if err := s.receiver.Recv(&s.slot); err != nil {
			s.slot = msg.Msg{} // it may be one that was dropped
			s.peers.sweepLeft()
			return err
		}
		*m, s.slot = s.slot, msg.Msg{}
	}
	s.received.msgs++
	s.received.bytes += uint64(m.Size())
	if s.inbox.waiting.Load() > 0 && s.receiver.More() {
		s.inbox.pass()
	}
	return nil
}

// Recv takes the next message into m. It waits for one until ctx ends; an
// error means that nothing was taken.
func (s *Socket) Recv(ctx context.Context, m *msg.Msg) error {
	err := s.TryRecv(m)
	if err == pattern.ErrWouldBlock {
		return s.waitRecv(ctx, m)
	}
	return err
}

func (s *Socket) waitRecv(ctx context.Context, m *msg.Msg) error {
	ctx.Err() // a nil context is to panic here, before anything is locked
	w := make(chan struct{}, 1)
	for {
		s.recvMu.Lock()
		if err := s.waitLocked(ctx, w, s.recvLocked(m)); err != pattern.ErrWouldBlock {
			return err
		}
	}
}

// waitLocked waits, after an attempt to receive that returned err, until another
// is worth while, which it says by pattern.ErrWouldBlock. Otherwise it returns the
// result of the call. The caller holds recvMu and loses it.
func (s *Socket) waitLocked(ctx context.Context, w chan struct{}, err error) error {
	if err != pattern.ErrWouldBlock && err != pattern.ErrYield {
		s.recvMu.Unlock()
		return err
	}
	if ended := ctx.Err(); ended != nil {
		s.recvMu.Unlock()
		if err == pattern.ErrYield {
			s.inbox.pass() // no queue will report what is left
		}
		return ended
	}
	if err == pattern.ErrYield {
		s.recvMu.Unlock()
		return pattern.ErrWouldBlock
	}
	waiting := s.inbox.wait(w)
	if waiting && s.req != nil {
		s.req.AddWaiter(w)
	}
	s.recvMu.Unlock()
	if !waiting {
		return pattern.ErrWouldBlock
	}
	if s.req != nil {
		defer func() {
			s.recvMu.Lock()
			s.req.RemoveWaiter(w)
			s.recvMu.Unlock()
		}()
	}
	select {
	case <-w:
		if s.req != nil {
			// Its pattern may have told it, and not the inbox.
			s.inbox.remove(w)
		}
		return pattern.ErrWouldBlock
	case <-ctx.Done():
		s.inbox.forget(w)
		return ctx.Err()
	case <-s.closedc:
		return ErrClosed
	}
}

// Call sends a request on a REQ and waits for its reply, beside any number of
// others. The request is held back until a peer is connected. If ctx ends
// first, it is withdrawn if its write has not begun, and otherwise the reply
// is dropped when it comes. A request whose connection is lost before it was
// written goes to the next peer.
func (s *Socket) Call(ctx context.Context, m msg.Msg) (msg.Msg, error) {
	w := make(chan struct{}, 1)
	c := &pattern.Call{Waiter: w}
	for {
		err := s.waitSend(ctx, waitKey{kind: byCall}, m.Size(), func() error { return s.req.Begin(m, c) })
		if err != nil {
			return msg.Msg{}, err
		}
		reply, err := s.waitReply(ctx, c)
		if err != pattern.ErrUnsent {
			return reply, err
		}
		m = c.Request
		s.sendMu.Lock()
		s.unsentLocked(m.Size())
		s.sendMu.Unlock()
	}
}

// unsentLocked takes back what was counted for a message that is not sent after
// all. The caller holds sendMu.
func (s *Socket) unsentLocked(size int) {
	s.sent.msgs--
	s.sent.bytes -= uint64(size)
}

// waitReply is the second half of Call.
func (s *Socket) waitReply(ctx context.Context, c *pattern.Call) (msg.Msg, error) {
	w := c.Waiter
	for {
		s.recvMu.Lock()
		s.see()
		if c.Done {
			if c.Err == nil {
				s.received.msgs++
				s.received.bytes += uint64(c.Reply.Size())
			}
			s.recvMu.Unlock()
			return c.Reply, c.Err
		}
		err := ctx.Err()
		if s.closed.Load() {
			err = ErrClosed
		}
		if err != nil {
			s.sendMu.Lock()
			if size, unsent := s.req.Cancel(c); unsent {
				s.unsentLocked(size)
			}
			s.unlockBoth()
			return msg.Msg{}, err
		}
		waiting := s.inbox.wait(w)
		s.recvMu.Unlock()
		if !waiting {
			continue
		}
		// Whatever w was woken for, it is seen to before this call returns, so
		// there is nothing to pass on: waiters that did would wake each other
		// for ever.
		select {
		case <-w:
		case <-ctx.Done():
		case <-s.closedc:
		}
		s.inbox.remove(w)
	}
}
