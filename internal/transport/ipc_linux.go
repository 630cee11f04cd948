package transport

import (
	"io/fs"
	"syscall"
)

// premode sets the mode with which bind creates the socket file. Linux uses the
// mode of the socket, less the umask.
func premode(fd uintptr, mode fs.FileMode) error {
	return syscall.Fchmod(int(fd), uint32(mode.Perm()))
}
