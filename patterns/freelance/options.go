package freelance

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/zerobroker/zmq"
)

// Strategy selects how a client uses its servers. The zero value is [Tracked].
type Strategy uint8

const (
	// Tracked is RFC 10, the Guide's model 3: the client sends PING to all servers, and
	// a request to the first server in the order of its endpoints that is alive. If that
	// server disconnects, falls silent or does not reply in time, the request is sent to
	// the next one.
	Tracked Strategy = iota
	// Failover is the Guide's model 1: the client sends a request to one server, and if
	// it is not answered in time, to the next. It stays with a server that has
	// answered. A server may be any REP socket.
	Failover
	// Shotgun is the Guide's model 2: the client sends each request to all servers and
	// uses the first reply. A server may be a REP socket that sends back the first frame
	// of each request as the first frame of its reply.
	Shotgun
)

// String returns the name of the strategy, such as "tracked", or "unknown".
func (s Strategy) String() string {
	switch s {
	case Tracked:
		return "tracked"
	case Failover:
		return "failover"
	case Shotgun:
		return "shotgun"
	}
	return "unknown"
}

var (
	// ErrInvalidOption is matched by the error of a constructor for an option that is
	// out of range, and for one that the sockets refuse. It is that of the sockets.
	ErrInvalidOption = zmq.ErrInvalidOption
	// ErrClosed is matched by the errors of calls on a closed value. It is that of the
	// sockets, and matches [net.ErrClosed].
	ErrClosed = zmq.ErrClosed
	// ErrNoReply is matched by the error of [Client.Request] if no attempt was answered
	// in time. The request may have been carried out, or may be carried out later.
	ErrNoReply = errors.New("freelance: no reply")
	// ErrBusy is matched by the error of [Client.Request] if the client has
	// [ClientOptions].MaxRequests requests in progress. Nothing was sent.
	ErrBusy = errors.New("freelance: too many requests in progress")
)

// Defaults of options.
const (
	defaultTimeout     = 2500 * time.Millisecond
	defaultAttempts    = 3
	defaultPing        = 2 * time.Second
	defaultLiveness    = 3
	defaultMaxRequests = 10_000
	defaultMaxQueued   = 1000
	defaultConcurrency = 1
)

// positive sets *v to its default if it is zero.
func positive[T cmp.Ordered](name string, v *T, standard T) error {
	var zero T
	if *v < zero {
		return fmt.Errorf("freelance: %s is negative: %w", name, ErrInvalidOption)
	}
	*v = cmp.Or(*v, standard)
	return nil
}

// times returns d*n, or [zmq.Forever] if that is too long for a duration.
func times(d time.Duration, n int) time.Duration {
	if d > zmq.Forever/time.Duration(n) {
		return zmq.Forever
	}
	return d * time.Duration(n)
}

// socketOptions returns a copy of o, or all defaults.
func socketOptions(o *zmq.Options) zmq.Options {
	if o == nil {
		return zmq.Options{}
	}
	return *o
}
