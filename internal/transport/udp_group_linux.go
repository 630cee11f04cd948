package transport

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// dualOptions: a socket of IPv6 has the options of IPv4 for what it sends there.
const dualOptions = true

func handle(fd uintptr) int { return int(fd) }

func setByte(fd uintptr, level, name, value int) error { return setInt(fd, level, name, value) }

// setShared lets others bind the port too. All who do must ask for both, and
// libzmq does.
func setShared(fd uintptr) error {
	if err := setReuse(fd); err != nil {
		return err
	}
	return setInt(fd, syscall.SOL_SOCKET, unix.SO_REUSEPORT, 1)
}

// onlyJoined keeps out the groups that other sockets of this machine have
// joined, which Linux would deliver as well. Where it is not to be had, DISH
// filters all the same.
func onlyJoined(fd uintptr, v6 bool) {
	if v6 {
		setInt(fd, syscall.IPPROTO_IPV6, unix.IPV6_MULTICAST_ALL, 0)
		return
	}
	setInt(fd, syscall.IPPROTO_IP, unix.IP_MULTICAST_ALL, 0)
}
