package transport

import (
	"strconv"
	"syscall"
)

// AddrError is the error for a malformed address. It matches [ErrSyntax]. For
// an ipc path that is too long it also matches ENAMETOOLONG.
type AddrError struct {
	Addr   string // the address as the caller passed it
	Reason string // why it is malformed
	errno  syscall.Errno
}

func (e *AddrError) Error() string {
	return ErrSyntax.Error() + " " + strconv.Quote(e.Addr) + ": " + e.Reason
}

// Unwrap returns [ErrSyntax].
func (e *AddrError) Unwrap() error { return ErrSyntax }

// Is reports whether target is the error number of e, if it has one.
func (e *AddrError) Is(target error) bool {
	return e.errno != 0 && target == error(e.errno)
}

// HostError is the error for the host part of a well-formed address that cannot
// be used now: an unknown interface or IPv6 zone, a name that cannot be
// resolved, or an interface without a usable address. A later attempt may
// succeed. errors.Is reports a match with one error number: EADDRNOTAVAIL if
// the interface of a TCP address has no usable address, EAFNOSUPPORT for an
// IPv6 address with IPv4Only, EINVAL if a multicast group is required, else
// ENODEV.
type HostError struct {
	Host   string
	Reason string
	Err    error // the error of the resolver or of the interface lookup, or nil
	errno  syscall.Errno
}

func (e *HostError) Error() string {
	s := "host " + strconv.Quote(e.Host) + ": " + e.Reason
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns e.Err.
func (e *HostError) Unwrap() error { return e.Err }

// Is reports whether target is the error number of e.
func (e *HostError) Is(target error) bool { return target == error(e.errno) }
