//go:build !unix

package transport

import "net"

// systemReadable is Readable for connections of the system.
func systemReadable(net.Conn) bool { return false }
