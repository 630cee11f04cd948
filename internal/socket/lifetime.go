package socket

import (
	"context"
	"sync/atomic"
)

// lifetime is the life of a socket: open, closing, closed. It only moves forward.
//
//	open     calls work
//	closing  Close has begun: calls return ErrClosed, endpoints end
//	closed   the first Close has returned
type lifetime struct {
	state    atomic.Int32
	callsEnd chan struct{} // closed by endCalls
	closeEnd chan struct{} // closed by finish

	unsent      int          // messages that Close reports as unsent; final when closed is
	ended       error        // why Close stopped waiting before all was written, or nil; final when closed is
	unconfirmed atomic.Int64 // connections that ended before all that was written to them had arrived

	lingerCtx     context.Context // ends when Close stops waiting for messages to be written
	cancelLinger  context.CancelCauseFunc
	cancelLookups context.CancelFunc // ends the name lookups of Bind
}

const (
	stateOpen int32 = iota
	stateClosing
	stateClosed
)

// open initialises the lifetime and returns the context of name lookups.
func (l *lifetime) open() (lookups context.Context) {
	l.callsEnd, l.closeEnd = make(chan struct{}), make(chan struct{})
	l.lingerCtx, l.cancelLinger = context.WithCancelCause(context.Background())
	lookups, l.cancelLookups = context.WithCancel(context.Background())
	return lookups
}

// isClosed reports whether Close has begun. A call that holds a lock and finds
// false may continue: Close takes the lock afterwards.
func (l *lifetime) isClosed() bool { return l.state.Load() != stateOpen }

// Closed reports whether Close was called.
func (l *lifetime) Closed() bool { return l.isClosed() }

// orClosed returns err, or ErrClosed instead of an error if Close has begun.
func (l *lifetime) orClosed(err error) error {
	if err != nil && l.isClosed() {
		return ErrClosed
	}
	return err
}

// begin moves from open to closing, and reports whether it did so; otherwise an
// earlier call of Close did. It takes no lock, because others may hold the locks for
// any length of time: calls that receive unwanted messages, connections that queue
// messages, and a Bind that looks up a name.
func (l *lifetime) begin() (first bool) {
	first = l.state.CompareAndSwap(stateOpen, stateClosing)
	l.cancelLookups()
	return first
}

// endCalls wakes the calls that wait. Calls that found the socket open have
// returned or wait.
func (l *lifetime) endCalls() { close(l.callsEnd) }

// finish moves from closing to closed.
func (l *lifetime) finish(unsent int, ended error) {
	l.unsent, l.ended = unsent, ended
	l.state.Store(stateClosed)
	close(l.closeEnd)
}

// loss returns the result of Close. The state must be closed.
func (l *lifetime) loss(repeated bool) Loss {
	return Loss{l.unsent, int(l.unconfirmed.Load()), l.ended, repeated}
}
