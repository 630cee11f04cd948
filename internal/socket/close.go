package socket

import (
	"context"
	"time"

	"github.com/zerobroker/zmq/internal/inproc"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Linger is how long Close is to wait for messages to be written, as the options
// say; negative without limit.
func (s *Socket) Linger() time.Duration { return s.opts.Linger }

// Close ends the socket. It returns when every message that was queued is
// written, and as far as anybody knows has arrived with the peer's system, or
// when ctx ends. It reports what may not have arrived. All other calls return
// ErrClosed from now on. Further calls of Close wait for the same end and get
// the same answer; the first ctx of any of them that ends ends it for all.
//
// In this order: a message of which not all frames were sent is dropped; nobody
// can send or receive any more; what was received and not read is dropped, so
// that connections need not wait for room; every endpoint stops taking new peers
// and lets its queues run out; and last all of them are waited for.
func (s *Socket) Close(ctx context.Context) Loss {
	stop := context.AfterFunc(ctx, s.giveUp)
	defer stop()
	s.endLookups()
	s.endMu.Lock()
	if s.closing {
		s.endMu.Unlock()
		<-s.done
		return Loss{s.unsent, int(s.underWay.Load()), true}
	}
	s.closing = true
	abandoned := s.abandonFrames()
	ends := s.takeLeaving()
	for _, list := range s.endpoints {
		for _, e := range list {
			e.Finish()
			ends = append(ends, e.endpoint)
		}
	}
	s.tableMu.Lock()
	s.endpoints = nil
	s.tableMu.Unlock()
	s.endMu.Unlock()
	defer close(s.done)

	before := s.lost()
	s.refuseCalls()
	s.forgetFrames()
	s.retireAll()
	s.finishLinks()
	for _, e := range ends {
		e.Wait(s.patience)
	}
	s.giveUp()
	s.events.close()
	s.closeLog()
	s.unsent = s.lost() - before + abandoned
	return Loss{s.unsent, int(s.underWay.Load()), false}
}

// Loss is what Close reports.
type Loss struct {
	Unsent      int  // messages that were not written
	Unconfirmed int  // connections that ended before what was written had arrived
	Repeated    bool // another call of Close came first
}

// lost is how many messages were queued to be sent and could not be.
func (s *Socket) lost() (n int) {
	for _, why := range []pipe.Drop{pipe.DropLinger, pipe.DropConnLost, pipe.DropInFlight} {
		n += int(s.drops[why].Load())
	}
	return n
}

// Undelivered is for sessions: a connection was given up before what was
// written to it had arrived.
func (s *Socket) Undelivered() { s.underWay.Add(1) }

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
		s.unhear(p)
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
