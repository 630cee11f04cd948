//go:build !race && !msan && !asan

package transport

import (
	"syscall"
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
