package socket

import (
	"fmt"
	"net"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/transport"
)

// checkNetwork returns an error if an endpoint that connects cannot have the options
// own, or those of the socket.
func (s *Socket) checkNetwork(t transport.Transport, address string, own *transport.Network) error {
	if own == nil {
		own = s.opts.Load().Transport.Network
	}
	if err := transport.CheckNetwork(t, address, own); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalidOption, err)
	}
	return nil
}

// injected returns the scheme and the transport for a connection or listener that
// the application has made. TLS runs over it if the endpoint has security of its own
// with TLS.
func (o *EndpointOptions) injected(t transport.Transport, at net.Addr) (string, transport.Transport) {
	scheme := transport.Scheme(at)
	if o.Security != nil && o.Security.TLS != nil {
		return "tls+" + scheme, transport.OverTLS(t)
	}
	return scheme, t
}

// checkConnections returns an error for a type that has no connections.
func checkConnections(info *pattern.Info) error {
	if info.DatagramsOnly {
		return fmt.Errorf("%w: %s has no connections", ErrIncompatibleTransport, info.Name)
	}
	return nil
}

// BindListener accepts connections from l and returns the endpoint. It takes over l
// unless it returns an error.
func (s *Socket) BindListener(l net.Listener, o EndpointOptions) (string, error) {
	if err := checkConnections(s.info); err != nil {
		return "", err
	}
	scheme, t := o.injected(transport.FromListener(l), l.Addr())
	s.table.opMu.Lock()
	defer s.table.opMu.Unlock()
	if s.isClosed() {
		return "", ErrClosed
	}
	cfg, own, sec := s.endpointConfig(o.Security)
	if err := checkTLS(t, true, sec.TLS); err != nil {
		return "", err
	}
	b, err := session.Listen(cfg, t, scheme+"://", "")
	if err != nil {
		return "", err
	}
	s.table.addSecured(b.Endpoint(), b.Endpoint(), b, own)
	return b.Endpoint(), nil
}

// AttachConn makes c the connection of a new endpoint, as if Connect had made it, and
// returns the endpoint. It takes over c unless it returns an error.
func (s *Socket) AttachConn(c net.Conn, o EndpointOptions) (string, error) {
	if err := checkRoutingID(o.Alias); err != nil {
		return "", err
	}
	if err := checkConnections(s.info); err != nil {
		return "", err
	}
	c = transport.Guard(c)
	address := transport.AddrText(c.RemoteAddr())
	scheme, t := o.injected(transport.FromConn(c), c.RemoteAddr())
	ep := scheme + "://" + address
	s.table.opMu.Lock()
	defer s.table.opMu.Unlock()
	if s.isClosed() {
		return "", ErrClosed
	}
	s.table.removeEndedAttached()
	cfg, own, _ := s.endpointConfig(o.Security)
	d, err := session.Attach(cfg, t, ep, address, o.Alias, c)
	if err != nil {
		return "", err
	}
	s.table.addAttached(ep, d, own)
	return ep, nil
}

// checkDatagrams returns an error if an endpoint for datagrams cannot have the
// security sec and the options o.
func (o *EndpointOptions) checkDatagrams(sec *Security, scheme string) error {
	if o.Network != nil {
		return fmt.Errorf("%w: endpoints of %s have no network options of their own", ErrInvalidOption, scheme)
	}
	return checkDatagrams(sec, scheme)
}
