package socket

import (
	"sync"
	"sync/atomic"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// inbox collects the reports of queues that have become readable, and the calls that
// wait because they found nothing to receive. Its lock is the innermost of all,
// because a queue may report under any other lock.
type inbox struct {
	pending atomic.Bool  // something was reported since drain
	waiting atomic.Int32 // number of waiting calls

	mu      sync.Mutex
	pipes   []*pipe.Pipe    // reported and not yet known to the pattern
	waiters []chan struct{} // in order of arrival, from index first on
	first   int
	drained []*pipe.Pipe // empty; the memory for pipes after the next drain. Guarded by recvMu.

	ready  chan struct{}     // closed when a call may succeed; nil if no caller has it
	wakers []chan<- struct{} // each gets an element when a call may succeed, unless it is full
}

// report takes the report of a queue and wakes one call.
func (b *inbox) report(p *pipe.Pipe) {
	b.mu.Lock()
	b.pipes = append(b.pipes, p)
	b.pending.Store(true)
	b.wakeLocked()
	b.mu.Unlock()
}

func (b *inbox) wakeLocked() {
	if b.ready != nil {
		close(b.ready)
		b.ready = nil
	}
	for _, w := range b.wakers {
		notify(w)
	}
	if b.first == len(b.waiters) {
		return
	}
	w := b.waiters[b.first]
	b.waiters[b.first] = nil
	if b.first++; 2*b.first > len(b.waiters) {
		// Move the waiters only when more than half of the slice is unused:
		// moving many waiters on each call would dominate the cost.
		b.waiters, b.first = append(b.waiters[:0], b.waiters[b.first:]...), 0
	}
	b.waiting.Store(int32(len(b.waiters) - b.first))
	notify(w) // unless its pattern has woken it already
}

// notify puts an element in a channel that has capacity for one, unless it has it.
func notify(w chan<- struct{}) {
	select {
	case w <- struct{}{}:
	default:
	}
}

// notify wakes one call for something that no queue reports.
func (b *inbox) notify() {
	b.mu.Lock()
	b.pending.Store(true)
	b.wakeLocked()
	b.mu.Unlock()
}

// pass wakes one more call.
func (b *inbox) pass() {
	b.mu.Lock()
	b.wakeLocked()
	b.mu.Unlock()
}

// drain passes the reports to the pattern. The caller holds recvMu.
func (b *inbox) drain(r pattern.Receiver) {
	if !b.pending.Load() {
		return
	}
	b.mu.Lock()
	pipes := b.pipes
	b.pipes, b.drained = b.drained, nil
	b.pending.Store(false)
	b.mu.Unlock()
	for _, p := range pipes {
		r.Wake(p)
	}
	if cap(pipes) <= maxKeptReports {
		clear(pipes)
		b.drained = pipes[:0]
	}
}

// maxKeptReports is the maximum capacity of a slice that is kept for later reports.
const maxKeptReports = 16

// wait adds w to the waiters, unless there is a report to process first.
func (b *inbox) wait(w chan struct{}) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pending.Load() {
		return false
	}
	b.waiters = append(b.waiters, w)
	b.waiting.Store(int32(len(b.waiters) - b.first))
	return true
}

// remove removes w.
func (b *inbox) remove(w chan struct{}) {
	b.mu.Lock()
	b.removeLocked(w)
	b.mu.Unlock()
}

func (b *inbox) removeLocked(w chan struct{}) bool {
	for i := b.first; i < len(b.waiters); i++ {
		if b.waiters[i] == w {
			b.waiters = append(b.waiters[:i], b.waiters[i+1:]...)
			b.waiting.Store(int32(len(b.waiters) - b.first))
			return true
		}
	}
	return false
}

// cancel removes w. If w was woken already, it wakes the next call instead.
func (b *inbox) cancel(w chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.removeLocked(w) {
		b.wakeLocked()
	}
}
