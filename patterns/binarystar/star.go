// Package binarystar decides which of two servers is active: the Binary Star pattern of
// chapter 4 of the ZeroMQ Guide.
//
// The two servers send each other their state. The primary becomes active first. The
// passive one becomes active if the other one has been silent for two heartbeats and a
// client requests its service: the request is a vote, which prevents that both become
// active because the network between them has failed, as long as clients reach only one of
// them. [Machine] has the rules; [Star] runs it over a PUB and a SUB.
//
//	star, err := binarystar.New(&binarystar.Options{Role: binarystar.Primary,
//		Bind: "tcp://*:5003", Peer: "tcp://backup:5004"})
//	go star.Run(ctx)
//	...
//	if star.Request() { // for each request of a client
//		... // serve it
//	}
//
// # Promise
//
// If both servers are connected to each other, at most one of them is active, except for
// up to one heartbeat after both were. Nothing prevents two active servers if clients reach
// both while the servers do not reach each other; the backup becomes passive as soon as
// they do.
package binarystar

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zmqstat"
)

var (
	// ErrClosed is returned by [Star.Run] when the star is closed. It is [zmq.ErrClosed].
	ErrClosed = zmq.ErrClosed
	// ErrInvalidOption is matched by the error of [New] for invalid options. It is
	// [zmq.ErrInvalidOption].
	ErrInvalidOption = zmq.ErrInvalidOption
)

// Options configure a [Star].
type Options struct {
	// Socket has options for the PUB and the SUB. Only options that both types have may be
	// set. Default none.
	Socket *zmq.Options

	// Role is the role of this server. It is required, and differs from that of the peer.
	Role Role

	// Bind is the endpoint at which this server sends its state, and Peer the one of the
	// peer. Both are required.
	Bind, Peer string

	// Heartbeat is the time between two messages to the peer, and must be the same for
	// both servers. Default 1 s.
	Heartbeat time.Duration

	// OnChange is called with each new state, in the order of the changes, by a goroutine
	// that calls Run or Request. It must not call the Star. Default none.
	OnChange func(State)

	// Sockets is a registry to which the sockets are added. Default none.
	Sockets *zmqstat.Registry
}

// Stats are the counters of a [Star].
type Stats struct {
	State     State
	Changes   uint64 // changes of the state
	Malformed uint64 // messages of the peer that are not a state; they are dropped
}

// Star is one of two servers. All methods may be called concurrently.
type Star struct {
	o   Options
	pub *zmq.Pub
	sub *zmq.Sub

	mu      sync.Mutex // held during OnChange
	machine *Machine
	stats   Stats
}

// New returns a server that has bound its endpoint and connects to its peer. It is idle
// until [Star.Run]. The error matches [ErrInvalidOption] or those of [zmq.Socket.Bind] and
// [zmq.Connector.Connect].
func New(o *Options) (*Star, error) {
	if o == nil || o.Role != Primary && o.Role != Backup || o.Bind == "" || o.Peer == "" || o.Heartbeat < 0 {
		return nil, fmt.Errorf("binarystar: Role, Bind and Peer are required, Heartbeat is not negative: %w", ErrInvalidOption)
	}
	s := &Star{o: *o}
	if s.o.Heartbeat == 0 {
		s.o.Heartbeat = time.Second
	}
	s.machine = NewMachine(s.o.Role, s.o.Heartbeat, time.Now())
	var err error
	if s.pub, err = zmq.NewPub(o.Socket); err != nil {
		return nil, err
	}
	if s.sub, err = zmq.NewSub(o.Socket); err != nil {
		return nil, errors.Join(err, s.pub.Close())
	}
	_, err = s.pub.Bind(o.Bind)
	if err = errors.Join(err, s.sub.Subscribe(""), s.sub.Connect(o.Peer)); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if o.Sockets != nil {
		o.Sockets.Add("", s.pub.Socket, s.sub.Socket)
	}
	return s, nil
}

// Run exchanges states with the peer until ctx ends or the star is closed. It returns the
// error of ctx or [ErrClosed].
func (s *Star) Run(ctx context.Context) error {
	ticker := time.NewTicker(s.o.Heartbeat)
	defer ticker.Stop()
	for {
		if err := s.send(ctx); err != nil {
			return err
		}
		for tick := false; !tick; {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-ticker.C:
				tick = true
			case <-s.sub.Ready():
				changed, err := s.receive()
				if err != nil {
					return err
				}
				tick = changed // the peer has to know the new state
			}
		}
	}
}

// send sends the state to the peer, as a digit.
func (s *Star) send(ctx context.Context) error {
	return s.pub.Send(ctx, []byte{'0' + byte(s.State())})
}

// receive takes one message of the peer.
func (s *Star) receive() (changed bool, err error) {
	m, err := s.sub.TryRecv()
	if errors.Is(err, zmq.ErrWouldBlock) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	peer, ok := decodeState(m)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !ok {
		s.stats.Malformed++
		return false, nil
	}
	changed = s.machine.Peer(time.Now(), peer)
	s.changed(changed)
	return changed, nil
}

// decodeState reads a message of the peer.
func decodeState(m zmq.Message) (State, bool) {
	if m.NumFrames() != 1 || len(m.Frame(0)) != 1 {
		return 0, false
	}
	state := State(m.Frame(0)[0] - '0')
	return state, state >= StatePrimary && state <= StatePassive
}

func (s *Star) changed(changed bool) {
	if changed {
		s.stats.Changes++
		if s.o.OnChange != nil {
			s.o.OnChange(s.machine.State())
		}
	}
}

// Request is called for each request of a client, and reports whether this server serves
// it. It may make the server active.
func (s *Star) Request() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	serve, changed := s.machine.Request(time.Now())
	s.changed(changed)
	return serve
}

// State returns the current state.
func (s *Star) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.machine.State()
}

// Stats returns the counters.
func (s *Star) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.State = s.machine.State()
	return st
}

// Close closes the sockets, which ends Run. Later calls return nil.
func (s *Star) Close() error { return errors.Join(s.pub.Close(), s.sub.Close()) }
