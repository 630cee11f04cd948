//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package transport

import "syscall"

// dualOptions is false: an IPv6 socket does not have the multicast options of
// IPv4.
const dualOptions = false

func handle(fd uintptr) int { return int(fd) }

// setByte sets a multicast option of IPv4, whose type on these systems is a
// byte.
func setByte(fd uintptr, level, name, value int) error {
	return syscall.SetsockoptByte(int(fd), level, name, byte(value))
}

// setShared permits other sockets to bind the same port.
func setShared(fd uintptr) error {
	if err := setReuse(fd); err != nil {
		return err
	}
	return setInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEPORT, 1)
}

// onlyJoined does nothing: these systems deliver only datagrams of groups that
// the socket has joined.
func onlyJoined(uintptr, bool) {}
