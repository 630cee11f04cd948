//go:build linux || darwin

package transport

import "golang.org/x/sys/unix"

// writev makes one system call that writes bufs.
func writev(fd int, bufs [][]byte) (n int, err error) {
	if len(bufs) == 1 {
		return writeShort(fd, bufs[0])
	}
	return unix.Writev(fd, bufs)
}
