package socket

import (
	"crypto/tls"
	"fmt"
	"sync/atomic"

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

// currentSecurity is the security that the next connections have. It can be
// replaced.
type currentSecurity struct{ atomic.Pointer[Security] }

func newCurrentSecurity(s *Security) *currentSecurity {
	c := &currentSecurity{}
	c.Store(s)
	return c
}

func (c *currentSecurity) newMechanism(metadata []byte) mechanism.Mechanism {
	switch s := c.Load(); {
	case s.NewMechanism != nil:
		return s.NewMechanism(metadata)
	case s.Authenticator != nil:
		return mechanism.NewCheckedNull(metadata)
	}
	return mechanism.NewNull(metadata)
}

func (c *currentSecurity) authenticator() *session.Authenticator { return c.Load().Authenticator }

func (c *currentSecurity) tls() *tls.Config { return c.Load().TLS }

// apply makes cfg the configuration of sessions that use c.
func (c *currentSecurity) apply(cfg *session.Config) {
	e, t := *cfg.Engine, *cfg.Transport
	e.NewMechanism = c.newMechanism
	t.TLS = c.tls
	cfg.Engine, cfg.Transport, cfg.Authenticator = &e, &t, c.authenticator
}

// endpointConfig returns the configuration of an endpoint, and its security if
// that is its own.
func (s *Socket) endpointConfig(own *Security) (*session.Config, *currentSecurity) {
	if own == nil {
		return &s.cfg, nil
	}
	c := newCurrentSecurity(own)
	cfg := s.cfg
	c.apply(&cfg)
	return &cfg, c
}

// checkDatagrams returns an error if datagrams would be sent or received without
// the security that the socket or the endpoint has.
func (s *Socket) checkDatagrams(own *Security, scheme string) error {
	if own == nil {
		own = s.security.Load()
	}
	if !own.isNone() {
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

// SetSecurity replaces the security of later connections: those of the endpoint ep
// if it has security of its own, and with ep "" those of all other endpoints, and
// of endpoints to come. Established connections stay.
func (s *Socket) SetSecurity(ep string, sec *Security) error {
	s.table.opMu.Lock()
	defer s.table.opMu.Unlock()
	if s.isClosed() {
		return ErrClosed
	}
	current, err := s.securities(ep, sec.TLS)
	switch {
	case err != nil:
		return err
	case ep == "":
		current = append(current, s.security)
	case len(current) == 0:
		return fmt.Errorf("%w: with security of its own", ErrEndpointNotFound)
	}
	for _, c := range current {
		c.Store(sec)
	}
	return nil
}

// securities returns the security of the endpoints ep that have their own, and none
// for ep "". It returns an error if an endpoint that has the security to replace
// cannot have the configuration c. The caller holds opMu.
func (s *Socket) securities(ep string, c *tls.Config) (list []*currentSecurity, err error) {
	for name, entries := range s.table.active {
		scheme, _, err := split(name)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if ep == "" != (e.security == nil) || ep != "" && ep != name {
				continue
			}
			if err := checkTLS(s.opts.Transports[scheme], bound(e), c); err != nil {
				return nil, fmt.Errorf("%w, for %s", err, name)
			}
			if ep != "" {
				list = append(list, e.security)
			}
		}
	}
	return list, nil
}

// errRevoked is the reason why a connection ends that DisconnectPeers ends.
var errRevoked = &engine.Error{Reason: engine.CloseRevoked}

// DisconnectPeers ends the connections of the connected peers for which which
// returns true, and returns their number. It calls which with no lock held.
func (s *Socket) DisconnectPeers(which func(*msg.Peer) bool) (n int) {
	for _, p := range s.peers.connectedPipes() {
		if peer := p.Peer(); peer != nil && p.To != nil && which(peer) {
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
	for p, state := range t.pipes {
		if state == connected {
			list = append(list, p)
		}
	}
	return list
}
