package socket

import (
	"fmt"

	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/transport"
)

// srvPrefix is the prefix of schemes whose addresses are SRV records.
const srvPrefix = "srv"

// connectResolved implements Connect for an endpoint whose addresses a resolver
// finds. The caller holds opMu.
func (s *Socket) connectResolved(prefix, scheme, ep, name string, o *EndpointOptions) error {
	t, err := s.opts.Load().transport(scheme, s.info)
	if err != nil {
		return err
	}
	network := o.Network
	if network == nil {
		network = s.opts.Load().Transport.Network
	}
	resolver := s.opts.Load().Resolvers[prefix]
	if prefix == srvPrefix {
		resolver = transport.SRV{Network: network}
		if err := transport.CheckSRV(name); err != nil {
			return fmt.Errorf("%w: %w", ErrInvalidEndpoint, err)
		}
	}
	cfg, own, sec := s.endpointConfig(o.Security)
	switch {
	case o.Alias != "":
		return fmt.Errorf("%w: a routing ID for the peers of %s+%s, of which there may be several", ErrInvalidOption, prefix, scheme)
	case s.table.resolved(ep) && s.info.ReusesConnection:
		if o.Security != nil || o.Network != nil {
			return fmt.Errorf("%w: connected already, disconnect it to change its options", ErrEndpointInUse)
		}
		return nil
	}
	if err := checkTLS(t, false, sec.TLS); err != nil {
		return err
	}
	r := session.Resolve(cfg, transport.WithNetwork(t, o.Network), ep, session.Resolution{
		Resolver: resolver, Name: name, Scheme: scheme + "://",
		Refresh: s.opts.Load().ResolveRefresh, Max: s.opts.Load().MaxResolved, Linger: s.opts.Load().Linger,
	})
	s.table.addSecured(ep, ep, r, own)
	return nil
}

// resolved reports whether there is a resolved endpoint ep. The caller holds opMu.
func (t *endpointTable) resolved(ep string) bool {
	for _, e := range t.active[ep] {
		if _, ok := e.service.(*session.Resolved); ok {
			return true
		}
	}
	return false
}
