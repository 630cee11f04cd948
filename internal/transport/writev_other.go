//go:build unix && !linux && !darwin

package transport

import "syscall"

// writev writes bufs with one system call for each, because the system has no
// other in package unix. It returns the error of the first call only.
func writev(fd int, bufs [][]byte) (n int, err error) {
	for i, b := range bufs {
		k, err := syscall.Write(fd, b)
		if i == 0 && err != nil {
			return 0, err
		}
		if n += max(k, 0); k < len(b) {
			break
		}
	}
	return n, nil
}
