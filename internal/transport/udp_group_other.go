//go:build !(linux || windows || darwin || dragonfly || freebsd || netbsd || openbsd)

package transport

import (
	"errors"
	"fmt"
)

// errNoMulticast is the error for multicast groups on systems for which joining
// them is not implemented.
var errNoMulticast = fmt.Errorf("multicast: %w", errors.ErrUnsupported)

func (o *Options) setMulticastScope(uintptr, bool) error { return nil }

func setShared(uintptr) error { return nil }

func joinGroup(uintptr, resolvedUDP) error { return errNoMulticast }

func sendFrom(uintptr, resolvedUDP) error { return errNoMulticast }
