package memnet

import (
	"bytes"
	"io"
	"syscall"
	"time"
)

// acceptLocked accepts bytes of a Write and returns their number, 0 if the
// buffer is full. The caller checks writeErr before.
func (f *Flow) acceptLocked(p []byte) int {
	if f.readerClosed {
		// The other end answers these bytes with a reset, which arrives
		// before the next Write.
		offset := f.accepted
		f.countAcceptedLocked(p)
		f.countDestroyedLocked(offset, p)
		f.writeErr = syscall.EPIPE
		return len(p)
	}
	n := min(len(p), f.buffer-f.pending)
	if f.cutWrite != never {
		n = int(min(int64(n), f.cutWrite-f.accepted))
	}
	if n <= 0 {
		return 0
	}
	f.queueLocked(p[:n])
	f.countAcceptedLocked(p[:n])
	f.pending += n
	f.checkWriteLocked()
	return n
}

// countAcceptedLocked counts accepted bytes and calls the OnAccept function.
func (f *Flow) countAcceptedLocked(p []byte) {
	f.accepted += int64(len(p))
	if f.onAccept != nil {
		f.onAccept(p)
	}
}

// queueLocked copies bytes to the queue. With limited bandwidth it splits them
// into packets with different arrival times.
func (f *Flow) queueLocked(p []byte) {
	for len(p) > 0 {
		n := len(p)
		if f.bandwidth > 0 {
			n = min(n, packet)
		}
		at := f.scheduleLocked(n)
		if last := len(f.queue) - 1; last >= 0 && f.queue[last].at.Equal(at) {
			f.queue[last].b = append(f.queue[last].b, p[:n]...)
		} else {
			f.queue = append(f.queue, segment{bytes.Clone(p[:n]), at})
		}
		p = p[n:]
	}
}

// pollLocked reports whether bytes or the end of the flow are available to
// Read. If not, wake is the time when they will be. A zero wake means that this
// depends on a change of the flow.
func (f *Flow) pollLocked() (ready bool, wake time.Time) {
	var at time.Time
	switch {
	case len(f.queue) > 0 && !f.stalled:
		at = f.queue[0].at
	case len(f.queue) == 0 && f.end != nil && (!f.stalled || f.end != io.EOF):
		at = f.endAt
	default:
		return false, time.Time{}
	}
	if at.After(time.Now()) {
		return false, at
	}
	return true, time.Time{}
}

// deliverLocked reads bytes or the end of the flow. pollLocked must have
// returned true.
func (f *Flow) deliverLocked(p []byte) (n int, err error) {
	if len(f.queue) == 0 {
		return 0, f.end
	}
	p = p[:f.limitLocked(len(p))]
	now := time.Now()
	for n < len(p) && len(f.queue) > 0 && !f.queue[0].at.After(now) {
		s := &f.queue[0]
		k := copy(p[n:], s.b)
		n += k
		if s.b = s.b[k:]; len(s.b) == 0 {
			f.queue = f.queue[1:]
		}
	}
	f.delivered += int64(n)
	f.pending -= n
	f.checkDeliveryLocked()
	return n, nil
}

// limitLocked limits the size n of a Read to a random size (see SetChunk) and
// to the offset of CutAfterDelivery.
func (f *Flow) limitLocked(n int) int {
	if f.chunk > 0 {
		n = min(n, 1+f.rand.IntN(f.chunk))
	}
	if f.cutDelivery != never {
		n = int(min(int64(n), f.cutDelivery-f.delivered))
	}
	return n
}
