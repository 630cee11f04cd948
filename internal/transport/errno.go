package transport

import (
	"errors"
	"syscall"
)

// isNoFamily reports whether err means that this machine has no working IPv6,
// or no working IPv4.
func isNoFamily(err error) bool {
	return errors.Is(err, syscall.EAFNOSUPPORT) || errors.Is(err, syscall.EPROTONOSUPPORT) ||
		errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.ENETUNREACH)
}
