//go:build !unix

package transport

import "net"

// TryWriter is implemented only for Unix systems.
type TryWriter struct{}

// NewTryWriter returns nil.
func NewTryWriter(net.Conn) *TryWriter { return nil }

// TryWrite is not called, because NewTryWriter returns nil.
func (*TryWriter) TryWrite([][]byte) int { return 0 }
