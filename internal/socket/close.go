package socket

import (
	"context"
	"time"

	"github.com/zerobroker/zmq/internal/pipe"
)

// Linger returns how long Close should wait for messages to be written, as the
// options specify; negative is without limit.
func (s *Socket) Linger() time.Duration { return s.opts.Load().Linger }

// Loss is what Close reports.
type Loss struct {
	Unsent      int   // messages that were not written
	Unconfirmed int   // connections that ended before all that was written had arrived
	Ended       error // of the context that ended the waiting, of any call of Close; nil if none did
	Repeated    bool  // another call of Close came first
}

// Close closes the socket. It returns when every queued message is written and,
// where the system reports it, has arrived at the peer's system, or when ctx ends.
// It reports the messages and connections for which this is not certain. All other
// calls return ErrClosed from the beginning of Close. Further calls of Close wait
// for the first and return the same numbers; the first of their contexts that ends
// applies to all.
//
// In this order: calls return ErrClosed, and connections count and drop what peers
// send; a message of which not all frames were sent is dropped; messages that were
// received and not read are dropped, so that no connection waits for room; every
// endpoint stops accepting peers and writes what is queued; Close waits for all
// endpoints, and for the log handler to return from the last record. So a log
// handler must not wait for Close.
func (s *Socket) Close(ctx context.Context) Loss {
	stop := context.AfterFunc(ctx, func() { s.cancelLinger(endOf(ctx)) })
	defer stop()
	if !s.begin() {
		<-s.closeEnd
		return s.loss(true)
	}
	s.table.opMu.Lock()
	abandoned := s.Frames().dropUnsent()
	before := lost(&s.drops)
	s.endOpenCalls()
	s.Frames().dropUnread()
	s.dropReturned()
	for _, p := range s.peers.all() {
		// Before its subscriptions are removed: no cancellation is queued and then
		// dropped.
		s.discardReceived(p)
	}
	ends := s.table.finishAll()
	s.table.opMu.Unlock()

	for _, p := range s.peers.all() {
		pipeOwner{s}.Retire(p)
		s.discardReceived(p) // a link may have given the pipe its In meanwhile
	}
	for _, l := range s.table.allLinks() {
		l.Finish(s.inprocEnd())
	}
	for _, e := range ends {
		e.Wait(s.lingerCtx)
	}
	ended := context.Cause(s.lingerCtx)
	s.cancelLinger(nil)
	s.closeEvents()
	s.finish(lost(&s.drops)-before+abandoned, ended)
	return s.loss(false)
}

// endOf returns why a context has ended: its cause if that says more than its
// error.
func endOf(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if EndedBy(ctx, cause) {
		return cause
	}
	return err
}

// endOpenCalls waits until all calls that found the socket open have returned or
// wait, and wakes those that wait.
func (s *Socket) endOpenCalls() {
	s.lockBoth()
	s.unlockBoth()
	s.endCalls()
	s.inbox.pass() // for the channels of Ready and AddWaker, which callsEnd does not end
	s.peers.close()
}

// lost returns how many queued messages were dropped because they could not be
// sent, or were not received.
func lost(drops *pipe.Drops) (n int) {
	for _, why := range []pipe.Drop{pipe.DropLinger, pipe.DropConnLost, pipe.DropInFlight, pipe.DropRejected} {
		n += int(drops[why].Load())
	}
	return n
}
