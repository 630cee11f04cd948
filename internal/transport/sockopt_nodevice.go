//go:build !linux

package transport

import (
	"errors"
	"fmt"
)

// errNoDevice is the error for Options.Device on systems that do not support
// it. Without the error, a program that restricts itself to one interface would
// silently use all of them.
var errNoDevice = fmt.Errorf("binding to a device: %w", errors.ErrUnsupported)
