//go:build darwin || freebsd

package transport

import "golang.org/x/sys/unix"

// solLocal is SOL_LOCAL of macOS, and 0 on FreeBSD too.
const solLocal = 0

// peerCred reads LOCAL_PEERCRED, whose first group is the effective one.
func peerCred(fd int) (uid, gid, pid int, err error) {
	cred, err := unix.GetsockoptXucred(fd, solLocal, unix.LOCAL_PEERCRED)
	if err != nil {
		return 0, 0, 0, err
	}
	if pid, err = peerPID(fd); err != nil {
		return 0, 0, 0, err
	}
	if cred.Ngroups > 0 {
		gid = int(cred.Groups[0])
	}
	return int(cred.Uid), gid, pid, nil
}
