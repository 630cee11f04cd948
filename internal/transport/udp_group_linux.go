package transport

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// dualOptions is true: an IPv6 socket also has the multicast options of IPv4.
const dualOptions = true

func handle(fd uintptr) int { return int(fd) }

func setByte(fd uintptr, level, name, value int) error { return setInt(fd, level, name, value) }

// setShared permits other sockets to bind the same port. All sockets with that
// port must set both options, as libzmq does.
func setShared(fd uintptr) error {
	if err := setReuse(fd); err != nil {
		return err
	}
	return setInt(fd, syscall.SOL_SOCKET, unix.SO_REUSEPORT, 1)
}

// onlyJoined excludes datagrams of groups that only other sockets of this
// machine have joined, which Linux delivers by default. Errors are ignored,
// because DISH filters by group in any case.
func onlyJoined(fd uintptr, v6 bool) {
	if v6 {
		setInt(fd, syscall.IPPROTO_IPV6, unix.IPV6_MULTICAST_ALL, 0)
		return
	}
	setInt(fd, syscall.IPPROTO_IP, unix.IP_MULTICAST_ALL, 0)
}
