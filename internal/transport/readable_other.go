//go:build !unix

package transport

import "net"

// systemReadable returns false: it is not implemented on this system.
func systemReadable(net.Conn) bool { return false }
