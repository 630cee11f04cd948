package transport

import (
	"io/fs"
	"net"
	"syscall"
)

// premode sets the mode a socket's file will be made with. Linux makes the
// file with the mode of the socket, less the umask.
func premode(fd uintptr, mode fs.FileMode) error {
	return syscall.Fchmod(int(fd), uint32(mode.Perm()))
}

// PeerCred returns who is at the other end of an ipc connection: the user,
// group and process that connected, or that listen. It is the kernel's word,
// not the peer's. Ok is false on other connections and other systems.
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
