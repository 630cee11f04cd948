//go:build !(linux || darwin || freebsd)

package transport

import "errors"

func peerCred(int) (uid, gid, pid int, err error) { return 0, 0, 0, errors.ErrUnsupported }
