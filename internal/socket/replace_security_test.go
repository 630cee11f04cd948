package socket_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// pausing calls before before each Write, with the number of the Write.
type pausing struct {
	net.Conn
	n      int
	before func(n int)
}

func (c *pausing) Write(b []byte) (int, error) {
	c.before(c.n)
	c.n++
	return c.Conn.Write(b)
}

// replacements returns security with which that of a socket in a role can be
// replaced. For a server that includes the one that it has, with another
// authenticator. The authenticators accept every peer and call asked.
func replacements(server bool, asked func()) map[string]socket.Security {
	accept := func(context.Context, *session.AuthRequest) (mechanism.Verdict, error) {
		asked()
		return mechanism.Verdict{Status: mechanism.StatusAccepted}, nil
	}
	list := map[string]socket.Security{"no mechanism": {}}
	for _, sec := range st.Securities() {
		if server {
			list[sec.Name] = socket.Security{NewMechanism: sec.Server, Authenticator: session.NewAuthenticator(1, accept)}
		} else {
			list[sec.Name] = socket.Security{NewMechanism: sec.Client}
		}
	}
	return list
}

// wantWithdrawn checks that the handshake of a peer with valid credentials, to which
// the result of TryHandshakeWith is err, has failed at once and without an ERROR, after which
// libzmq would not connect again.
func wantWithdrawn(w *st.World, s *st.Socket, p *st.Peer, err error) {
	w.Helper()
	if byUs, ok := errors.AsType[*mechanism.PeerError](err); ok {
		w.Errorf("the peer received an ERROR: %v", byUs)
	}
	if d := p.WaitClosed(); d != 0 {
		w.Errorf("closed after %v", d)
	}
	if n := len(s.EventsOf(session.Ready)); n != 0 {
		w.Errorf("the peer became ready")
	}
	if n := len(s.EventsOf(session.HandshakeFailed)); n != 1 {
		w.Errorf("%d handshakes failed, want 1", n)
	}
	s.WantNone()
}

// A connection has one security from its beginning to its end. If that of the socket
// is replaced while its handshake is pending, at whatever point, it is closed, and
// the new authenticator decides nothing about it.
func TestReplacedSecurityEndsPendingHandshakes(t *testing.T) {
	eachPlace(t, func(t *testing.T, pl place) {
		for name := range replacements(pl.server, nil) {
			for at := range 3 {
				t.Run(fmt.Sprintf("by %s before write %d", name, at), func(t *testing.T) {
					st.Run(t, func(w *st.World) {
						now := replacements(pl.server, func() { t.Error("the new authenticator was asked about the peer") })[name]
						pull := w.Socket(pattern.PULL, pl.ours)
						p := rawPeer(w, pull, pl.binds)
						replaced := false
						p.Conn = &pausing{p.Conn, 0, func(n int) {
							if n != at {
								return
							}
							w.Settle()
							if err := pull.SetSecurity(&now); err != nil {
								t.Fatal(err)
							}
							replaced = true
						}}
						err := p.TryHandshakeWith(pl.hostile(), "PUSH")
						if !replaced {
							return // this mechanism has fewer commands
						}
						if err == nil {
							p.Write(p.Seal(st.Message("early")))
						}
						wantWithdrawn(w, pull, p, err)
					})
				})
			}
		}
	})
}

// The same holds if the security is replaced while the authenticator decides.
func TestSecurityReplacedByAuthenticatorEndsItsHandshake(t *testing.T) {
	for _, sec := range st.Securities() {
		for name := range replacements(true, nil) {
			t.Run(sec.Name+" by "+name, func(t *testing.T) {
				st.Run(t, func(w *st.World) {
					now := replacements(true, func() { t.Error("the new authenticator was asked about the peer") })[name]
					var pull *st.Socket
					pull = w.Socket(pattern.PULL, func(o *socket.Options) {
						o.Security = security(sec, true)
						o.Security.Authenticator = session.NewAuthenticator(1, func(context.Context, *session.AuthRequest) (mechanism.Verdict, error) {
							time.Sleep(time.Second)
							return mechanism.Verdict{Status: mechanism.StatusAccepted}, pull.SetSecurity(&now)
						})
					})
					p := rawPeer(w, pull, true)
					err := p.TryHandshakeWith(sec.Client, "PUSH")
					wantWithdrawn(w, pull, p, err)
				})
			})
		}
	}
}

// revoking gives a socket security whose authenticator accepts the credentials of
// st.Securities and calls decided after each decision.
func revoking(sec st.Security, decided func()) func(*socket.Options) {
	return func(o *socket.Options) {
		o.Security = security(sec, true)
		o.Security.Authenticator = session.NewAuthenticator(1, func(ctx context.Context, r *session.AuthRequest) (mechanism.Verdict, error) {
			v, err := authenticate(ctx, r)
			decided()
			return v, err
		})
	}
}

func none(*msg.Peer) bool { return false }

// A peer that was accepted before DisconnectPeers, and delays the end of its
// handshake, does not become ready after it: DisconnectPeers cannot find it. A peer
// whose credentials are checked later stays.
func TestDisconnectPeersEndsAcceptedHandshakes(t *testing.T) {
	for _, sec := range st.Securities() {
		for _, binds := range []bool{true, false} {
			for at := range 3 {
				t.Run(fmt.Sprintf("%s binds %v before write %d", sec.Name, binds, at), func(t *testing.T) {
					st.Run(t, func(w *st.World) {
						accepted := false
						pull := w.Socket(pattern.PULL, revoking(sec, func() { accepted = true }))
						p := rawPeer(w, pull, binds)
						called, before := false, false
						p.Conn = &pausing{p.Conn, 0, func(n int) {
							if n == at {
								w.Settle()
								called, before = true, accepted
								pull.DisconnectPeers(none)
							}
						}}
						err := p.TryHandshakeWith(sec.Client, "PUSH")
						if called && before {
							wantWithdrawn(w, pull, p, err)
							return
						}
						w.Settle()
						if n := len(pull.EventsOf(session.Ready)); err != nil || n != 1 {
							t.Errorf("the peer became ready %d times, %v", n, err)
						}
					})
				})
			}
		}
	}
}

// The authenticator may have read its list of users before one was removed, and
// return after DisconnectPeers.
func TestDisconnectPeersEndsHandshakeThatIsChecked(t *testing.T) {
	for _, sec := range st.Securities() {
		t.Run(sec.Name, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				var pull *st.Socket
				pull = w.Socket(pattern.PULL, revoking(sec, func() { pull.DisconnectPeers(none) }))
				p := rawPeer(w, pull, true)
				err := p.TryHandshakeWith(sec.Client, "PUSH")
				wantWithdrawn(w, pull, p, err)
			})
		})
	}
}

// Datagrams have no security, so a socket with an endpoint for them gets none, unless
// that endpoint was given the zero Security.
func TestSetSecurityIsRefusedWithDatagramEndpoint(t *testing.T) {
	st.Run(t, func(w *st.World) {
		for _, typ := range []pattern.Type{pattern.DISH, pattern.RADIO} {
			add := func(s *st.Socket, own *socket.Security) (ep string, err error) {
				ep = "air://10.0.0.1:5555"
				if typ == pattern.RADIO {
					return ep, s.ConnectWith(ep, socket.EndpointOptions{Security: own})
				}
				return s.BindWith(ep, socket.EndpointOptions{Security: own})
			}
			for name, sec := range replacements(true, nil) {
				want := error(nil)
				if name != "no mechanism" {
					want = socket.ErrUnsupportedTransport
				}
				shared, apart := w.Socket(typ), w.Socket(typ)
				ep, err := add(shared, nil)
				if err := errors.Join(err, shared.SetSecurity(&sec)); !errors.Is(err, want) {
					t.Errorf("%s: %v, want %v", name, err, want)
				}
				if err := shared.SetEndpointSecurity(ep, &sec); !errors.Is(err, socket.ErrEndpointNotFound) {
					t.Errorf("%s: an endpoint without security of its own: %v", name, err)
				}
				shared.CloseIn(0)
				ep, err = add(apart, &socket.Security{})
				if err := errors.Join(err, apart.SetSecurity(&sec)); err != nil {
					t.Errorf("%s: with an endpoint that has security of its own: %v", name, err)
				}
				if err := apart.SetEndpointSecurity(ep, &sec); !errors.Is(err, want) {
					t.Errorf("%s: %v, want %v", name, err, want)
				}
				apart.CloseIn(0)
			}
		}
	})
}

// A name that no endpoint with security of its own has, such as the empty one that a
// failed Bind returns, does not stand for the others.
func TestSetEndpointSecurityOfUnknownEndpointReplacesNothing(t *testing.T) {
	st.Run(t, func(w *st.World) {
		curve := func(o *socket.Options) { o.Security = security(st.Securities()[2], true) }
		pull, push := w.Socket(pattern.PULL, curve), w.Socket(pattern.PUSH)
		ep := pull.MustBind("mem://a")
		for _, unknown := range []string{"", "mem://b", ep} {
			if err := pull.SetEndpointSecurity(unknown, &socket.Security{}); !errors.Is(err, socket.ErrEndpointNotFound) {
				t.Errorf("%q: %v, want %v", unknown, err, socket.ErrEndpointNotFound)
			}
		}
		push.MustConnect(ep)
		w.Settle()
		pull.WantCloseReasons(map[engine.CloseReason]uint64{engine.CloseMechanism: 1})
	})
}
