// Package errno has the numbers of errors of libzmq, for a C interface: those of the
// system, and those that libzmq adds.
package errno

import (
	"context"
	"errors"
	"syscall"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
)

// The errors that the system does not have. zmq.h counts them from ZMQ_HAUSNUMERO.
const (
	EFSM           syscall.Errno = 156384712 + 51 // a call is out of turn in a request-reply exchange
	ENOCOMPATPROTO syscall.Errno = 156384712 + 52 // the socket type does not use the transport
	ETERM          syscall.Errno = 156384712 + 53 // the context was terminated
	EMTHREAD       syscall.Errno = 156384712 + 54 // no IO thread is available
)

// numbers has the errors of the core. Of two that an error matches, the first counts.
var numbers = []struct {
	err error
	n   syscall.Errno
}{
	{socket.ErrClosed, syscall.ENOTSOCK},
	{pattern.ErrWouldBlock, syscall.EAGAIN},
	{context.DeadlineExceeded, syscall.EAGAIN},
	{context.Canceled, syscall.EINTR},
	{pattern.ErrInvalidState, EFSM},
	{pattern.ErrNoRoute, syscall.EHOSTUNREACH},
	{pattern.ErrPeerLost, syscall.EHOSTUNREACH},
	{socket.ErrDirection, syscall.ENOTSUP},
	{socket.ErrIncompatibleTransport, ENOCOMPATPROTO},
	{socket.ErrUnsupportedTransport, syscall.EPROTONOSUPPORT},
	{socket.ErrEndpointInUse, syscall.EADDRINUSE},
	{socket.ErrEndpointNotFound, syscall.ENOENT},
	{pattern.ErrMessageTooLarge, syscall.EMSGSIZE},

	// Errors about endpoints that match a number and wrap none.
	{syscall.ENAMETOOLONG, syscall.ENAMETOOLONG},
	{syscall.ENODEV, syscall.ENODEV},
	{syscall.EAFNOSUPPORT, syscall.EAFNOSUPPORT},
}

// Of returns the number for an error of a call on a socket of the core, or of
// options.Core: 0 for nil. An error that wraps one of the system has its number. All
// others are about an argument, which is EINVAL: a malformed endpoint, an option, a
// group, a message, or the name of a host that does not exist.
//
// ETERM, EFAULT, EMTHREAD and EMFILE of zmq_socket belong to the C interface, which
// knows its contexts and pointers.
func Of(err error) syscall.Errno {
	if err == nil {
		return 0
	}
	for _, e := range numbers {
		if errors.Is(err, e.err) {
			return e.n
		}
	}
	if n, ok := errors.AsType[syscall.Errno](err); ok {
		return n
	}
	return syscall.EINVAL
}
