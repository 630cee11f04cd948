package session

import "time"

// maxCommands is how many commands other than subscriptions a peer may send in
// commandPeriod. Heartbeats need one or two a second, and a subscriber that waits
// for its publisher two for each call.
const (
	maxCommands   = 1000
	commandPeriod = time.Second
)

// throttledRead is how many bytes are read at a time from a peer that sends more:
// at most 1,820 PINGs, and enough to find the end of a closed connection.
const throttledRead = 16 << 10

// throttle counts the commands of a connection's peer.
type throttle struct {
	seen     uint64    // of the engine's count
	since    time.Time // the beginning of the period
	count    uint64    // commands in it
	on       bool      // the last period had too many
	reported bool      // the event was reported
}

// throttle stops reading for the rest of a period in which the peer has sent too
// many commands. Other connections then get the processor, and the peer's writes
// block. At most one read exceeds the limit.
func (c *conn) throttle(r *reader) {
	t := &r.throttle
	n := c.engine.Commands() - t.seen
	if n == 0 {
		return
	}
	t.seen += n
	now := time.Now()
	if now.Sub(t.since) >= commandPeriod {
		t.on = t.on && n > maxCommands/2 // only if this read alone has half of the limit
		t.since, t.count = now, 0
	}
	if t.count += n; t.count <= maxCommands {
		return
	}
	if t.on = true; !t.reported {
		t.reported = true
		c.cfg.Host.Event(c.event(Throttled))
	}
	c.pause(true)
	c.sleep(t.since.Add(commandPeriod).Sub(now))
	c.pause(false)
}

// sleep waits for d, or until the connection is closed.
func (c *conn) sleep(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		// Before the wait: the reader may have taken the signal of the close already.
		if c.closed() {
			return
		}
		select {
		case <-timer.C:
			return
		case <-c.room.wait():
			// Capacity in the queue does not end the wait.
		}
	}
}
