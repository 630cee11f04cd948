package engine

import "time"

// Heart watches one connection for silence: it says when to send a PING and
// when to give the peer up. It holds no timer; the time is an argument.
// https://rfc.zeromq.org/spec/37/#connection-heartbeating
type Heart struct {
	Interval time.Duration // of silence before a PING, and between PINGs; 0: none
	Timeout  time.Duration // to wait for any byte after a PING; 0: for ever
	Pledged  bool          // our PINGs promise the next: they go on whatever is heard

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
// means nothing, and nothing is asked. A PING could even do harm: to a peer that
// has closed behind its last message, while the rest of that is still on its
// way to us, it means that the rest is not wanted.
func (h *Heart) Pause() { h.skipped = true }

// Paused reports whether Pause was called and Resume was not yet.
func (h *Heart) Paused() bool { return h.skipped }

// Resume says that reading goes on.
func (h *Heart) Resume(now time.Time) {
	if h.skipped {
		h.skipped = false
		h.Heard(now)
	}
}

// Tick is called when Next is due. It says whether to send a PING now and
// whether the peer has been silent for too long. A peer that is excused may be
// too slow to have come to our PING: then the wait begins again.
func (h *Heart) Tick(now time.Time, excused bool) (ping, dead bool) {
	if !h.skipped {
		if h.lease > 0 && now.Sub(h.heard) >= h.lease {
			return false, true
		}
		if h.Timeout > 0 && !h.pinged.IsZero() && now.Sub(h.pinged) >= h.Timeout {
			if !excused {
				return false, true
			}
			h.pinged = time.Time{}
		}
	}
	if due := h.due(); !due.IsZero() && !now.Before(due) {
		h.beat = now
		if h.pinged.IsZero() {
			h.pinged = now
		}
		return true, false
	}
	return false, false
}

// due is when the next PING is, or the zero time for never.
func (h *Heart) due() time.Time {
	switch {
	case h.Interval <= 0:
		return time.Time{}
	case h.Pledged:
		return h.beat.Add(h.Interval)
	case h.skipped:
		return time.Time{}
	case h.heard.After(h.beat):
		return h.heard.Add(h.Interval)
	}
	return h.beat.Add(h.Interval)
}

// Next is when Tick is due, or the zero time for never.
func (h *Heart) Next() time.Time {
	var next time.Time
	consider := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	if due := h.due(); !due.IsZero() {
		consider(due)
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
