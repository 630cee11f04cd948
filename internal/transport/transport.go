// Package transport moves bytes: it dials, listens and sets socket options,
// and knows nothing of ZMTP, messages or socket types. Everything above it
// sees a scheme's [Transport], its [Listener] and plain net.Conn values.
package transport

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"time"
)

// ErrSyntax is matched by every error that says an endpoint's address text is
// malformed, as opposed to one that cannot be reached or bound now.
var ErrSyntax = errors.New("malformed address")

// Transport is one scheme's way to move bytes. An address is the part of an
// endpoint after "scheme://". Implementations are stateless and safe for
// concurrent use.
type Transport interface {
	// CheckListen and CheckDial report, without touching the network, whether
	// the text can be an address of this scheme. Their errors match ErrSyntax.
	CheckListen(addr string) error
	CheckDial(addr string) error

	// Listen binds addr at once and returns the listener, whose Addr is the
	// resolved address, wildcards and ephemeral ports filled in. Nil options
	// are the zero ones.
	Listen(addr string, o *Options) (Listener, error)

	// Dial makes one attempt and gives up when ctx ends. Nil options are the
	// zero ones.
	Dial(ctx context.Context, addr string, o *Options) (net.Conn, error)
}

// Listener accepts connections. Accept returns an error matching
// net.ErrClosed after Close; Close also removes what Listen created (an ipc
// file, a wildcard directory). A second Close does nothing and returns what
// the first one did.
type Listener interface {
	Accept() (net.Conn, error)
	Close() error
	// Addr is the bound address in the form CheckDial accepts.
	Addr() string
}

// Options are the socket options of a byte mover; the zero value leaves every
// choice to the operating system. Buffers, MaxRetrans, TOS and Priority are
// wishes: a system without such an option ignores them.
type Options struct {
	SendBuffer int                 // SO_SNDBUF, bytes; 0 leaves the system's
	RecvBuffer int                 // SO_RCVBUF, bytes; 0 leaves the system's
	KeepAlive  net.KeepAliveConfig // applied when its Enable is set, else the system's default
	MaxRetrans time.Duration       // TCP_USER_TIMEOUT; 0 leaves the system's
	TOS        int                 // IP_TOS and IPV6_TCLASS; 0 leaves the system's
	Priority   int                 // SO_PRIORITY (Linux); 0 leaves the system's
	Device     string              // SO_BINDTODEVICE (Linux, else an error); "" is any device
	IPv4Only   bool                // resolve and bind IPv4 only; else dual stack
	Mode       fs.FileMode         // permission bits of an ipc file; 0 leaves the umask's

	// Lookup ends the name lookups of Listen and ListenPackets; nil never does.
	Lookup context.Context

	MulticastHops   int  // IP_MULTICAST_TTL and IPV6_MULTICAST_HOPS; 0 leaves the system's, which is 1
	MulticastNoLoop bool // what is sent to a group does not come back to this machine
}

// orZero lets every caller pass nil for "all defaults".
func (o *Options) orZero() *Options {
	if o == nil {
		return &Options{}
	}
	return o
}
