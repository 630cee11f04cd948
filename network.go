package zmq

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	"github.com/zerobroker/zmq/internal/transport"
)

// NetworkOptions are functions and values of the application that take part in
// making connections. The functions may be called concurrently, in goroutines of the
// socket, and must return when their context ends: Close waits for them. A panic in
// one of them is an error of that attempt, or of Bind. Resolvers, RefreshInterval,
// MaxAddresses and Transports are options of a socket only: in
// [EndpointOptions].Network they are an error.
type NetworkOptions struct {
	// DialContext makes the connections of tcp, tls+tcp and ipc endpoints that the
	// socket connects to, in place of [net.Dialer]. network is "tcp", "tcp4"
	// (without IPv6), "tcp6" or "unix"; address has a host name as it is in the
	// endpoint, or a path. Each attempt to connect calls it. The socket closes the
	// connection. Of [TCPOptions] only IPv6 has an effect then, and an endpoint
	// with a source address is an error. Default nil.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)

	// Control is called with each socket of the system that is made for a tcp,
	// tls+tcp, ipc or udp endpoint, before it is bound or connected and after the
	// other options are set: the Control of [net.Dialer] and [net.ListenConfig].
	// An error fails that attempt to connect, or Bind. It is not called for
	// connections that DialContext makes. Default nil.
	Control func(network, address string, c syscall.RawConn) error

	// Resolver looks up the names of hosts, each time that the socket connects, and
	// in Bind. All addresses of a name are tried, IPv6 and IPv4 at almost the same
	// time (RFC 8305). Default [net.DefaultResolver].
	Resolver *net.Resolver

	// Resolvers finds the addresses of endpoints that stand for a changing set of
	// them, by the prefix of the scheme: with the key "etcd", those of Connect that
	// begin with "etcd+tcp://". The socket connects to every address and disconnects
	// those that are removed, as [Connector.Disconnect] does. A prefix has lower-case
	// letters and digits; "srv" and "tls" cannot be used. Default none.
	//
	// "srv" is built in: "srv+tcp://_zmq._tcp.example.org" stands for the targets of
	// the SRV records (RFC 2782) with the lowest priority value. "srv+tls+tcp" verifies
	// the names of the targets, so the owner of the DNS zone determines the peers.
	Resolvers map[string]Resolver

	// RefreshInterval is how long a result of a resolver is used before it is called
	// again. Default 30 s.
	RefreshInterval time.Duration

	// MaxAddresses bounds the addresses of one endpoint. Those above it are not
	// used, which is an [EventResolveFailed]; present ones are kept first. Default
	// 1000, at most 1<<20.
	MaxAddresses int

	// SOCKS5 makes the connections of tcp and tls+tcp endpoints that the socket
	// connects to through a proxy. DialContext, if it is set, connects to the proxy.
	// The proxy resolves the names of hosts. Environment variables such as ALL_PROXY
	// are not read. Default none. [ZMQ_SOCKS_PROXY]
	SOCKS5 *SOCKS5

	// Transports has transports of the application by scheme, for Bind and Connect:
	// with the key "vsock", the endpoints that begin with "vsock://". A scheme has
	// lower-case letters, digits, "+", "-" and "."; those of this library cannot be
	// replaced. Default none.
	Transports map[string]Transport
}

// Transport makes the connections of a scheme. Its methods may be called
// concurrently. An address is the part of an endpoint after "scheme://", and never
// empty; a malformed one is an error of Dial or Listen. Each connection is a stream
// of bytes in both directions. Its deadlines must work, and Close must end a Read
// and a Write that are in progress. The socket closes it. A panic of one of its methods
// ends the connection with an error, as does a count of bytes that [io.Reader] and
// [io.Writer] do not allow, and a Read that returns neither bytes nor an error 100
// times. The same holds for the connections of DialContext, BindListener and AttachConn.
type Transport interface {
	// Dial makes one attempt to connect, until ctx ends.
	Dial(ctx context.Context, address string) (net.Conn, error)
	// Listen binds the address. The text of the listener's Addr replaces the
	// address in the endpoint that Bind returns, and peers should be able to dial
	// it. Unbind and Close close the listener. ctx ends when the socket is closed.
	Listen(ctx context.Context, address string) (net.Listener, error)
}

// Resolver finds the addresses that an endpoint stands for. Its methods may be called
// concurrently.
type Resolver interface {
	// Resolve calls update with all addresses that name stands for: the part of the
	// endpoint after "://". They are addresses of the transport after the "+", such
	// as "10.0.0.7:5555".
	//
	// A resolver that learns of changes, as from a watch of etcd or Kubernetes, calls
	// update again after each one, and returns when ctx ends. Any other returns after
	// one call, and Resolve is called again after [NetworkOptions.RefreshInterval].
	// After an error, a panic, or without an update it is called again with the delays
	// of [ReconnectOptions]. Then, and after an update without addresses, the socket
	// keeps the present ones. Each failure is an [EventResolveFailed] of the endpoint.
	Resolve(ctx context.Context, name string, update func(addresses []string)) error
}

// SOCKS5 is a proxy of RFC 1928. If it cannot be reached, or refuses the connection,
// the socket tries again as for the endpoint itself, and the error of the
// [EventRetrying] names the proxy and the address.
type SOCKS5 struct {
	// Address is the host and the port of the proxy: "proxy.example:1080".
	// [ZMQ_SOCKS_PROXY]
	Address string
	// Username and Password are the credentials for the proxy (RFC 1929), at most
	// 255 bytes each. They are sent without encryption, if the proxy asks for them.
	// Default none. [ZMQ_SOCKS_USERNAME, ZMQ_SOCKS_PASSWORD]
	Username string
	Password string `json:"-"`
}

// String returns the address and the user name, and not the password.
func (p SOCKS5) String() string {
	return fmt.Sprintf("SOCKS5{Address: %q, Username: %q}", p.Address, p.Username)
}

// Format writes String for every verb.
func (p SOCKS5) Format(f fmt.State, _ rune) { io.WriteString(f, p.String()) }

// core checks the options and translates them; nil if none is set.
func (o *NetworkOptions) core() (*transport.Network, error) {
	n := &transport.Network{DialContext: o.DialContext, Control: o.Control, Resolver: o.Resolver}
	if p := o.SOCKS5; p != nil {
		n.Proxy = &transport.Proxy{Address: p.Address, Username: p.Username, Password: p.Password}
	}
	if o.DialContext == nil && o.Control == nil && o.Resolver == nil && o.SOCKS5 == nil {
		return nil, nil
	}
	return n, transport.CheckProxy(n.Proxy)
}

// transports returns the transports of the library and those of the application.
func (o *NetworkOptions) transports(r *optionReader) map[string]transport.Transport {
	if len(o.Transports) == 0 {
		return transports
	}
	all := maps.Clone(transports)
	for _, scheme := range slices.Sorted(maps.Keys(o.Transports)) {
		t := o.Transports[scheme]
		switch {
		case !validScheme(scheme):
			r.fail("Network.Transports", "%q: not a scheme in lower case", scheme)
		case transports[scheme] != nil || datagrams[scheme] != nil || scheme == "inproc":
			r.fail("Network.Transports", "%q: a scheme of this library", scheme)
		case t == nil:
			r.fail("Network.Transports", "%q: nil", scheme)
		}
		all[scheme] = transport.FromCustom(t)
	}
	return all
}

// coreResolvers translates the options of resolvers.
func (o *NetworkOptions) coreResolvers(r *optionReader, c *socket.Options) {
	c.ResolveRefresh = r.within("Network.RefreshInterval", o.RefreshInterval, 30*time.Second, maxWait)
	if c.MaxResolved = r.number("Network.MaxAddresses", o.MaxAddresses, 1<<20); c.MaxResolved == 0 {
		c.MaxResolved = 1000
	}
	c.Resolvers = make(map[string]session.Resolver, len(o.Resolvers))
	for _, prefix := range slices.Sorted(maps.Keys(o.Resolvers)) {
		switch v := o.Resolvers[prefix]; {
		case !validScheme(prefix) || strings.ContainsAny(prefix, "+-."):
			r.fail("Network.Resolvers", "%q: not a prefix of lower-case letters and digits", prefix)
		case prefix == "srv" || prefix == "tls":
			r.fail("Network.Resolvers", "%q: a prefix of this library", prefix)
		case v == nil:
			r.fail("Network.Resolvers", "%q: nil", prefix)
		default:
			c.Resolvers[prefix] = v
		}
	}
}

// validScheme reports whether s is a scheme in lower case.
// https://www.rfc-editor.org/rfc/rfc3986#section-3.1
func validScheme(s string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	return s != "" && strings.Contains(letters, s[:1]) && strings.Trim(s, letters+"0123456789+-.") == ""
}

// coreNetwork translates EndpointOptions.Network.
func (o *EndpointOptions) coreNetwork() (*transport.Network, error) {
	if o.Network == nil {
		return nil, nil
	}
	if n := o.Network; n.Transports != nil || n.Resolvers != nil || n.RefreshInterval != 0 || n.MaxAddresses != 0 {
		return nil, fmt.Errorf("%w: EndpointOptions.Network: set Transports, Resolvers, RefreshInterval and MaxAddresses in Options", ErrInvalidOption)
	}
	n, err := o.Network.core()
	if err != nil {
		return nil, fmt.Errorf("%w: EndpointOptions.Network.SOCKS5: %w", ErrInvalidOption, err)
	}
	if n == nil {
		n = &transport.Network{} // not that of the socket
	}
	return n, nil
}

// BindListener accepts peers from a listener of the application: one of systemd's
// socket activation, of another network stack, or in memory. It returns the endpoint
// for [Socket.Unbind]: the network and address of l, as in "tcp://127.0.0.1:5555",
// with "ipc" for the network "unix".
//
// If o.Security has TLS, the connections use TLS, and the scheme has the prefix
// "tls+". o.Network does not apply, nor do [Options.TCP] and [Options.IPC].
//
// The socket closes l in Unbind and Close, unless BindListener returns an error. A
// failure of Accept is an [EventAcceptFailed], and Accept is called again after 5 ms;
// the delay doubles up to 1 s while it fails, as for a listener that something else
// has closed. The error matches [ErrInvalidOption], [ErrUnsupportedTransport] (DGRAM)
// or [ErrClosed].
func (s Socket) BindListener(l net.Listener, o EndpointOptions) (endpoint string, err error) {
	if transport.IsNil(l) {
		return "", opError("bind listener", "", fmt.Errorf("%w: a nil listener", ErrInvalidOption))
	}
	if transport.IsNil(l.Addr()) {
		return "", opError("bind listener", "", fmt.Errorf("%w: a listener without an address", ErrInvalidOption))
	}
	opts, err := o.coreInjected(s)
	if err == nil && o.PeerID != "" {
		err = fmt.Errorf("%w: EndpointOptions.PeerID does not apply to BindListener", ErrInvalidOption)
	}
	if err == nil {
		endpoint, err = s.s.BindListener(l, opts)
	}
	return endpoint, opError("bind listener", transport.AddrText(l.Addr()), err)
}

// AttachConn makes an existing connection one of the socket, as if Connect had made
// it, except that it is not made again when it is lost. The peer may be a socket that
// has accepted the connection or one to which it was attached. It returns the
// endpoint for [Connector.Disconnect]: the network and the remote address of conn,
// as BindListener does. Several connections may have the same endpoint.
//
// If o.Security has TLS, the socket is a TLS client, and the scheme has the prefix
// "tls+". o.Network does not apply, nor does [Options.TCP].
//
// The socket closes conn when the connection ends, unless AttachConn returns an
// error. [Socket.Endpoints] shows an ended connection as [EndpointClosed] for some
// time. Its unsent messages are counted under [DropLinger]. The error matches
// [ErrInvalidOption], [ErrPeerExists] (PAIR and CHANNEL) or [ErrClosed].
//
// To attach connections on the accepting side, give BindListener a listener that
// returns them.
func (c Connector) AttachConn(conn net.Conn, o EndpointOptions) (endpoint string, err error) {
	if transport.IsNil(conn) {
		return "", opError("attach connection", "", fmt.Errorf("%w: a nil connection", ErrInvalidOption))
	}
	opts, err := o.coreInjected(c.Socket)
	if err == nil {
		endpoint, err = c.s.AttachConn(conn, opts)
	}
	return endpoint, opError("attach connection", transport.AddrText(conn.RemoteAddr()), err)
}

// coreInjected is core for endpoints whose listener or connection the application
// has made.
func (o *EndpointOptions) coreInjected(s Socket) (socket.EndpointOptions, error) {
	if o.Network != nil {
		return socket.EndpointOptions{}, fmt.Errorf("%w: EndpointOptions.Network does not apply to a connection or listener that exists", ErrInvalidOption)
	}
	return o.core(s)
}
