package socket

import (
	"context"

	"github.com/zerobroker/zmq/internal/inproc"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Close ends the socket. It returns when every message that was queued is
// written or ctx ends, and says how many were not. All other calls return
// ErrClosed from now on; further calls of Close wait for the first.
//
// In this order: nobody can send or receive any more; what was received and
// not read is dropped, so that connections need not wait for room; every
// endpoint stops taking new peers and lets its queues run out; and last all of
// them are waited for.
func (s *Socket) Close(ctx context.Context) (unsent int) {
	s.endMu.Lock()
	if s.closing {
		s.endMu.Unlock()
		<-s.done
		return 0
	}
	s.closing = true
	ends := s.leaving
	for _, list := range s.endpoints {
		for _, e := range list {
			e.Finish()
			ends = append(ends, e)
		}
	}
	s.endpoints, s.leaving = nil, nil
	s.endMu.Unlock()
	defer close(s.done)

	before := s.drops[pipe.DropLinger].Load()
	s.refuseCalls()
	s.retireAll()
	s.finishLinks()
	for _, e := range ends {
		e.Wait(ctx)
	}
	s.events.close()
	return int(s.drops[pipe.DropLinger].Load() - before)
}

// refuseCalls has every call return ErrClosed.
func (s *Socket) refuseCalls() {
	s.lockBoth()
	s.closed.Store(true)
	s.unlockBoth()
	close(s.closedc)
	s.peers.close()
}

// retireAll takes every pipe from the pattern, closes it behind what is
// queued to it and drops what is queued from it.
func (s *Socket) retireAll() {
	for _, p := range s.peers.all() {
		s.Retire(p)
		if p.In != nil {
			s.recvMu.Lock()
			s.drops.Add(pipe.DropUnread, p.In.Kill())
			s.recvMu.Unlock()
		}
	}
}

func (s *Socket) finishLinks() {
	s.linkMu.Lock()
	links := make([]*inproc.Link, 0, len(s.links))
	for l := range s.links {
		links = append(links, l)
	}
	s.linkMu.Unlock()
	for _, l := range links {
		l.Finish(s)
	}
}
