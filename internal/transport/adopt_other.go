//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package transport

import (
	"errors"
	"fmt"
	"net"
)

// AdoptListener returns an error: on this system package net takes no descriptors.
func AdoptListener(fd int) (net.Listener, error) {
	return nil, fmt.Errorf("descriptor %d: %w", fd, errors.ErrUnsupported)
}
