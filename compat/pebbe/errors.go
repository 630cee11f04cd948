package zmq4

//lint:file-ignore ST1005 The texts of errors are those of the original.

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/zerobroker/zmq/internal/errno"
	"github.com/zerobroker/zmq/internal/options"
)

// The errors that are not an [Errno]. Those about versions are never returned; they
// exist because programs compare errors with them.
var (
	ErrorContextClosed         = errors.New("Context is closed")
	ErrorSocketClosed          = errors.New("Socket is closed")
	ErrorMoreExpected          = errors.New("More expected")
	ErrorNotImplemented405     = errors.New("Not implemented, requires 0MQ version 4.0.5")
	ErrorNotImplemented41      = errors.New("Not implemented, requires 0MQ version 4.1")
	ErrorNotImplemented42      = errors.New("Not implemented, requires 0MQ version 4.2")
	ErrorNotImplementedWindows = errors.New("Not implemented on Windows")
	ErrorNoSocket              = errors.New("No such socket")
)

var (
	errAuthRunning = errors.New("Auth is already running")
	errKeyTooLong  = errors.New("Key too long")
	errInterval    = errors.New("There are channels, but polling time-out is infinite")
	errNoHandlers  = errors.New("No sockets to poll, no channels to read")
)

// Errno is the number of an error: one of the system, or one that libzmq adds. It can
// be compared with ==, and with [errors.Is] also to the [syscall.Errno] of the same
// number.
type Errno uintptr

// The errors that libzmq needs on every system, and those that it adds.
const (
	EADDRINUSE      = Errno(syscall.EADDRINUSE)
	EADDRNOTAVAIL   = Errno(syscall.EADDRNOTAVAIL)
	EAFNOSUPPORT    = Errno(syscall.EAFNOSUPPORT)
	ECONNABORTED    = Errno(syscall.ECONNABORTED)
	ECONNREFUSED    = Errno(syscall.ECONNREFUSED)
	ECONNRESET      = Errno(syscall.ECONNRESET)
	EHOSTUNREACH    = Errno(syscall.EHOSTUNREACH)
	EINPROGRESS     = Errno(syscall.EINPROGRESS)
	EMSGSIZE        = Errno(syscall.EMSGSIZE)
	ENETDOWN        = Errno(syscall.ENETDOWN)
	ENETRESET       = Errno(syscall.ENETRESET)
	ENETUNREACH     = Errno(syscall.ENETUNREACH)
	ENOBUFS         = Errno(syscall.ENOBUFS)
	ENOTCONN        = Errno(syscall.ENOTCONN)
	ENOTSOCK        = Errno(syscall.ENOTSOCK)
	ENOTSUP         = Errno(syscall.ENOTSUP)
	EPROTONOSUPPORT = Errno(syscall.EPROTONOSUPPORT)
	ETIMEDOUT       = Errno(syscall.ETIMEDOUT)

	EFSM           = Errno(errno.EFSM)           // a call is out of turn in a request-reply exchange
	EMTHREAD       = Errno(errno.EMTHREAD)       // never returned
	ENOCOMPATPROTO = Errno(errno.ENOCOMPATPROTO) // the socket type does not use the transport
	ETERM          = Errno(errno.ETERM)          // the context was terminated
)

const (
	eagain = Errno(syscall.EAGAIN)
	einval = Errno(syscall.EINVAL)
	emfile = Errno(syscall.EMFILE)
)

// Error returns the text of the error.
func (errno Errno) Error() string {
	switch errno {
	case EFSM:
		return "Operation cannot be accomplished in current state"
	case EMTHREAD:
		return "No thread available"
	case ENOCOMPATPROTO:
		return "The protocol is not compatible with the socket type"
	case ETERM:
		return "Context was terminated"
	}
	return syscall.Errno(errno).Error()
}

// Is reports whether target is the [syscall.Errno] of the same number, or an error
// that this matches, such as [os.ErrExist].
func (errno Errno) Is(target error) bool {
	return target == syscall.Errno(errno) || syscall.Errno(errno).Is(target)
}

// Error returns the text of the error with a number, as [Errno.Error] does.
func Error(e int) string {
	text := Errno(e).Error()
	return strings.ToUpper(text[:1]) + text[1:]
}

// AsErrno returns the number of an error, or 0 if it has none:
//
//	switch zmq.AsErrno(err) {
//	case zmq.Errno(syscall.EINTR): // an error of the system
//	case zmq.ETERM: // the context was terminated
//	}
func AsErrno(err error) Errno {
	if e, ok := errors.AsType[Errno](err); ok {
		return e
	}
	if e, ok := errors.AsType[syscall.Errno](err); ok {
		return Errno(e)
	}
	return 0
}

// convert returns the error that libzmq has for an error of the core. Errors about
// features that this package does not have keep their text, and AsErrno returns EINVAL
// for them.
func convert(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*options.Error](err); ok && e.Problem == options.NoSuchOption {
		return fmt.Errorf("%w: %w", einval, err)
	}
	return Errno(errno.Of(err))
}

// unsupported returns an error about what this package does not have. AsErrno returns
// ENOTSUP for it.
func unsupported(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ENOTSUP, fmt.Sprintf(format, args...))
}
