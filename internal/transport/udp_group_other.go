//go:build !(linux || windows || darwin || dragonfly || freebsd || netbsd || openbsd)

package transport

import (
	"errors"
	"fmt"
)

// errNoMulticast refuses groups where nobody has written down how to join them.
var errNoMulticast = fmt.Errorf("multicast: %w", errors.ErrUnsupported)

func (o *Options) setSpread(uintptr, bool) error { return nil }

func setShared(uintptr) error { return nil }

func joinGroup(uintptr, udpPlace) error { return errNoMulticast }

func sendFrom(uintptr, udpPlace) error { return errNoMulticast }
