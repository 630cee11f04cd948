//go:build !unix

package transport

import (
	"net"
	"syscall"
	"time"
)

// rawReader has no descriptor: waiting for a file descriptor is implemented only
// for Unix systems.
type rawReader struct{}

func (*rawReader) init(net.Conn) {}

func (*rawReader) setSpin(time.Duration) {}

func (*rawReader) descriptor() syscall.RawConn { return nil }

func (*rawReader) read(net.Conn, func() []byte, func([]byte)) ([]byte, int, error) {
	return nil, 0, nil
}
