package transport

import "net"

// PeerCred returns the user ID, group ID and process ID of the peer of an ipc
// connection. The values come from the kernel, not from the peer. The process ID is
// 0 where the system does not report it. ok is false for other connections and on
// other systems.
func PeerCred(c net.Conn) (uid, gid, pid int, ok bool) {
	u, isUnix := c.(*net.UnixConn)
	if !isUnix {
		return 0, 0, 0, false
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return 0, 0, 0, false
	}
	err = rawControl(raw, func(fd uintptr) (err error) {
		uid, gid, pid, err = peerCred(int(fd))
		return err
	})
	return uid, gid, pid, err == nil
}
