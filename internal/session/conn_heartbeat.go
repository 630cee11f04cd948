package session

import (
	"errors"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/transport"
)

// armLocked sets the timer for the next PING or timeout. The caller holds mu.
func (c *conn) armLocked(now time.Time) {
	c.heardLocked()
	next := c.heartbeat.Next()
	if next.IsZero() || c.state.ending() {
		return
	}
	d := max(next.Sub(now), 0)
	if c.timer == nil {
		c.timer = time.AfterFunc(d, c.beat)
		return
	}
	c.timer.Reset(d)
}

// pingPoint is a PING and how many messages were sent before it: when it is
// answered, the peer has read them.
type pingPoint struct {
	ping uint64
	sent uint32
}

// beat is called by the timer. It does not close the connection of a peer that
// has been silent for too long: the reader may be late, as in a process that was
// stopped, and bytes of the peer may be unread. So it interrupts the reader, which
// decides (confirmSilence).
func (c *conn) beat() {
	if c.tick() {
		c.nc.SetReadDeadline(interrupted)
	}
}

// interrupted is a read deadline that has passed.
var interrupted = time.Unix(1, 0)

// tick sends a PING if one is due, and reports whether the peer has been silent
// for too long. If not, it sets the timer again. A peer that may have unread
// messages is not silent as long as its system answers: its application may be
// slow, and then it does not read the PING either (decision 13, rule 2).
func (c *conn) tick() (silent bool) {
	now := time.Now()
	c.mu.Lock()
	unread := c.sent.Load() != c.readTo
	c.mu.Unlock()
	unread = unread && !transport.Unreachable(c.nc, c.cfg.HeartbeatTimeout)
	c.mu.Lock()
	if c.state.ending() {
		c.mu.Unlock()
		return false
	}
	c.heardLocked()
	ping, silent := c.heartbeat.Tick(now, unread)
	if ping {
		c.pingLocked()
	}
	if !silent {
		c.armLocked(now)
	}
	c.mu.Unlock()
	if ping {
		c.flushControl()
	}
	return silent
}

// confirmSilence is called by the reader when beat has interrupted it. Only the
// reader reads, so bytes of the peer are either noted or unread. It returns nil
// if there are any.
func (c *conn) confirmSilence() error {
	c.nc.SetReadDeadline(time.Time{})
	if transport.Readable(c.nc) {
		c.noteArrival()
	}
	if c.tick() {
		return &engine.Error{Reason: engine.CloseHeartbeatTimeout, Err: errSilence}
	}
	return nil
}

var errSilence = errors.New("peer is silent")

// pingLocked queues a PING, unless many are queued already because the peer does
// not read. The caller holds mu.
func (c *conn) pingLocked() {
	if len(c.control) < maxControlForPing {
		c.pings++
		c.asked = pingPoint{c.pings, c.sent.Load()}
		c.control = engine.AppendPing(c.control, c.cfg.HeartbeatTTL, c.pings)
	}
}

const maxControlForPing = 4 << 10
