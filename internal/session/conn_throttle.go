package session

import "time"

// maxCommands is how many commands other than subscriptions a peer may send in
// commandPeriod. Heartbeats need one or two a second, and a subscriber that waits
// for its publisher two for each call.
const (
	maxCommands   = 1000
	commandPeriod = time.Second
)

// throttledRead is how much is read at a time from a peer that sends more: at
// most 1,820 PINGs, and enough to find the end of a peer that has gone.
const throttledRead = 16 << 10

// throttle is what the reader of a connection knows of its peer's commands.
type throttle struct {
	seen  uint64    // of the engine's count
	since time.Time // the beginning of the period
	count uint64    // commands in it
	on    bool      // the last period had too many
	told  bool      // the event was reported
}

// throttle stops reading for the rest of a period in which the peer has sent too
// many commands. Other connections then get the processor, and the peer finds
// its own buffers full. What one read brought before is all that is above the
// limit.
func (c *conn) throttle(r *reader) {
	t := &r.throttle
	n := c.engine.Commands() - t.seen
	if n == 0 {
		return
	}
	t.seen += n
	now := time.Now()
	if now.Sub(t.since) >= commandPeriod {
		t.on = t.on && n > maxCommands/2 // it still sends all that it may
		t.since, t.count = now, 0
	}
	if t.count += n; t.count <= maxCommands {
		return
	}
	if t.on = true; !t.told {
		t.told = true
		c.cfg.Host.Event(c.event(Throttled))
	}
	c.pause(true)
	c.sleep(t.since.Add(commandPeriod).Sub(now))
	c.pause(false)
}

// sleep waits for a time, or until the connection is closed.
func (c *conn) sleep(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return
		case <-c.room:
			// Room in the queue is nothing that is waited for here.
		}
		c.mu.Lock()
		closed := c.state == stateClosed
		c.mu.Unlock()
		if closed {
			return
		}
	}
}
