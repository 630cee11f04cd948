//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package transport

import (
	"os"
	"syscall"
	"time"
)

// lockTries and lockPause limit the wait for the lock of a directory to 200 ms.
// Binding takes far less than a millisecond, so a process that holds the lock
// for longer is faulty or malicious.
const (
	lockTries = 50
	lockPause = 4 * time.Millisecond
)

// lockDir prevents other processes that use this package from binding in dir
// until unlock is called. The lock is optional: if the directory cannot be
// opened or locked, or stays locked, the caller binds without it.
func lockDir(dir string) (unlock func()) {
	f, err := os.Open(dir)
	if err != nil {
		return func() {}
	}
	for range lockTries {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err != syscall.EWOULDBLOCK && err != syscall.EINTR {
			break
		}
		time.Sleep(lockPause)
	}
	return func() { f.Close() } // also releases the lock
}
