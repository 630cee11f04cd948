package transport

import "golang.org/x/sys/unix"

func peerPID(fd int) (int, error) {
	return unix.GetsockoptInt(fd, solLocal, unix.LOCAL_PEERPID)
}
