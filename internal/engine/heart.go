package engine

import "time"

// Heart watches one connection for silence: it says when to send a PING and
// when to give the peer up. It holds no timer; the time is an argument.
// https://rfc.zeromq.org/spec/37/#connection-heartbeating
type Heart struct {
	Interval time.Duration // between PINGs; 0: none
	Timeout  time.Duration // to wait for any byte after a PING; 0: for ever

	heard   time.Time     // the last sign of life
	beat    time.Time     // when the last PING was due
	pinged  time.Time     // the oldest PING with nothing heard since; zero: none
	lease   time.Duration // the peer's own word on how long it may be silent; 0: none
	skipped bool          // nobody was listening since Pause
}

// Start begins to watch.
func (h *Heart) Start(now time.Time) { h.heard, h.beat = now, now }

// Heard takes note that bytes arrived: any byte is a sign of life, also one of
// a message that is not whole.
func (h *Heart) Heard(now time.Time) {
	h.heard = now
	h.pinged = time.Time{}
}

// Lease takes note of a TTL in the peer's PING, in tenths of a second.
func (h *Heart) Lease(ttl uint16) { h.lease = time.Duration(ttl) * (time.Second / 10) }

// Pause says that nobody reads for now, because there is no room: silence then
// means nothing. Heard ends it. PINGs go on, for they tell the peer that we
// live although its own go unanswered.
func (h *Heart) Pause() { h.skipped = true }

// Resume says that reading goes on.
func (h *Heart) Resume(now time.Time) {
	if h.skipped {
		h.skipped = false
		h.Heard(now)
	}
}

// Tick is called when Next is due. It says whether to send a PING now and
// whether the peer has been silent for too long.
func (h *Heart) Tick(now time.Time) (ping, dead bool) {
	if !h.skipped {
		if h.lease > 0 && now.Sub(h.heard) >= h.lease {
			return false, true
		}
		if h.Timeout > 0 && !h.pinged.IsZero() && now.Sub(h.pinged) >= h.Timeout {
			return false, true
		}
	}
	if h.Interval > 0 && now.Sub(h.beat) >= h.Interval {
		h.beat = now
		if h.pinged.IsZero() {
			h.pinged = now
		}
		return true, false
	}
	return false, false
}

// Next is when Tick is due, or the zero time for never.
func (h *Heart) Next() time.Time {
	var next time.Time
	consider := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	if h.Interval > 0 {
		consider(h.beat.Add(h.Interval))
	}
	if h.skipped {
		return next
	}
	if h.Timeout > 0 && !h.pinged.IsZero() {
		consider(h.pinged.Add(h.Timeout))
	}
	if h.lease > 0 {
		consider(h.heard.Add(h.lease))
	}
	return next
}
