package socket

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/zerobroker/zmq/internal/endpoint"
	"github.com/zerobroker/zmq/internal/inproc"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/transport"
)

// Errors about endpoints.
var (
	// ErrInvalidEndpoint is returned for a text that is not an endpoint.
	ErrInvalidEndpoint = errors.New("invalid endpoint")
	// ErrUnsupportedTransport is returned for an unknown scheme, and for a
	// transport that the socket type does not use, at least not in that
	// direction. [EPROTONOSUPPORT]
	ErrUnsupportedTransport = errors.New("unsupported transport")
	// ErrIncompatibleTransport is the ErrUnsupportedTransport of a transport that
	// exists and that the socket type does not use. [ENOCOMPATPROTO]
	ErrIncompatibleTransport = fmt.Errorf("%w", ErrUnsupportedTransport)
	// ErrEndpointInUse is returned for an endpoint that has other options already.
	ErrEndpointInUse = inproc.ErrEndpointInUse
	// ErrEndpointNotFound is returned for an endpoint that the socket is not bound
	// or connected to.
	ErrEndpointNotFound = errors.New("endpoint not found")
)

// split cuts an endpoint into scheme and address.
func split(ep string) (scheme, address string, err error) {
	scheme, address, ok := strings.Cut(ep, "://")
	switch {
	case !ok && looksLikeTCP(ep):
		return "", "", fmt.Errorf("%w: no scheme: write tcp://%s", ErrInvalidEndpoint, ep)
	case !ok || scheme == "":
		return "", "", fmt.Errorf("%w: no scheme: write scheme://address, such as tcp://127.0.0.1:5555", ErrInvalidEndpoint)
	case address == "":
		return "", "", fmt.Errorf("%w: no address after %s://", ErrInvalidEndpoint, scheme)
	}
	return scheme, address, nil
}

// looksLikeTCP reports whether a text without a scheme has a host and a port.
func looksLikeTCP(ep string) bool {
	i := strings.LastIndexByte(ep, ':')
	if i <= 0 || i == len(ep)-1 || strings.Contains(ep, "/") {
		return false
	}
	port := ep[i+1:]
	return port == "*" || strings.Trim(port, "0123456789") == ""
}

// unknownScheme returns the error for a scheme that is not one of the socket.
func (o *Options) unknownScheme(scheme string) error {
	names := slices.AppendSeq([]string{inprocScheme}, maps.Keys(o.Transports))
	names = slices.AppendSeq(names, maps.Keys(o.Datagrams))
	slices.Sort(names)
	prefixes := slices.AppendSeq([]string{srvPrefix}, maps.Keys(o.Resolvers))
	slices.Sort(prefixes)
	return fmt.Errorf("%w %q: use one of %s, in lower case, or in Connect one of them after %s+, as in %s+tcp; Network.Transports and Network.Resolvers of the options add others",
		ErrUnsupportedTransport, scheme, strings.Join(names, ", "), strings.Join(prefixes, "+, "), srvPrefix)
}

// checkInproc returns an error for a type whose peers are not sockets.
func checkInproc(info *pattern.Info) error {
	if info.Raw {
		return fmt.Errorf("%w: the peers of %s are not sockets", ErrIncompatibleTransport, info.Name)
	}
	return nil
}

// transport returns the transport of a scheme.
func (o *Options) transport(scheme string, info *pattern.Info) (transport.Transport, error) {
	t := o.Transports[scheme]
	if t == nil {
		return nil, o.unknownScheme(scheme)
	}
	if info.DatagramsOnly {
		return nil, fmt.Errorf("%w: %s binds only udp endpoints", ErrIncompatibleTransport, info.Name)
	}
	return t, nil
}

// EndpointOptions are the options of one endpoint.
type EndpointOptions struct {
	// Alias is the routing ID that a ROUTER or STREAM that connects assigns to the
	// peer. Messages can be sent to it at once. It may be empty.
	Alias string
	// Security is the security of the endpoint; nil: that of the socket.
	Security *Security
	// Network replaces Options.Transport.Network; nil: that of the socket.
	Network *transport.Network
}

// Bind is BindWith without options.
func (s *Socket) Bind(ep string) (string, error) { return s.BindWith(ep, EndpointOptions{}) }

// BindWith listens on an endpoint and returns it with wildcards replaced.
func (s *Socket) BindWith(ep string, o EndpointOptions) (string, error) {
	scheme, address, err := split(ep)
	if err != nil {
		return "", err
	}
	s.table.opMu.Lock()
	defer s.table.opMu.Unlock()
	if s.isClosed() {
		return "", ErrClosed
	}
	if scheme == inprocScheme {
		if err := checkInproc(s.info); err != nil {
			return "", err
		}
		if err := s.opts.Load().Namespace.Bind(address, s.inprocEnd()); err != nil {
			return "", err
		}
		s.table.add(ep, ep, &boundName{s, address, endpoint.New(endpoint.Listening)})
		s.inprocEnd().event(session.Listening, address, nil, nil)
		return ep, nil
	}
	cfg, own, sec := s.endpointConfig(o.Security)
	if t := s.opts.Load().Datagrams[scheme]; t != nil {
		if err := o.checkDatagrams(sec, scheme); err != nil {
			return "", err
		}
		return s.bindDatagrams(t, scheme, ep, address, own)
	}
	t, err := s.opts.Load().transport(scheme, s.info)
	if err != nil {
		return "", err
	}
	if err := t.CheckListen(address); err != nil {
		return "", fmt.Errorf("%w: %w", ErrInvalidEndpoint, err)
	}
	if err := checkTLS(t, true, sec.TLS); err != nil {
		return "", err
	}
	l, err := session.Listen(cfg, transport.WithNetwork(t, o.Network), scheme+"://", address)
	if err != nil {
		return "", s.orClosed(err) // Close ends name lookups
	}
	s.table.addSecured(l.Endpoint(), ep, l, own)
	return l.Endpoint(), nil
}

// Connect is ConnectWith without options.
func (s *Socket) Connect(ep string) error { return s.ConnectWith(ep, EndpointOptions{}) }

// ConnectWith connects to an endpoint in the background, and again whenever the
// connection is lost. A type that wants one connection for each endpoint keeps the
// one it has; over inproc, as in libzmq, it gets another.
func (s *Socket) ConnectWith(ep string, o EndpointOptions) error {
	if err := checkRoutingID(o.Alias); err != nil {
		return err
	}
	_, err := s.connect(ep, o)
	return err
}

func (s *Socket) connect(ep string, o EndpointOptions) (*pipe.Pipe, error) {
	scheme, address, err := split(ep)
	if err != nil {
		return nil, err
	}
	s.table.opMu.Lock()
	defer s.table.opMu.Unlock()
	if s.isClosed() {
		return nil, ErrClosed
	}
	if scheme == inprocScheme {
		if err := checkInproc(s.info); err != nil {
			return nil, err
		}
		l, err := s.opts.Load().Namespace.Connect(address, o.Alias, s.inprocEnd())
		if err != nil {
			return nil, err
		}
		s.table.add(ep, ep, &connectedName{l, s})
		return l.Pipe(), nil
	}
	cfg, own, sec := s.endpointConfig(o.Security)
	if t := s.opts.Load().Datagrams[scheme]; t != nil {
		if err := o.checkDatagrams(sec, scheme); err != nil {
			return nil, err
		}
		return nil, s.connectDatagrams(t, ep, scheme, address, own)
	}
	if prefix, rest, ok := strings.Cut(scheme, "+"); ok && (prefix == srvPrefix || s.opts.Load().Resolvers[prefix] != nil) {
		return nil, s.connectResolved(prefix, rest, ep, address, &o)
	}
	t, err := s.opts.Load().transport(scheme, s.info)
	if err != nil {
		return nil, err
	}
	if err := t.CheckDial(address); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidEndpoint, err)
	}
	if err := s.checkNetwork(t, address, o.Network); err != nil {
		return nil, err
	}
	if d := s.table.dialer(ep); d != nil && s.info.ReusesConnection {
		if o.Security != nil || o.Network != nil {
			return nil, fmt.Errorf("%w: connected already, disconnect it to change its options", ErrEndpointInUse)
		}
		return d.Pipe(), nil
	}
	if err := checkTLS(t, false, sec.TLS); err != nil {
		return nil, err
	}
	d, err := session.Dial(cfg, transport.WithNetwork(t, o.Network), ep, address, o.Alias)
	if err != nil {
		return nil, err
	}
	s.table.addSecured(ep, ep, d, own)
	return d.Pipe(), nil
}

// bindDatagrams implements Bind for datagram transports. The caller holds opMu.
func (s *Socket) bindDatagrams(t transport.Packets, scheme, ep, address string, own *session.NextConfig) (string, error) {
	if !s.info.ReceivesDatagrams {
		return "", fmt.Errorf("%w: %s does not bind to %s", ErrIncompatibleTransport, s.info.Name, scheme)
	}
	if err := t.CheckListen(address); err != nil {
		return "", fmt.Errorf("%w: %w", ErrInvalidEndpoint, err)
	}
	d, err := session.ListenDatagrams(s.cfg.Load(), t, scheme+"://", address)
	if err != nil {
		return "", s.orClosed(err) // Close ends name lookups
	}
	s.table.addSecured(d.Endpoint(), ep, d, own)
	return d.Endpoint(), nil
}

// connectDatagrams implements Connect for datagram transports. The caller holds
// opMu.
func (s *Socket) connectDatagrams(t transport.Packets, ep, scheme, address string, own *session.NextConfig) error {
	if !s.info.SendsDatagrams {
		return fmt.Errorf("%w: %s does not connect to %s", ErrIncompatibleTransport, s.info.Name, scheme)
	}
	if err := t.CheckDial(address); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalidEndpoint, err)
	}
	d, err := session.DialDatagrams(s.cfg.Load(), t, ep, address)
	if err != nil {
		return err
	}
	s.table.addSecured(ep, ep, d, own)
	return nil
}

// Unbind stops listening on ep, which must be the string that Bind returned or
// that was passed to Bind. Each connection that was accepted there ends when
// its queued messages are written or the linger time is over. Unbind does not
// wait for that; Close does.
func (s *Socket) Unbind(ep string) error {
	err := s.removeEndpoint(ep, s.opts.Load().Linger, bound)
	if err == ErrEndpointNotFound {
		for _, resolved := range s.table.boundAs(ep) {
			err = s.removeEndpoint(resolved, s.opts.Load().Linger, func(e entry) bool { return e.given == ep })
		}
	}
	return err
}

// Disconnect ends all connections to ep, which must be the string that was
// passed to Connect. Each connection ends when its queued messages are written
// or the linger time is over. Disconnect does not wait for that; Close does.
func (s *Socket) Disconnect(ep string) error {
	return s.removeEndpoint(ep, s.opts.Load().Linger, func(e entry) bool { return !bound(e) })
}

func (s *Socket) removeEndpoint(ep string, linger time.Duration, which func(entry) bool) error {
	s.table.opMu.Lock()
	defer s.table.opMu.Unlock()
	if s.isClosed() {
		return ErrClosed
	}
	if !s.table.remove(ep, linger, which) {
		return ErrEndpointNotFound
	}
	return nil
}
