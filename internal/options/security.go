package options

import (
	"context"
	"errors"

	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
)

// Ask asks the ZAP handler of a context about a peer of a socket with the value of
// ZMQ_ZAP_DOMAIN. bound is false if no handler is bound.
type Ask func(ctx context.Context, r *session.AuthRequest, domain string) (v mechanism.Verdict, bound bool, err error)

// maxAuthentications is how many peers of a socket are authenticated at a time.
const maxAuthentications = 1024

// security returns the mechanism and the authenticator that the options select. As in
// libzmq, a socket with NULL asks the ZAP handler if it has a domain, and servers of
// PLAIN and CURVE always, except a server of CURVE that has no domain and the option
// ZMQ_ZAP_ENFORCE_DOMAIN. If no handler is bound, NULL and CURVE accept the peer
// without ZMQ_ZAP_ENFORCE_DOMAIN, and PLAIN refuses it.
func (v *Values) security(ask Ask) (s socket.Security, err error) {
	if t := pattern.InfoOf(v.typ, &pattern.Options{Raw: v.ints[routerRaw] != 0}); t.Raw {
		return s, nil
	}
	domain, enforced := string(v.text[zapDomain]), v.ints[enforceDomain] != 0
	switch m, server := v.Mechanism(); {
	case m == Null:
		if domain != "" {
			s.Authenticator = newAuthenticator(ask, domain, !enforced)
		}
	case m == Plain && server:
		s.NewMechanism = func(md []byte) mechanism.Mechanism { return mechanism.NewPlainServer(md) }
		s.Authenticator = newAuthenticator(ask, domain, false)
	case m == Plain:
		username, password := string(v.text[plainUsername]), string(v.text[plainPassword])
		s.NewMechanism = func(md []byte) mechanism.Mechanism { return mechanism.NewPlainClient(username, password, md) }
	default:
		if server {
			if enforced && domain == "" {
				ask = nil
			}
			s.Authenticator = newAuthenticator(ask, domain, !enforced || domain == "")
		}
		s.NewMechanism, err = v.curve(server)
	}
	return s, err
}

// curve returns what makes the CURVE mechanism of each connection. The public key may
// be left out, and follows from the secret one. The error is about keys that cannot
// complete a handshake: libzmq reports the failure of each handshake instead.
func (v *Values) curve(server bool) (func([]byte) mechanism.Mechanism, error) {
	keys, err := mechanism.NewCurveKeys(v.key(curveSecretKey), v.key(curvePublicKey))
	if err != nil {
		return nil, Find(curveSecretKey).fail(Malformed, "%v", err)
	}
	if server {
		return func(md []byte) mechanism.Mechanism { return mechanism.NewCurveServer(keys, md, nil) }, nil
	}
	to, err := mechanism.NewCurveServerKey(v.key(curveServerKey))
	if err != nil {
		return nil, Find(curveServerKey).fail(Malformed, "%v", err)
	}
	return func(md []byte) mechanism.Mechanism { return mechanism.NewCurveClient(keys, to, md, nil) }, nil
}

var errNoHandler = errors.New("no ZAP handler is bound")

// newAuthenticator returns an authenticator that asks the handler. optional means that
// peers are accepted if there is none.
func newAuthenticator(ask Ask, domain string, optional bool) *session.Authenticator {
	return session.NewAuthenticator(maxAuthentications, func(ctx context.Context, r *session.AuthRequest) (mechanism.Verdict, error) {
		if ask != nil {
			if v, bound, err := ask(ctx, r, domain); bound {
				return v, err
			}
		}
		if optional {
			return mechanism.Verdict{Status: mechanism.StatusAccepted}, nil
		}
		return mechanism.Verdict{Status: mechanism.StatusTemporary}, errNoHandler // no ERROR is sent
	})
}
