//go:build !unix

package transport

import "net"

// TryWriter is never there: here the poller does not lend out descriptors.
type TryWriter struct{}

// NewTryWriter returns nil.
func NewTryWriter(net.Conn) *TryWriter { return nil }

// TryWrite is not called.
func (*TryWriter) TryWrite([]byte) int { return 0 }
