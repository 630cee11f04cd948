//go:build unix

package zbeacon

import (
	"syscall"
)

// reuseAddr lets several programs of this machine receive the beacons of a port.
func reuseAddr(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		for _, option := range reuseOptions {
			if err := syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, option, 1); err != nil && failed == nil {
				failed = err
			}
		}
	})
	if err != nil {
		return err
	}
	return failed
}
