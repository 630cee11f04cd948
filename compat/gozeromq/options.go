package zmq4

import (
	"log"
	"time"
)

// Option configures a socket.
type Option func(s *socket)

// WithID sets the identity, for REQ, DEALER and ROUTER. Others ignore it.
func WithID(id SocketIdentity) Option { return func(s *socket) { s.id = id } }

// WithSecurity sets the security mechanism. Default NULL, also if sec is nil.
func WithSecurity(sec Security) Option { return func(s *socket) { s.security = sec } }

// WithDialerRetry sets the time between two attempts to connect. Default 250 ms.
func WithDialerRetry(retry time.Duration) Option { return func(s *socket) { s.retry = retry } }

// WithDialerMaxRetries sets how often Dial tries again; -1 is without limit. Default 10.
func WithDialerMaxRetries(maxRetries int) Option {
	return func(s *socket) { s.maxRetries = maxRetries }
}

// WithDialerTimeout bounds the time of one attempt to connect. Default 5 min.
func WithDialerTimeout(timeout time.Duration) Option {
	return func(s *socket) { s.dialTimeout = timeout }
}

// WithTimeout bounds the time that Send waits. Default 5 min.
func WithTimeout(timeout time.Duration) Option { return func(s *socket) { s.timeout = timeout } }

// WithLogger sets a logger for the events of the socket: refused peers and failures.
// Default none.
func WithLogger(msg *log.Logger) Option { return func(s *socket) { s.logger = msg } }

// WithAutomaticReconnect has no effect: all sockets connect again when a connection is
// lost.
func WithAutomaticReconnect(automaticReconnect bool) Option { return func(*socket) {} }
