//go:build !unix

package transport

import "net"

// TryWriter is not implemented: on this system, package net does not pass file
// descriptors to functions of the caller.
type TryWriter struct{}

// NewTryWriter returns nil.
func NewTryWriter(net.Conn) *TryWriter { return nil }

// TryWrite is not called, because NewTryWriter returns nil.
func (*TryWriter) TryWrite([]byte) int { return 0 }
