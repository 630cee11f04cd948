//go:build !linux

package transport

import (
	"io/fs"
	"net"
)

// premode does nothing: on this system the mode of the socket does not
// determine that of the file.
func premode(uintptr, fs.FileMode) error { return nil }

// PeerCred is not implemented on this system; ok is always false.
func PeerCred(net.Conn) (uid, gid, pid int, ok bool) { return 0, 0, 0, false }
