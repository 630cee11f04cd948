//go:build unix && (!linux || race || msan || asan)

package transport

import "syscall"

// readShort is read(2) from a non-blocking descriptor.
func readShort(fd int, p []byte) (int, error) { return syscall.Read(fd, p) }

// writeShort is write(2) to a non-blocking descriptor.
func writeShort(fd int, p []byte) (int, error) { return syscall.Write(fd, p) }
