// Package transport implements the transports tcp, ipc, udp and TLS over tcp: it
// dials, listens and sets socket options. It knows nothing of ZMTP, messages or
// socket types. Other packages use it through [Transport], [Listener] and net.Conn,
// and for datagrams through [Packets] and [PacketConn].
package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"net"
	"time"
)

// ErrSyntax matches every error for a malformed address. It does not match the
// error for an address that cannot be reached or bound.
var ErrSyntax = errors.New("malformed address")

// Transport is the implementation of a scheme for connections. An address is
// the part of an endpoint after "scheme://". Implementations have no state and
// are safe for concurrent use.
type Transport interface {
	// CheckListen and CheckDial check the syntax of an address to listen on or
	// to dial, without network access. Their errors match ErrSyntax.
	CheckListen(addr string) error
	CheckDial(addr string) error

	// Listen binds addr and returns the listener. Addr of the listener returns
	// the actual address instead of wildcards and ephemeral ports. A nil o
	// means the zero Options.
	Listen(addr string, o *Options) (Listener, error)

	// Dial makes one attempt to connect, until ctx ends. A nil o means the zero
	// Options.
	Dial(ctx context.Context, addr string, o *Options) (net.Conn, error)
}

// Listener accepts connections. After Close, Accept returns an error that
// matches net.ErrClosed. Close also removes files that Listen created: an ipc
// socket file or the directory of a wildcard. A second Close does nothing and
// returns the same error as the first.
type Listener interface {
	Accept() (net.Conn, error)
	Close() error
	// Addr returns the bound address in the form that CheckDial accepts.
	Addr() string
}

// Options are socket options. A zero field means the default of the operating
// system. A system that does not support SendBuffer, RecvBuffer, MaxRetrans,
// TOS, Priority, BusyPoll or Backlog ignores that option.
type Options struct {
	SendBuffer int                 // SO_SNDBUF, bytes
	RecvBuffer int                 // SO_RCVBUF, bytes
	KeepAlive  net.KeepAliveConfig // ignored unless its Enable is set
	MaxRetrans time.Duration       // TCP_USER_TIMEOUT
	TOS        int                 // IP_TOS and IPV6_TCLASS
	Priority   int                 // SO_PRIORITY (Linux)
	BusyPoll   time.Duration       // SO_BUSY_POLL, rounded up to microseconds (Linux)
	Device     string              // SO_BINDTODEVICE (Linux, elsewhere an error); "": any device
	Backlog    int                 // of listen, for tcp and ipc; 0: the maximum of the system
	IPv4Only   bool                // resolve and bind IPv4 addresses only; else IPv4 and IPv6
	Spin       time.Duration       // how long a connection is read without sleeping after bytes have arrived
	Mode       fs.FileMode         // permission bits of an ipc file; 0: determined by the umask

	// TLS returns the configuration of the next TLS connection, from PrepareTLS.
	// nil if there is none; transports without TLS ignore it.
	TLS func() *tls.Config

	// Network, if not nil, has functions of the application.
	Network *Network

	// Lookup, if not nil, ends name lookups in Listen and ListenPackets.
	Lookup context.Context

	MulticastHops       int  // IP_MULTICAST_TTL and IPV6_MULTICAST_HOPS; the system's default is 1
	MulticastRemoteOnly bool // IP_MULTICAST_LOOP 0: sent multicast datagrams are not delivered on this machine
}

// orZero returns o, or zero Options if o is nil.
func (o *Options) orZero() *Options {
	if o == nil {
		return &Options{}
	}
	return o
}
