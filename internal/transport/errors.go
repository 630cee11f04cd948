package transport

import (
	"strconv"
	"syscall"
)

// AddrError says what is wrong with the text of an address. It matches
// [ErrSyntax], and the system's error number where there is a traditional one
// (ENAMETOOLONG for an ipc path).
type AddrError struct {
	Addr   string // the text as it was given
	Reason string // what is wrong with it, in plain words
	errno  syscall.Errno
}

func (e *AddrError) Error() string {
	return ErrSyntax.Error() + " " + strconv.Quote(e.Addr) + ": " + e.Reason
}

// Unwrap returns [ErrSyntax].
func (e *AddrError) Unwrap() error { return ErrSyntax }

// Is matches the error number, if there is one.
func (e *AddrError) Is(target error) bool {
	return e.errno != 0 && target == error(e.errno)
}

// HostError says that a well-formed host part names nothing this machine can
// bind to: no interface, no IPv6 zone, no resolvable name, or an interface
// without a usable address. Trying again later may succeed. It matches ENODEV,
// or EADDRNOTAVAIL where only the address is missing.
type HostError struct {
	Host   string
	Reason string
	Err    error // the resolver's error, if one was asked
	errno  syscall.Errno
}

func (e *HostError) Error() string {
	s := "host " + strconv.Quote(e.Host) + ": " + e.Reason
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the resolver's error.
func (e *HostError) Unwrap() error { return e.Err }

// Is matches the error number.
func (e *HostError) Is(target error) bool { return target == error(e.errno) }
