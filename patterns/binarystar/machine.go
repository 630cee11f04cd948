package binarystar

import "time"

// Role is the fixed role of a server in its pair.
type Role uint8

const (
	Primary Role = iota + 1 // becomes active first
	Backup                  // takes over when the primary has failed
)

// State is the state of a server. The values are those that the Guide's servers send.
type State uint8

const (
	StatePrimary State = iota + 1 // a primary that has not heard from its peer
	StateBackup                   // a backup that has not heard from its peer
	StateActive                   // serves the clients
	StatePassive                  // waits for the peer to fail
)

// String returns the name of the state, such as "active".
func (s State) String() string {
	names := [...]string{"", "primary", "backup", "active", "passive"}
	if s == 0 || int(s) >= len(names) {
		return "unknown"
	}
	return names[s]
}

// Machine is the state machine of one server, without sockets and clock. Its zero value
// is not valid. It is not safe for concurrent use.
//
// The rules are those of the Guide, with two exceptions, in which the Guide's server
// aborts: of two active servers the backup becomes passive, and of two passive servers the
// primary becomes active.
type Machine struct {
	role      Role
	heartbeat time.Duration
	state     State
	expiry    time.Time // the peer is considered to have failed from then on
}

// NewMachine returns the machine of a server that starts at now. A peer that is silent for
// two heartbeats is considered to have failed.
func NewMachine(role Role, heartbeat time.Duration, now time.Time) *Machine {
	m := &Machine{role: role, heartbeat: heartbeat, state: StatePrimary, expiry: now.Add(2 * heartbeat)}
	if role == Backup {
		m.state = StateBackup
	}
	return m
}

// State returns the current state.
func (m *Machine) State() State { return m.state }

// PeerFailed reports whether the peer has been silent for two heartbeats.
func (m *Machine) PeerFailed(now time.Time) bool { return !now.Before(m.expiry) }

// Peer processes the state that the peer has sent, and reports whether the own state has
// changed.
func (m *Machine) Peer(now time.Time, peer State) (changed bool) {
	m.expiry = now.Add(2 * m.heartbeat)
	before := m.state
	switch m.state {
	case StatePrimary:
		// A passive peer has the state of the clients and becomes active by itself.
		switch peer {
		case StateBackup:
			m.state = StateActive
		case StateActive:
			m.state = StatePassive
		}
	case StateBackup:
		if peer == StateActive {
			m.state = StatePassive
		}
	case StateActive:
		if peer == StateActive && m.role == Backup {
			m.state = StatePassive
		}
	case StatePassive:
		switch {
		case peer == StatePrimary, peer == StateBackup: // it has restarted
			m.state = StateActive
		case peer == StatePassive && m.role == Primary:
			m.state = StateActive
		}
	}
	return m.state != before
}

// Request processes the request of a client, which is a vote: a server becomes active only
// if a client requests it, that is, can reach it. serve reports whether the server serves
// the request, and changed whether its state has changed.
func (m *Machine) Request(now time.Time) (serve, changed bool) {
	switch m.state {
	case StateActive:
		return true, false
	case StatePrimary, StatePassive:
		if m.PeerFailed(now) {
			m.state = StateActive
			return true, true
		}
	}
	return false, false
}
