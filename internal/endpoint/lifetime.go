// Package endpoint has the lifetime of an endpoint: its states, the transitions
// between them, and the status that the API shows. Sessions and inproc links
// serve endpoints and make the transitions. The package does not know what
// serves an endpoint, or how.
package endpoint

import (
	"context"
	"slices"
	"sync/atomic"
	"time"
)

// State is where an endpoint is in its lifetime.
type State uint8

const (
	// Listening is the state of a bound endpoint: connections are accepted, or
	// datagrams received.
	Listening State = iota + 1
	// Connecting means that an attempt to connect is in progress or about to
	// begin, or that no socket bound to the inproc name has accepted the link.
	Connecting
	// Handshaking means that a connection exists and its handshake is not
	// complete.
	Handshaking
	// Connected means that the handshake is complete, the inproc link joined, or
	// the destination of datagrams known.
	Connected
	// Waiting means that there is no connection, and that the next attempt
	// follows after a delay.
	Waiting
	// Finishing follows Unbind, Disconnect or Close of the socket. No peer is
	// accepted any more. Queued messages are still written while the linger time
	// lasts, for which a connected endpoint may connect again.
	Finishing
	// Closing means that no more messages are written, because none is queued,
	// the linger time has ended, or a failed attempt is not repeated. What is
	// queued is dropped, and the goroutines of the endpoint end.
	Closing
	// Closed is the end: the endpoint has no goroutine and no connection.
	Closed

	numStates
)

var stateNames = [numStates]string{
	"unknown", "listening", "connecting", "handshaking", "connected", "waiting", "finishing", "closing", "closed",
}

// String returns the state in words.
func (s State) String() string {
	if s < numStates {
		return stateNames[s]
	}
	return stateNames[0]
}

// transitions lists the states that may follow each state.
var transitions = [numStates][]State{
	Listening:   {Finishing, Closing, Closed},
	Connecting:  {Connecting, Handshaking, Connected, Waiting, Finishing, Closing, Closed},
	Handshaking: {Connected, Waiting, Finishing, Closing, Closed},
	Connected:   {Waiting, Finishing, Closing, Closed},
	Waiting:     {Connecting, Finishing, Closing, Closed},
	Finishing:   {Closing, Closed},
	Closing:     {Closed},
	Closed:      {},
}

// Active reports whether the socket is bound or connected to the endpoint.
func (s State) Active() bool { return s < Finishing }

// Writes reports whether queued messages may still be written.
func (s State) Writes() bool { return s < Closing }

// Status describes an endpoint at one moment.
type Status struct {
	State    State
	Since    time.Time // when it entered the state
	Attempts int       // attempts to connect since the last complete handshake
	Err      error     // last failure since the last complete handshake, nil if there was none
	Peers    int       // connections whose handshake is complete
}

// Lifetime is the state of one endpoint and its history. Its methods may be
// called concurrently and take no lock. A transition that is not in the table
// does nothing: its caller is too late.
type Lifetime struct {
	status atomic.Pointer[Status] // of an endpoint without peers
	closed chan struct{}          // closed when the state is Closed
}

// New returns the lifetime of an endpoint that begins with state first.
func New(first State) *Lifetime {
	l := &Lifetime{closed: make(chan struct{})}
	l.status.Store(&Status{State: first, Since: time.Now()})
	return l
}

// State returns the current state.
func (l *Lifetime) State() State { return l.status.Load().State }

// Status describes the endpoint. Its only peer, if it is Connected, is counted.
// A Closing endpoint is described as Closed, which it is soon.
func (l *Lifetime) Status() Status {
	s := *l.status.Load()
	switch s.State {
	case Connected:
		s.Peers = 1
	case Closing:
		s.State = Closed
	}
	return s
}

// update changes the status by f, unless f returns false.
func (l *Lifetime) update(f func(s *Status) bool) bool {
	for {
		old := l.status.Load()
		changed := *old
		if !f(&changed) {
			return false
		}
		if l.status.CompareAndSwap(old, &changed) {
			return true
		}
	}
}

// enter changes the state if the table allows it, and reports whether it did.
func (s *Status) enter(to State) bool {
	if !slices.Contains(transitions[s.State], to) {
		return false
	}
	s.State, s.Since = to, time.Now()
	return true
}

// Attempt begins an attempt to connect.
func (l *Lifetime) Attempt() {
	l.update(func(s *Status) bool {
		s.Attempts++
		return s.enter(Connecting)
	})
}

// Handshake begins the handshake of a connection.
func (l *Lifetime) Handshake() {
	l.update(func(s *Status) bool { return s.enter(Handshaking) })
}

// Connect records that the endpoint has its peer.
func (l *Lifetime) Connect() {
	l.update(func(s *Status) bool {
		s.Attempts, s.Err = 0, nil
		return s.enter(Connected)
	})
}

// Retry records that an attempt has failed or a connection is lost, because of
// err, and that the next attempt follows after a delay.
func (l *Lifetime) Retry(err error) {
	l.update(func(s *Status) bool {
		s.fail(err)
		return s.enter(Waiting)
	})
}

// Fail records a failure that does not change the state. Nil is no failure.
func (l *Lifetime) Fail(err error) {
	l.update(func(s *Status) bool {
		s.fail(err)
		return s.State.Active()
	})
}

func (s *Status) fail(err error) {
	if err != nil {
		s.Err = err
	}
}

// Recover records that a bound endpoint has a new peer, so that an earlier
// failure is history.
func (l *Lifetime) Recover() {
	l.update(func(s *Status) bool {
		s.Err = nil
		return s.State.Active()
	})
}

// Finish begins the end of an active endpoint, and reports whether it was
// active.
func (l *Lifetime) Finish() bool {
	return l.update(func(s *Status) bool { return s.enter(Finishing) })
}

// Abort ends writing, and reports whether it had not ended before.
func (l *Lifetime) Abort() bool {
	return l.update(func(s *Status) bool { return s.enter(Closing) })
}

// Close enters the last state.
func (l *Lifetime) Close() {
	if l.update(func(s *Status) bool { return s.enter(Closed) }) {
		close(l.closed)
	}
}

// Wait waits until the state is Closed. If ctx ends before, Wait calls abort,
// which must cause that.
func (l *Lifetime) Wait(ctx context.Context, abort func()) {
	select {
	case <-l.closed:
	case <-ctx.Done():
		abort()
		<-l.closed
	}
}
