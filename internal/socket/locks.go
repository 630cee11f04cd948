package socket

import "github.com/zerobroker/zmq/internal/pipe"

// lockSend takes the locks under which Send runs. A Lockstep pattern first
// processes what has arrived, while no send lock is held: reading a queue takes
// the lock of its writer.
func (s *Socket) lockSend() {
	if s.lockstep != nil {
		s.recvMu.Lock()
		s.processInput()
	}
	s.sendMu.Lock()
}

// unlockSend releases the locks of lockSend, and does what Send may not do under
// them.
func (s *Socket) unlockSend() {
	switch {
	case s.lockstep != nil:
		flush := s.flush
		s.flush = nil
		s.sendMu.Unlock()
		s.recvMu.Unlock()
		if flush != nil {
			flush.Flush()
		}
	case s.raw != nil:
		disconnected := s.raw.PendingDisconnects()
		s.sendMu.Unlock()
		for _, p := range disconnected {
			s.disconnect(p, s.opts.Load().disconnectLinger())
		}
	default:
		s.sendMu.Unlock()
	}
}

// flusher is a session, as the reader of a pipe's Out.
type flusher interface {
	pipe.Reader
	Flush()
}

// postponed is the reader of Out in the pipes of a Lockstep socket. The session
// writes when Send has released its locks, in the goroutine of the caller, which
// next waits for an answer.
type postponed struct {
	s *Socket
	f flusher
}

// Wake is called by the queue, under sendMu.
func (p *postponed) Wake(q *pipe.Queue) {
	if p.s.flush != nil || p.s.isClosed() {
		p.f.Wake(q)
		return
	}
	p.s.flush = p.f
}

// lockBoth takes the locks under which the other methods of a pattern run. They may
// change what is received next, so it takes back what an iterator has taken.
func (s *Socket) lockBoth() {
	s.recvMu.Lock()
	s.reclaim()
	s.processInput()
	s.sendMu.Lock()
}

func (s *Socket) unlockBoth() {
	s.unlockSendHalf()
	s.recvMu.Unlock()
}

// unlockSendHalf releases sendMu and keeps recvMu, and then queues the pattern's
// notifications. It queues them under the sendMu of peers in this process: two sockets
// that took each other's sendMu under their own would wait for each other. Under
// recvMu they are queued before anything is received.
func (s *Socket) unlockSendHalf() {
	if s.notifier == nil {
		s.sendMu.Unlock()
		return
	}
	notifications := s.notifier.Notifications()
	s.sendMu.Unlock()
	for i := range notifications {
		notifications[i].Queue()
	}
}

// processInput has a Lockstep pattern process what has arrived. The caller holds
// recvMu and not sendMu.
func (s *Socket) processInput() {
	if s.lockstep == nil {
		return
	}
	s.inbox.drain(s.receiver)
	s.lockstep.ProcessInput()
}
