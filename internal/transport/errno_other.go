//go:build !windows

package transport

// portable returns err: on this system, package syscall has the error numbers
// that the system uses.
func portable(err error) error { return err }

// isCut returns false: on this system, reading a truncated datagram is no
// error.
func isCut(error) bool { return false }
