package socket

import (
	"crypto/tls"
	"fmt"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/transport"
)

// Security is the security of the connections of a socket, or of one endpoint. It
// does not apply to inproc; endpoints for datagrams refuse it, except for TLS, which
// applies only to transports over TLS.
type Security struct {
	// NewMechanism returns the mechanism of one connection that sends metadata.
	// nil is NULL.
	NewMechanism func(metadata []byte) mechanism.Mechanism
	// Authenticator decides which peers are accepted; nil: all that the mechanism
	// accepts.
	Authenticator *session.Authenticator
	// TLS is the configuration of transports over TLS, from transport.PrepareTLS;
	// nil: their endpoints are refused.
	TLS *tls.Config
}

// isNone reports whether connections are plain NULL connections.
func (s *Security) isNone() bool { return s.NewMechanism == nil && s.Authenticator == nil }

// newMechanism returns the mechanism of one connection.
func (s *Security) newMechanism(metadata []byte) mechanism.Mechanism {
	switch {
	case s.NewMechanism != nil:
		return s.NewMechanism(metadata)
	case s.Authenticator != nil:
		return mechanism.NewCheckedNull(metadata)
	}
	return mechanism.NewNull(metadata)
}

// config returns a copy of cfg with this security.
func (s *Security) config(cfg *session.Config) *session.Config {
	c, e := *cfg, *cfg.Engine
	e.NewMechanism = s.newMechanism
	c.Engine, c.Authenticator, c.TLS = &e, s.Authenticator, s.TLS
	return &c
}

// endpointConfig returns the configuration and the security of a new endpoint for
// which sec was given, and the configuration again as own unless sec is nil. The
// caller holds opMu.
func (s *Socket) endpointConfig(sec *Security) (cfg, own *session.NextConfig, _ *Security) {
	if sec == nil {
		return s.cfg, nil, s.security
	}
	own = session.NewNextConfig(sec.config(s.cfg.Load()))
	return own, own, sec
}

// checkDatagrams returns an error if datagrams would be sent or received without
// the mechanism or authenticator of sec.
func checkDatagrams(sec *Security, scheme string) error {
	if !sec.isNone() {
		return fmt.Errorf("%w: %s has no security mechanism", ErrUnsupportedTransport, scheme)
	}
	return nil
}

// checkTLS returns an error if an endpoint over t cannot have the configuration c.
func checkTLS(t transport.Transport, listen bool, c *tls.Config) error {
	if err := transport.CheckTLS(t, listen, c); err != nil {
		return fmt.Errorf("%w: Security.TLS: %w", ErrInvalidOption, err)
	}
	return nil
}

// SetSecurity replaces the security of later connections, except those of endpoints
// that have security of their own. Connections whose peers are ready stay; no peer
// becomes ready under the old security. Endpoints that wait for their next attempt to
// connect begin it at once.
func (s *Socket) SetSecurity(sec *Security) error {
	s.table.opMu.Lock()
	defer s.table.opMu.Unlock()
	if s.isClosed() {
		return ErrClosed
	}
	for ep, entries := range s.table.active {
		for _, e := range entries {
			if e.own != nil {
				continue
			}
			if err := s.checkSecurity(ep, e, sec); err != nil {
				return err
			}
		}
	}
	s.security = sec
	s.cfg.Store(sec.config(s.cfg.Load()))
	for _, entries := range s.table.active {
		for _, e := range entries {
			if e.own == nil {
				e.retry()
			}
		}
	}
	return nil
}

// SetEndpointSecurity is SetSecurity for the endpoints ep that have security of their
// own.
func (s *Socket) SetEndpointSecurity(ep string, sec *Security) error {
	s.table.opMu.Lock()
	defer s.table.opMu.Unlock()
	if s.isClosed() {
		return ErrClosed
	}
	var own []*session.NextConfig
	for _, e := range s.table.active[ep] {
		if e.own == nil {
			continue
		}
		if err := s.checkSecurity(ep, e, sec); err != nil {
			return err
		}
		own = append(own, e.own)
	}
	if own == nil {
		return fmt.Errorf("%w: no endpoint with security of its own: use SetSecurity", ErrEndpointNotFound)
	}
	for _, c := range own {
		c.Store(sec.config(c.Load()))
	}
	for _, e := range s.table.active[ep] {
		if e.own != nil {
			e.retry()
		}
	}
	return nil
}

// retry begins the next attempt of an endpoint that waits for it.
func (e entry) retry() {
	if d, ok := e.service.(interface{ Retry() }); ok {
		d.Retry()
	}
}

// checkSecurity returns an error if an active endpoint cannot have the security sec.
// The caller holds opMu.
func (s *Socket) checkSecurity(ep string, e entry, sec *Security) error {
	scheme, _, err := split(ep)
	if err == nil && s.opts.Load().Datagrams[scheme] != nil {
		err = checkDatagrams(sec, scheme)
	} else if err == nil {
		err = checkTLS(s.opts.Load().Transports[scheme], bound(e), sec.TLS)
	}
	if err != nil {
		return fmt.Errorf("%w, for %s", err, ep)
	}
	return nil
}

// errRevoked is the reason why a connection ends that DisconnectPeers ends.
var errRevoked = &engine.Error{Reason: engine.CloseRevoked}

// DisconnectPeers ends the connections of the connected peers for which which
// returns true, and returns their number. It calls which with no lock held, and not
// for peers over inproc: they have no security, and do not connect again. It also
// ends the connections whose peers have been authenticated, or are being, and are not
// ready: which cannot be asked about them.
func (s *Socket) DisconnectPeers(which func(*msg.Peer) bool) (n int) {
	s.revocations.Add(1)
	for _, p := range s.peers.connectedPipes() {
		if peer := p.Peer(); peer != nil && peer.Remote != nil && p.To != nil && which(peer) {
			p.To.Refuse(errRevoked)
			n++
		}
	}
	return n
}

// connectedPipes returns the pipes that have a peer.
func (t *peers) connectedPipes() (list []*pipe.Pipe) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for p, c := range t.pipes {
		if c.state == connected {
			list = append(list, p)
		}
	}
	return list
}
