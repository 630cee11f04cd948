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
// In this order: calls return ErrClosed, and connections count what peers send
// and drop it; a message of which not all frames were sent is dropped; every
// endpoint stops accepting peers and writes what is queued; messages received and
// not read are dropped, so that connections need not wait for room; and last
// Close waits for all endpoints, and for the log handler to return from the last
// record. So a log handler must not wait for Close.
func (s *Socket) Close(ctx context.Context) Loss {
	stop := context.AfterFunc(ctx, s.giveUp)
	defer stop()
	// Before any lock: calls that receive unwanted messages and connections that
	// pass messages on would compete for the locks as long as peers send.
	s.closed.Store(true)
	s.endLookups()
	s.endMu.Lock()
	if s.closing {
		s.endMu.Unlock()
		<-s.done
		return Loss{s.unsent, int(s.underWay.Load()), true}
	}
	s.closing = true
	abandoned := s.abandonFrames()
	before := s.lost()
	s.refuseCalls()
	ends := s.takeLeaving()
	// Names first: a place that the end of another endpoint frees is not for a
	// peer that waits for it.
	for _, list := range s.endpoints {
		for _, e := range list {
			if b, ok := e.endpoint.(*boundName); ok {
				b.Finish()
			}
		}
	}
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

	s.forgetFrames()
	s.retireAll()
	s.finishLinks()
	for _, e := range ends {
		e.Wait(s.patience)
	}
	s.giveUp()
	s.events.close()
	s.log.close()
	s.unsent = s.lost() - before + abandoned
	return Loss{s.unsent, int(s.underWay.Load()), false}
}

// Loss is what Close reports.
type Loss struct {
	Unsent      int  // messages that were not written
	Unconfirmed int  // connections that ended before what was written had arrived
	Repeated    bool // another call of Close came first
}

// lost is how many messages were queued to be sent and were not received as far
// as is known.
func (s *Socket) lost() (n int) {
	for _, why := range []pipe.Drop{pipe.DropLinger, pipe.DropConnLost, pipe.DropInFlight, pipe.DropRejected} {
		n += int(s.drops[why].Load())
	}
	return n
}

// Undelivered is for sessions: a connection was given up before what was
// written to it had arrived.
func (s *Socket) Undelivered() { s.underWay.Add(1) }

// refuseCalls waits until no call is under way that has not seen closed, and
// wakes those that wait: they return ErrClosed.
func (s *Socket) refuseCalls() {
	s.lockBoth()
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
