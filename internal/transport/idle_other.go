//go:build !unix

package transport

import "net"

// rawReader is never ready: on this system, package net does not pass file
// descriptors to functions of the caller.
type rawReader struct{}

func (*rawReader) init(net.Conn) {}

func (*rawReader) ready() bool { return false }

func (*rawReader) read(func() []byte, func([]byte)) ([]byte, int, error) { return nil, 0, nil }
