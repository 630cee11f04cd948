//go:build !linux

package transport

import (
	"errors"
	"fmt"
)

// errNoDevice refuses Options.Device where it cannot be kept: a program that
// confines itself to an interface must not be let out silently.
var errNoDevice = fmt.Errorf("binding to a device: %w", errors.ErrUnsupported)
