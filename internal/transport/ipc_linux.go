package transport

import (
	"io/fs"
	"net"
	"syscall"
)

// premode sets the mode with which bind creates the socket file. Linux uses the
// mode of the socket, less the umask.
func premode(fd uintptr, mode fs.FileMode) error {
	return syscall.Fchmod(int(fd), uint32(mode.Perm()))
}

// PeerCred returns the user ID, group ID and process ID of the peer of an ipc
// connection. The values come from the kernel (SO_PEERCRED), not from the peer.
// ok is false for other connections and on other systems.
func PeerCred(c net.Conn) (uid, gid, pid int, ok bool) {
	u, isUnix := c.(*net.UnixConn)
	if !isUnix {
		return 0, 0, 0, false
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return 0, 0, 0, false
	}
	err = rawControl(raw, func(fd uintptr) error {
		cred, err := syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
		if err == nil {
			uid, gid, pid = int(cred.Uid), int(cred.Gid), int(cred.Pid)
		}
		return err
	})
	return uid, gid, pid, err == nil
}
