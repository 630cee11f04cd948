//go:build !unix

package transport

import "net"

// rawReader is never ready: waiting for a file descriptor is implemented only
// for Unix systems.
type rawReader struct{}

func (*rawReader) init(net.Conn) {}

func (*rawReader) ready() bool { return false }

func (*rawReader) read(func() []byte, func([]byte)) ([]byte, int, error) { return nil, 0, nil }
