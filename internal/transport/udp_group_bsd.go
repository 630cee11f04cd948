//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package transport

import "syscall"

const dualOptions = false

func handle(fd uintptr) int { return int(fd) }

// setByte is for the multicast options of IPv4, which are a byte here.
func setByte(fd uintptr, level, name, value int) error {
	return syscall.SetsockoptByte(int(fd), level, name, byte(value))
}

// setShared lets others bind the port too.
func setShared(fd uintptr) error {
	if err := setReuse(fd); err != nil {
		return err
	}
	return setInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEPORT, 1)
}

// onlyJoined does nothing: these systems deliver no other groups.
func onlyJoined(uintptr, bool) {}
