//go:build unix

package transport

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// systemReadable implements Readable for connections with a file descriptor.
func systemReadable(c net.Conn) (readable bool) {
	s, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return false
	}
	raw.Control(func(fd uintptr) {
		list := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(list, 0)
		for err == unix.EINTR {
			n, err = unix.Poll(list, 0)
		}
		readable = err == nil && n > 0
	})
	return readable
}
