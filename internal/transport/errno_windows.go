package transport

import (
	"errors"
	"syscall"
)

// winsock maps the error numbers of Windows sockets to the portable constants
// of package syscall, which on Windows are invented numbers.
var winsock = map[syscall.Errno]syscall.Errno{
	10013: syscall.EACCES,
	10043: syscall.EPROTONOSUPPORT,
	10047: syscall.EAFNOSUPPORT,
	10048: syscall.EADDRINUSE,
	10049: syscall.EADDRNOTAVAIL,
	10050: syscall.ENETDOWN,
	10051: syscall.ENETUNREACH,
	10054: syscall.ECONNRESET,
	10060: syscall.ETIMEDOUT,
	10061: syscall.ECONNREFUSED,
	10065: syscall.EHOSTUNREACH,
}

// portableError is an error that also matches a portable error number.
type portableError struct {
	error
	errno syscall.Errno
}

func (e portableError) Unwrap() error { return e.error }

func (e portableError) Is(target error) bool { return target == error(e.errno) }

// portable returns err so that errors.Is also matches the portable error
// number.
func portable(err error) error {
	if n, ok := errors.AsType[syscall.Errno](err); ok && winsock[n] != 0 {
		return portableError{err, winsock[n]}
	}
	return err
}

// isCut reports whether err means that a datagram was longer than the buffer
// and was truncated.
func isCut(err error) bool {
	const msgSize = syscall.Errno(10040) // WSAEMSGSIZE
	return errors.Is(err, msgSize)
}
