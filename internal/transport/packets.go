package transport

import (
	"context"
	"net/netip"
)

// Packets is one scheme's way to move datagrams: each arrives whole, or cut, or
// not at all. An address is the part of an endpoint after "scheme://".
// Implementations are stateless and safe for concurrent use.
type Packets interface {
	// CheckListen and CheckDial report, without touching the network, whether
	// the text can be an address of this scheme. Their errors match ErrSyntax.
	CheckListen(addr string) error
	CheckDial(addr string) error

	// ListenPackets binds addr at once. Nil options are the zero ones.
	ListenPackets(addr string, o *Options) (PacketConn, error)

	// DialPackets opens what datagrams are sent to addr from, and returns where
	// they go. Nothing is sent: only a name is looked up, until ctx ends, and a
	// route, whose absence is an error. Nil options are the zero ones.
	DialPackets(ctx context.Context, addr string, o *Options) (PacketConn, netip.AddrPort, error)
}

// PacketConn is a bound or dialled end. One reader and one writer may use it at
// a time. Errors match net.ErrClosed after Close, and only then mean that it is
// of no more use.
type PacketConn interface {
	// ReadPacket waits for a datagram, and cuts what is longer than b.
	ReadPacket(b []byte) (n int, from netip.AddrPort, err error)
	// WritePacket sends b as one datagram. An error may be about an earlier one.
	WritePacket(b []byte, to netip.AddrPort) error
	// Addr is the bound address, its port filled in, in the form CheckListen
	// accepts.
	Addr() string
	Close() error
}
