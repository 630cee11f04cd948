package ppp

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/zerobroker/zmq"
)

// Defaults of options.
const (
	defaultHeartbeat   = time.Second
	defaultLiveness    = 3
	defaultMaxWorkers  = 10_000
	defaultAttempts    = 3
	defaultBackoff     = time.Second
	defaultMaxBackoff  = 32 * time.Second
	defaultTimeout     = 2500 * time.Millisecond
	defaultClientTries = 3
)

// ErrInvalidOption is matched by the error of a constructor for an option that is out of
// range, and for one that the sockets refuse. It is that of the sockets.
var ErrInvalidOption = zmq.ErrInvalidOption

// ErrClosed is matched by the errors of calls on a closed value. It is that of the
// sockets, and matches [net.ErrClosed].
var ErrClosed = zmq.ErrClosed

// ErrNoReply is matched by the error of [Client.Request] if no attempt was answered in
// time. The request may have been carried out, or may be carried out later.
var ErrNoReply = errors.New("ppp: no reply")

// positive sets *v to its default if it is zero.
func positive[T cmp.Ordered](name string, v *T, standard T) error {
	var zero T
	if *v < zero {
		return fmt.Errorf("ppp: %s is negative: %w", name, ErrInvalidOption)
	}
	*v = cmp.Or(*v, standard)
	return nil
}

// socketOptions returns a copy of o, or all defaults.
func socketOptions(o *zmq.Options) zmq.Options {
	if o == nil {
		return zmq.Options{}
	}
	return *o
}

// times returns d*n, or [zmq.Forever] if that is too long for a duration.
func times(d time.Duration, n int) time.Duration {
	if d > zmq.Forever/time.Duration(n) {
		return zmq.Forever
	}
	return d * time.Duration(n)
}
