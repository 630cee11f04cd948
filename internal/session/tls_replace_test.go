package session_test

import (
	"context"
	"crypto/tls"
	"net"
	"testing"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/internal/transport/tlstest"
)

// demanding returns the security of a server that requires client certificates.
func (w secured) demanding() *socket.Security {
	c := w.Server()
	c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, w.Pool
	c, err := transport.PrepareTLS(c, "zmtp/3.1")
	if err != nil {
		w.Fatal(err)
	}
	return &socket.Security{TLS: c}
}

// A client without a certificate does not become a peer when certificates are
// required, also if its connection began before, and a STREAM does not receive from
// it.
func TestReplacedTLSEndsPendingHandshakes(t *testing.T) {
	for _, typ := range []pattern.Type{pattern.PULL, pattern.STREAM} {
		for _, shaken := range []bool{false, true} {
			if shaken && typ == pattern.STREAM {
				continue // it is a peer as soon as the handshake of TLS is complete
			}
			runTLS(t, func(w secured) {
				s := w.Socket(typ, w.server())
				s.MustBind("mem://a")
				p := w.dialTLS()
				w.Settle()
				if shaken {
					if err := p.Conn.(*tls.Conn).Handshake(); err != nil {
						t.Fatal(err)
					}
					w.Settle()
				}
				if err := s.SetSecurity(w.demanding()); err != nil {
					t.Fatal(err)
				}
				p.Write(st.Greeting())
				p.Write(st.Ready("Socket-Type", "PUSH"))
				p.Write(st.Message("early"))
				if d := p.WaitClosed(); d != 0 {
					t.Errorf("%v: closed after %v", typ, d)
				}
				if n := len(s.EventsOf(session.Ready)); n != 0 {
					t.Errorf("%v: the peer became ready", typ)
				}
				s.WantNone()
			})
		}
	}
}

// between calls after when it has made a connection, before the session gets it.
type between struct {
	transport.Transport
	after func()
}

type betweenListener struct {
	transport.Listener
	after func()
}

func (b between) Listen(addr string, o *transport.Options) (transport.Listener, error) {
	l, err := b.Transport.Listen(addr, o)
	return betweenListener{l, b.after}, err
}

func (l betweenListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.after()
	}
	return c, err
}

func (b between) Dial(ctx context.Context, addr string, o *transport.Options) (net.Conn, error) {
	c, err := b.Transport.Dial(ctx, addr, o)
	if err == nil {
		b.after()
	}
	return c, err
}

// Security that is replaced between the choice of the configuration of TLS and that
// of the mechanism gives no connection the one of before and the other of after. Here
// the peer would need a certificate, or CURVE, and has neither.
func TestConnectionDoesNotMixTLSAndMechanismOfDifferentSecurity(t *testing.T) {
	for _, binds := range []bool{true, false} {
		runTLS(t, func(w secured) {
			rogue := tlstest.NewAuthority().Server()
			var replace func()
			w.Transport = between{w.Transport, func() { replace() }}
			s := w.Socket(pattern.PULL, w.server(), func(o *socket.Options) {
				if binds {
					o.Security.NewMechanism = st.Curve(nil, nil).Server
				} else {
					uses(&tls.Config{InsecureSkipVerify: true})(o)
					o.Security.NewMechanism = st.Curve(nil, nil).Client
				}
			})
			replaced := 0
			replace = func() {
				if replaced++; replaced > 1 {
					return
				}
				now := w.demanding()
				if !binds {
					var o socket.Options
					w.client()(&o)
					now = &o.Security
				}
				if err := s.SetSecurity(now); err != nil {
					t.Error(err)
				}
			}
			var p *st.Peer
			if binds {
				s.MustBind("mem://a")
				p = w.dialTLS()
			} else {
				l := w.Listen("a")
				s.MustConnect("mem://a")
				p = l.Accept()
				p.Conn = tls.Server(p.Conn, rogue)
			}
			p.Write(st.Greeting())
			p.Write(st.Ready("Socket-Type", "PUSH"))
			p.Write(st.Message("early"))
			p.WaitClosed()
			if n := len(s.EventsOf(session.Ready)); n != 0 || replaced == 0 {
				t.Errorf("the peer became ready %d times, security was replaced %d times", n, replaced)
			}
			s.WantNone()
		})
	}
}
