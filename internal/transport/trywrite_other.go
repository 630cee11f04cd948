//go:build !unix

package transport

import "syscall"

// TryWriter is implemented only for Unix systems.
type TryWriter struct{}

// TryWrite is not called, because no connection has a descriptor.
func (*TryWriter) TryWrite(syscall.RawConn, [][]byte) int { return 0 }
