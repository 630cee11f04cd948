//go:build !linux

package transport

import "io/fs"

// premode does nothing: on this system the mode of the socket does not
// determine that of the file.
func premode(uintptr, fs.FileMode) error { return nil }
