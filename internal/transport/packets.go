package transport

import (
	"context"
	"net/netip"
)

// Packets is the implementation of a scheme for datagrams. A datagram arrives
// whole, or truncated to the buffer of the receiver, or not at all. An address
// is the part of an endpoint after "scheme://". Implementations have no state
// and are safe for concurrent use.
type Packets interface {
	// CheckListen and CheckDial check the syntax of an address to bind or to
	// send to, without network access. Their errors match ErrSyntax.
	CheckListen(addr string) error
	CheckDial(addr string) error

	// ListenPackets binds addr. A nil o means the zero Options.
	ListenPackets(addr string, o *Options) (PacketConn, error)

	// DialPackets opens a PacketConn for sending to addr and returns the
	// resolved address. It sends nothing. It resolves a name, until ctx ends,
	// and returns an error if there is no route. A nil o means the zero
	// Options.
	DialPackets(ctx context.Context, addr string, o *Options) (PacketConn, netip.AddrPort, error)
}

// PacketConn sends and receives datagrams. One goroutine may read while another
// writes. After Close, errors match net.ErrClosed. After any other error the
// PacketConn is still usable.
type PacketConn interface {
	// ReadPacket waits for a datagram. It truncates one that is longer than b.
	ReadPacket(b []byte) (n int, from netip.AddrPort, err error)
	// WritePacket sends b as one datagram. The error may be that of an earlier
	// datagram.
	WritePacket(b []byte, to netip.AddrPort) error
	// Addr returns the bound address with the actual port, in the form that
	// CheckListen accepts.
	Addr() string
	Close() error
}
