package engine

import "time"

// Heartbeat computes when to send a PING on one connection and when the peer
// has timed out. It has no timer: the caller passes the current time, and calls
// Tick at the time that Next returns.
// https://rfc.zeromq.org/spec/37/#connection-heartbeating
type Heartbeat struct {
	Interval time.Duration // silence before a PING, and time between PINGs; 0 sends none
	Timeout  time.Duration // time from a PING until any byte must arrive; 0 is no timeout
	SendsTTL bool          // PINGs carry a TTL, so the peer expects a PING per Interval even when not silent itself

	received time.Time     // when the last bytes arrived, or Resume was called
	lastPing time.Time     // when the last PING was sent, or Start was called
	waitFrom time.Time     // when the first PING since received was sent; zero: none
	peerTTL  time.Duration // the longest silence that the peer's PINGs allow; 0: no timeout
	paused   bool
}

// Start starts the heartbeat.
func (h *Heartbeat) Start(now time.Time) { h.received, h.lastPing = now, now }

// Received records that bytes arrived. Every byte counts, also one of a message
// that is not complete.
func (h *Heartbeat) Received(now time.Time) {
	h.received = now
	h.waitFrom = time.Time{}
}

// SetPeerTTL records the TTL of the peer's PING, in tenths of a second.
func (h *Heartbeat) SetPeerTTL(ttl uint16) { h.peerTTL = time.Duration(ttl) * (time.Second / 10) }

// Pause disables the timeouts while the connection does not read because its
// queue is full. It also stops the PINGs, unless they carry a TTL. A PING can
// lose messages: if the peer has closed the connection, its system answers the
// PING with a reset and discards the rest of the last message.
func (h *Heartbeat) Pause() { h.paused = true }

// Paused reports whether Pause was called and Resume was not called since.
func (h *Heartbeat) Paused() bool { return h.paused }

// Resume ends Pause and restarts the timeouts.
func (h *Heartbeat) Resume(now time.Time) {
	if h.paused {
		h.paused = false
		h.Received(now)
	}
}

// Tick reports whether to send a PING now and whether the peer has timed out.
// The caller calls it at the time that Next returns. If excused is set, the
// peer may still be reading earlier messages and not have read the PING, so
// Timeout starts again with the next PING.
func (h *Heartbeat) Tick(now time.Time, excused bool) (ping, timedOut bool) {
	if !h.paused {
		if h.peerTTL > 0 && now.Sub(h.received) >= h.peerTTL {
			return false, true
		}
		if h.Timeout > 0 && !h.waitFrom.IsZero() && now.Sub(h.waitFrom) >= h.Timeout {
			if !excused {
				return false, true
			}
			h.waitFrom = time.Time{}
		}
	}
	if due := h.pingDue(); !due.IsZero() && !now.Before(due) {
		h.lastPing = now
		if h.waitFrom.IsZero() {
			h.waitFrom = now
		}
		return true, false
	}
	return false, false
}

// pingDue returns when to send the next PING, or the zero time for never.
func (h *Heartbeat) pingDue() time.Time {
	switch {
	case h.Interval <= 0:
		return time.Time{}
	case h.SendsTTL:
		return h.lastPing.Add(h.Interval)
	case h.paused:
		return time.Time{}
	case h.received.After(h.lastPing):
		return h.received.Add(h.Interval)
	}
	return h.lastPing.Add(h.Interval)
}

// Next returns when to call Tick, or the zero time for never.
func (h *Heartbeat) Next() time.Time {
	var next time.Time
	consider := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	if due := h.pingDue(); !due.IsZero() {
		consider(due)
	}
	if h.paused {
		return next
	}
	if h.Timeout > 0 && !h.waitFrom.IsZero() {
		consider(h.waitFrom.Add(h.Timeout))
	}
	if h.peerTTL > 0 {
		consider(h.received.Add(h.peerTTL))
	}
	return next
}
