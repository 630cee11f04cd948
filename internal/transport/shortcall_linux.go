//go:build !race && !msan && !asan

package transport

import (
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// Before an ordinary system call, the Go runtime wakes its monitor thread if that
// sleeps, which it does when all processors are idle. For an exchange of small
// messages that is once for each message: two calls of futex, one of nanosleep and
// two switches of threads, which cost more than the message. A call that does not
// block does not need the monitor. readShort and writeShort therefore make raw
// calls, which the runtime does not know of.
//
// The application needs the monitor: it preempts a goroutine that runs for more
// than 10 ms without a call, and lets timers and other connections proceed. The
// monitor sleeps no longer than until the next timer. So raw calls are made only
// while a timer is set (monitorTimer).

// readShort is read(2) from a non-blocking descriptor. The caller expects at most
// maxShort bytes, whatever the length of p is.
func readShort(fd int, p []byte) (int, error) {
	if len(p) == 0 || !monitor.raw() {
		return syscall.Read(fd, p)
	}
	return result(syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p))))
}

// writeShort is write(2) to a non-blocking descriptor.
func writeShort(fd int, p []byte) (int, error) {
	if len(p) == 0 || len(p) > maxShort || !monitor.raw() {
		return syscall.Write(fd, p)
	}
	return result(syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p))))
}

func result(n, _ uintptr, errno syscall.Errno) (int, error) {
	if errno != 0 {
		return -1, errno
	}
	return int(n), nil
}

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
