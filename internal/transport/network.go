package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
)

// Network has functions of the application that take part in making connections.
// A nil field means what package net does.
type Network struct {
	// DialContext makes the connections of tcp and ipc. network is "tcp", "tcp4",
	// "tcp6" or "unix".
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	// Control is called with each socket of the system, after the other options
	// are set and before it is bound or connected.
	Control func(network, address string, c syscall.RawConn) error
	// Resolver looks up the names of hosts.
	Resolver *net.Resolver
	// Proxy makes the connections of tcp. DialContext connects to it.
	Proxy *Proxy
}

// network returns o.Network, or an empty one.
func (o *Options) network() *Network {
	if o.Network == nil {
		return &Network{}
	}
	return o.Network
}

// resolver returns the resolver of names.
func (n *Network) resolver() *net.Resolver {
	if n.Resolver == nil {
		return net.DefaultResolver
	}
	return n.Resolver
}

// WithNetwork returns t with n in place of Options.Network. A nil n returns t.
func WithNetwork(t Transport, n *Network) Transport {
	if n == nil {
		return t
	}
	if over, ok := t.(overTLS); ok {
		return overTLS{WithNetwork(over.base, n)}
	}
	return withNetwork{t, n}
}

type withNetwork struct {
	Transport
	network *Network
}

func (t withNetwork) options(o *Options) *Options {
	changed := *o.orZero()
	changed.Network = t.network
	return &changed
}

func (t withNetwork) Listen(addr string, o *Options) (Listener, error) {
	return t.Transport.Listen(addr, t.options(o))
}

func (t withNetwork) Dial(ctx context.Context, addr string, o *Options) (net.Conn, error) {
	return t.Transport.Dial(ctx, addr, t.options(o))
}

// CheckNetwork returns an error if connections to addr cannot be made by the
// functions in n, which may be nil.
func CheckNetwork(t Transport, addr string, n *Network) error {
	if over, ok := t.(overTLS); ok {
		t = over.base
	}
	if t == TCP && n != nil && n.DialContext != nil && strings.Contains(addr, ";") {
		return errors.New("a source address has no effect with DialContext")
	}
	return nil
}

// Custom is a transport of the application, in terms of package net.
type Custom interface {
	Dial(ctx context.Context, address string) (net.Conn, error)
	Listen(ctx context.Context, address string) (net.Listener, error)
}

// FromCustom returns the transport of the application.
func FromCustom(c Custom) Transport { return custom{c} }

type custom struct{ c Custom }

// CheckListen and CheckDial accept every address: Listen and Dial check it.
func (custom) CheckListen(string) error { return nil }
func (custom) CheckDial(string) error   { return nil }

func (t custom) Listen(addr string, o *Options) (Listener, error) {
	ctx := o.orZero().Lookup
	if ctx == nil {
		ctx = context.Background()
	}
	l, err := t.c.Listen(ctx, addr)
	if err == nil && IsNil(l) {
		err = errors.New("the transport returned no listener")
	}
	if err != nil {
		return nil, err
	}
	return injected(l), nil
}

func (t custom) Dial(ctx context.Context, addr string, _ *Options) (net.Conn, error) {
	return checkConn(t.c.Dial(ctx, addr))
}

// checkConn checks a connection that the application has made, and guards it.
func checkConn(c net.Conn, err error) (net.Conn, error) {
	switch {
	case err != nil:
		return nil, err
	case IsNil(c):
		return nil, errors.New("no connection and no error was returned")
	}
	return Guard(c), nil
}

func orUnknown(a net.Addr) net.Addr {
	if a == nil {
		return unknownAddr{}
	}
	return a
}

// unknownAddr is the address of a connection or listener that has none.
type unknownAddr struct{}

func (unknownAddr) Network() string { return "unknown" }
func (unknownAddr) String() string  { return "unknown" }

// AddrText returns the text of an address, which may be nil.
func AddrText(a net.Addr) string { return orUnknown(a).String() }

// injected returns the listener of the application as a Listener.
func injected(l net.Listener) Listener {
	return &listener{Listener: checkedListener{l}, addr: AddrText(l.Addr())}
}

type checkedListener struct{ net.Listener }

func (l checkedListener) Accept() (net.Conn, error) { return checkConn(l.Listener.Accept()) }

func (l checkedListener) Close() (err error) {
	defer RecoverHook(&err, "Close of the listener")
	return l.Listener.Close()
}

// Scheme returns the scheme of endpoints with the address a: "tcp" and "ipc" for
// those of package net, else the name of its network.
func Scheme(a net.Addr) string {
	switch network := orUnknown(a).Network(); network {
	case "tcp", "tcp4", "tcp6":
		return "tcp"
	case "unix":
		return "ipc"
	default:
		return network
	}
}

// FromListener returns a transport whose Listen returns l, for any address. It does
// not dial.
func FromListener(l net.Listener) Transport { return given{listener: l} }

// FromConn returns a transport whose Dial returns c, for any address. It does not
// listen.
func FromConn(c net.Conn) Transport { return given{conn: c} }

// given has what the application has made itself.
type given struct {
	listener net.Listener
	conn     net.Conn
}

func (given) CheckListen(string) error { return nil }
func (given) CheckDial(string) error   { return nil }

func (g given) Listen(addr string, _ *Options) (Listener, error) {
	if g.listener == nil {
		return nil, fmt.Errorf("listen %s: %w", addr, errors.ErrUnsupported)
	}
	return injected(g.listener), nil
}

func (g given) Dial(_ context.Context, addr string, _ *Options) (net.Conn, error) {
	if g.conn == nil {
		return nil, fmt.Errorf("dial %s: %w", addr, errors.ErrUnsupported)
	}
	return checkConn(g.conn, nil)
}
