package transport

import "syscall"

// peerCred reads SO_PEERCRED.
func peerCred(fd int) (uid, gid, pid int, err error) {
	cred, err := syscall.GetsockoptUcred(fd, syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	if err != nil {
		return 0, 0, 0, err
	}
	return int(cred.Uid), int(cred.Gid), int(cred.Pid), nil
}
