package session

import (
	"sync"
	"time"
)

// State is what an endpoint does.
type State uint8

// The states of endpoints. A bound one is listening until it is closed.
const (
	StateListening   State = iota + 1 // bound: it accepts connections
	StateConnecting                   // an attempt to connect is in progress
	StateHandshaking                  // connected; the handshake is not complete
	StateConnected                    // the handshake is complete
	StateWaiting                      // it waits before the next attempt
	StateClosed                       // it has ended, and is not retried
)

var stateNames = [...]string{
	StateListening: "listening", StateConnecting: "connecting", StateHandshaking: "handshaking",
	StateConnected: "connected", StateWaiting: "waiting", StateClosed: "closed",
}

// String returns the state in words.
func (s State) String() string {
	if s > 0 && int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// Status describes an endpoint at one moment.
type Status struct {
	State    State
	Since    time.Time // when it entered the state
	Attempts int       // attempts to connect since the last complete handshake
	Err      error     // last failure since the last complete handshake, nil if there was none
	Peers    int       // connections whose handshake is complete
}

// tracker keeps the status of one endpoint, except the number of its peers. Its
// lock is a leaf.
type tracker struct {
	mu sync.Mutex
	s  Status
}

func (t *tracker) get() Status {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.s
}

// enter changes the state.
func (t *tracker) enter(state State) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.enterLocked(state)
}

func (t *tracker) enterLocked(state State) {
	if t.s.State != state {
		t.s.State, t.s.Since = state, time.Now()
	}
}

// attempt records the start of an attempt to connect.
func (t *tracker) attempt() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.enterLocked(StateConnecting)
	t.s.Attempts++
}

// connected records that a handshake is complete.
func (t *tracker) connected() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.s.Attempts, t.s.Err = 0, nil
	if t.s.State != StateListening {
		t.enterLocked(StateConnected)
	}
}

// failed records a failure and the state after it.
func (t *tracker) failed(state State, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.enterLocked(state)
	if err != nil {
		t.s.Err = err
	}
}

// Status describes the endpoint.
func (d *Dialer) Status() Status {
	s := d.status.get()
	if s.State == StateConnected {
		s.Peers = 1
	}
	return s
}

// Status describes the endpoint.
func (l *Listener) Status() Status {
	s := l.status.get()
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		if c.joined {
			s.Peers++
		}
	}
	return s
}

// Status describes the endpoint. A bound one has no known peers; the destination of
// a connected one counts as a peer.
func (d *Datagrams) Status() Status {
	s := d.status.get()
	if s.State == StateConnected {
		s.Peers = 1
	}
	return s
}
