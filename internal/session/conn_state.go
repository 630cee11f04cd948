package session

// connState is where a connection is in its lifetime. For each state the
// comment says what the three parties do in it: the reader (the goroutine that
// runs conn.open, and then that which runs conn.traffic), the flusher (the
// goroutine that writes, see flusherState) and the timer (conn.timer).
//
// Two facts are not states, because they can be true in several: conn.finishing
// (the socket has asked for the end of the connection) and conn.lingerEnded (the
// reason of the end).
type connState uint8

const (
	// stateHandshake lasts until the engine is ready and the host has taken the
	// peer (https://rfc.zeromq.org/spec/37/#overall-behavior).
	// The reader reads and writes greetings and commands, limited by
	// Config.HandshakeTimeout. No flusher starts: the subscriptions must precede
	// the first message. The timer is not set.
	stateHandshake connState = iota

	// stateOpen is traffic. The reader receives and the flusher writes. The timer
	// is the heartbeat (https://rfc.zeromq.org/spec/37/#connection-heartbeating).
	stateOpen

	// stateHalfClosed is traffic of a STREAM whose peer has ended its sending
	// direction (docs/decisions/0014-stream.md). The reader has nothing to read
	// and waits for the end of writing, at most Config.HalfClose without a write.
	// The flusher writes. The timer is not set: a raw engine has no heartbeat.
	stateHalfClosed

	// stateRejecting follows input that cannot be received, from a peer that
	// accepts an ERROR after the handshake (docs/DEVIATIONS.md#rejection).
	// The reader discards input for at most refuseWait. The flusher writes what
	// it has already taken, then the ERROR, and takes no more messages. The timer
	// is stopped; if the socket finishes the connection it closes it after
	// peerCloseWait.
	stateRejecting

	// stateRejected follows when the ERROR is written and our sending direction is
	// ended, or writing has failed. The reader discards input until the peer
	// closes or refuseWait is over, so that no TCP reset destroys the ERROR. No
	// flusher starts. The timer is as in stateRejecting.
	stateRejected

	// stateWriteClosed follows a finishing connection's last message: our sending
	// direction is ended next (docs/decisions/0013-heartbeat-slow-peers.md, rule 4).
	// The reader receives until the peer closes. No flusher starts. The timer
	// closes the connection when the peer's system has acknowledged all bytes.
	stateWriteClosed

	// stateWriteFailed follows a failed write
	// (docs/decisions/0013-heartbeat-slow-peers.md, rule 3). The reader receives
	// what has arrived, to its end. The flusher that failed waits for the reader's
	// end before it accounts for its batch; no other starts. The timer sends no
	// PINGs; if the socket finishes the connection it closes it after
	// peerCloseWait.
	stateWriteFailed

	// stateClosed is the end: the net.Conn is closed or is being closed. The
	// reader and the flusher end at their next call of the net.Conn. The timer is
	// stopped.
	stateClosed

	numConnStates
)

// connStateNames are for test failures.
var connStateNames = [numConnStates]string{
	"handshake", "open", "half-closed", "rejecting", "rejected", "write-closed", "write-failed", "closed",
}

func (s connState) String() string { return connStateNames[s] }

// connTransitions lists the states that may follow each state.
var connTransitions = [numConnStates][]connState{
	stateHandshake:   {stateOpen, stateWriteFailed, stateClosed},
	stateOpen:        {stateHalfClosed, stateRejecting, stateWriteClosed, stateWriteFailed, stateClosed},
	stateHalfClosed:  {stateWriteClosed, stateWriteFailed, stateClosed},
	stateRejecting:   {stateRejected, stateClosed},
	stateRejected:    {stateClosed},
	stateWriteClosed: {stateClosed},
	stateWriteFailed: {stateClosed},
	stateClosed:      {},
}

// writable reports whether a flusher may start.
func (s connState) writable() bool {
	return s == stateOpen || s == stateHalfClosed || s == stateRejecting
}

// ending reports whether the end of the connection is decided. Heartbeats stop
// then, because the peer may have closed the connection.
func (s connState) ending() bool { return s > stateHalfClosed }

// enterLocked changes the state if connTransitions allows it, and reports
// whether it did. The reader, the flusher, the timer and the socket may each
// want to end the connection, and the first of them decides: a caller whose
// transition is not allowed has come too late and does nothing. The caller
// holds mu.
func (c *conn) enterLocked(to connState) bool {
	for _, s := range connTransitions[c.state] {
		if s == to {
			c.state = to
			return true
		}
	}
	return false
}

// openLocked begins traffic, unless writing has failed already or the
// connection is closed. The caller holds mu.
func (c *conn) openLocked() { c.enterLocked(stateOpen) }

// halfCloseLocked records that the peer of a raw connection has closed its
// sending direction. A connection that is ending stays in its state. The caller
// holds mu.
func (c *conn) halfCloseLocked() { c.enterLocked(stateHalfClosed) }

// beginRejectLocked begins the end of a connection by an ERROR, because of err.
// The caller holds mu.
func (c *conn) beginRejectLocked(err error) bool {
	if !c.enterLocked(stateRejecting) {
		return false
	}
	c.err = err
	return true
}

// endRejectLocked records that the flusher has written all output, and reports
// whether the ERROR was the last. The caller holds mu.
func (c *conn) endRejectLocked() bool { return c.enterLocked(stateRejected) }

// closeWriteLocked records that the socket has finished the connection, so that
// nothing more is written. The caller holds mu and then closes our sending
// direction.
func (c *conn) closeWriteLocked() bool {
	if !c.enterLocked(stateWriteClosed) {
		return false
	}
	c.err = errFinished
	return true
}

// failWriteLocked ends writing because of err. A rejecting connection keeps the
// reason of the rejection. The caller holds mu.
func (c *conn) failWriteLocked(err error) {
	if c.state == stateRejecting {
		c.enterLocked(stateRejected)
	} else if c.enterLocked(stateWriteFailed) {
		c.err = err
	}
}

// enterClosedLocked closes the connection for good because of err, unless it has
// another reason to end. It reports false if the connection is closed already.
// The caller holds mu.
func (c *conn) enterClosedLocked(err error) bool {
	if !c.enterLocked(stateClosed) {
		return false
	}
	if c.err == nil {
		c.err = err
	}
	return true
}
