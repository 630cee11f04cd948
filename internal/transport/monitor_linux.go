package transport

import (
	"sync/atomic"
	"syscall"
	"time"
)

// monitorPeriod is the longest time for which the monitor sleeps while raw calls are
// made. It is the time after which the monitor preempts a goroutine.
const monitorPeriod = 10 * time.Millisecond

// monitor is the timer of the process.
var monitor = newMonitorTimer()

// monitorTimer is a timer that is set while raw calls are made.
type monitorTimer struct {
	state atomic.Int32
	used  atomic.Bool // since the timer was set
	timer *time.Timer
}

// The states of a monitorTimer. It is set only if the monitor knows the timer.
const (
	timerOff int32 = iota
	timerStarting
	timerSet
)

func newMonitorTimer() *monitorTimer {
	m := &monitorTimer{}
	m.timer = time.AfterFunc(time.Hour, m.expire)
	m.timer.Stop()
	return m
}

// raw reports whether a raw call may be made. If not, it sets the timer for the
// following ones.
func (m *monitorTimer) raw() bool {
	if m.state.Load() == timerSet {
		if !m.used.Load() {
			m.used.Store(true)
		}
		return true
	}
	if m.state.CompareAndSwap(timerOff, timerStarting) {
		m.start()
		m.state.Store(timerSet)
	}
	return false
}

// start sets the timer. The monitor may be asleep until a later one: it begins to
// sleep only when all processors are idle, so an ordinary call now either wakes it
// or finds it awake, and it looks for the next timer before it sleeps again.
func (m *monitorTimer) start() {
	m.timer.Reset(monitorPeriod)
	syscall.Syscall(syscall.SYS_GETPPID, 0, 0, 0) // syscall.Getppid makes a raw call
}

// expire sets the timer again if raw calls were made since it was set.
func (m *monitorTimer) expire() {
	if m.used.Swap(false) {
		m.start()
		return
	}
	m.state.Store(timerOff)
}
