//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package transport

import (
	"os"
	"syscall"
)

func setInt(fd uintptr, level, name, value int) error {
	return syscall.SetsockoptInt(int(fd), level, name, value)
}

func setReuse(fd uintptr) error {
	return setAll(fd, sockopt{"SO_REUSEADDR", syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1})
}

// setBacklog calls listen again: package net always passes the maximum of the
// system, and the last call determines the length of the queue.
func setBacklog(fd uintptr, n int) error {
	return os.NewSyscallError("listen", syscall.Listen(int(fd), n))
}

func (o *Options) setBuffers(fd uintptr) error {
	return setAll(fd,
		sockopt{"SO_SNDBUF", syscall.SOL_SOCKET, syscall.SO_SNDBUF, o.SendBuffer},
		sockopt{"SO_RCVBUF", syscall.SOL_SOCKET, syscall.SO_RCVBUF, o.RecvBuffer})
}
