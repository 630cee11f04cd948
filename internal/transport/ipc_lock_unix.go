//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package transport

import (
	"os"
	"syscall"
	"time"
)

// lockTries and lockPause bound the wait for a directory: binding takes far
// less than a millisecond, and who holds the lock for longer means no good.
const (
	lockTries = 50
	lockPause = 4 * time.Millisecond
)

// lockDir keeps other processes that use this package from binding in dir until
// unlock is called. It is a courtesy, not a condition: in a directory that
// cannot be read or locked, or that somebody keeps locked, binding goes on.
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
	return func() { f.Close() } // which gives the lock up
}
