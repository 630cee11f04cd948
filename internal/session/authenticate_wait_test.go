package session_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// eachSecurity runs f for every mechanism, over TLS and without it. dial connects a
// raw peer to mem://a.
func eachSecurity(t *testing.T, f func(w secured, sec st.Security, use func(*socket.Options), dial func() *st.Peer)) {
	for _, sec := range st.Securities() {
		for _, overTLS := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, TLS %v", sec.Name, overTLS), func(t *testing.T) {
				runTLS(t, func(w secured) {
					if overTLS {
						f(w, sec, w.server(), w.dialTLS)
						return
					}
					w.Transport = w.Net
					f(w, sec, func(*socket.Options) {}, func() *st.Peer { return w.Dial("a") })
				})
			})
		}
	}
}

// authenticated gives a socket the server's role of sec, with an authenticator.
func authenticated(sec st.Security, concurrent int, f check) func(*socket.Options) {
	return func(o *socket.Options) {
		o.Security.NewMechanism, o.Security.Authenticator = sec.Server, session.NewAuthenticator(concurrent, f)
	}
}

// A check ends when its peer disconnects, also a check that waits for another. So
// peers that have gone delay no other.
func TestDisconnectedPeerEndsCheck(t *testing.T) {
	leave := map[string]func(p *st.Peer){
		"closes":       func(p *st.Peer) { p.Close() },
		"closes early": func(p *st.Peer) { p.Write([]byte("early")); p.Close() },
		"ends sending": func(p *st.Peer) { p.CloseWrite() },
	}
	eachSecurity(t, func(w secured, sec st.Security, use func(*socket.Options), dial func() *st.Peer) {
		for name, leaves := range leave {
			running, ended := 0, 0
			pull := w.Socket(pattern.PULL, use, authenticated(sec, 1, func(ctx context.Context, _ *session.AuthRequest) (mechanism.Verdict, error) {
				running++
				<-ctx.Done()
				running--
				ended++
				return mechanism.Verdict{Status: mechanism.StatusAccepted}, ctx.Err()
			}))
			pull.MustBind("mem://a")
			start := time.Now()
			peers := []*st.Peer{dial(), dial(), dial()}
			for _, p := range peers {
				go p.TryHandshakeWith(sec.Client, "PUSH")
				w.Settle()
			}
			leaves(peers[1]) // it waits for the first
			w.Settle()
			if running != 1 || ended != 0 || len(pull.EventsOf(session.HandshakeFailed)) != 1 {
				w.Errorf("a peer that waits %s: %d checks run, %d have ended", name, running, ended)
			}
			leaves(peers[0])
			w.Settle()
			if running != 1 || ended != 1 || len(pull.EventsOf(session.HandshakeFailed)) != 2 {
				w.Errorf("the first peer %s: %d checks run, %d have ended", name, running, ended)
			}
			leaves(peers[2])
			w.Settle()
			if running != 0 || ended != 2 || len(pull.EventsOf(session.HandshakeFailed)) != 3 {
				w.Errorf("the last peer %s: %d checks run, %d have ended", name, running, ended)
			}
			if d := time.Since(start); d != 0 {
				w.Errorf("a peer %s: noticed after %v", name, d)
			}
			if n := len(pull.EventsOf(session.Ready)); n != 0 {
				w.Errorf("%d peers became ready", n)
			}
			pull.CloseIn(0)
		}
	})
}

// A peer of NULL need not wait for READY before it sends. Nothing of what it sends
// while it is authenticated is lost, however much that is, and none of it is in memory
// beyond a few KiB.
func TestMessagesSentDuringAuthenticationAreReceived(t *testing.T) {
	for _, size := range []int{1, 100, 3000, 5000, 300_000} {
		for _, overTLS := range []bool{false, true} {
			runTLS(t, func(w secured) {
				use, dial := w.server(), w.dialTLS
				if !overTLS {
					w.Transport = w.Net
					use, dial = func(*socket.Options) {}, func() *st.Peer { return w.Dial("a") }
				}
				pull := w.Socket(pattern.PULL, use, authenticated(st.Securities()[0], 1, func(context.Context, *session.AuthRequest) (mechanism.Verdict, error) {
					time.Sleep(time.Second)
					return mechanism.Verdict{Status: mechanism.StatusAccepted}, nil
				}))
				pull.MustBind("mem://a")
				p := dial()
				body := strings.Repeat("x", size)
				go p.MustWrite(st.Greeting(), st.Ready("Socket-Type", "PUSH"), st.Message("first", body), st.Message("second"))
				pull.WantRecv("first", body)
				pull.WantRecv("second")
				time.Sleep(time.Minute) // later than all deadlines of the handshake
				p.MustWrite(st.Message("third"))
				pull.WantRecv("third")
			})
		}
	}
}

// A peer that has sent more than is read during authentication does not delay Close.
func TestCloseEndsCheckOfPeerThatSends(t *testing.T) {
	for _, size := range []int{0, 100, 300_000} {
		runTLS(t, func(w secured) {
			w.Transport = w.Net
			pull := w.Socket(pattern.PULL, authenticated(st.Securities()[0], 1, func(ctx context.Context, _ *session.AuthRequest) (mechanism.Verdict, error) {
				<-ctx.Done()
				return mechanism.Verdict{}, ctx.Err()
			}))
			pull.MustBind("mem://a")
			p := w.Dial("a")
			go p.Write(append(st.Greeting(), make([]byte, size)...))
			w.Settle()
			if d := st.After(func() { pull.CloseIn(time.Minute) }); d != 0 {
				t.Errorf("with %d bytes, Close took %v", size, d)
			}
		})
	}
}

// connectFrom connects n peers of NULL to mem://a that have sent all that a check
// needs. from is the address of the connections that the listener accepts meanwhile.
func connectFrom(w *st.World, from *net.IP, ip string, n int) {
	*from = net.ParseIP(ip)
	for range n {
		w.Dial("a").MustWrite(st.Greeting(), st.Ready("Socket-Type", "PUSH"))
		w.Settle()
	}
}

// A source with many checks does not delay the check of another by more than one of
// them. So wrong passwords from one address do not lock out the users elsewhere.
func TestSourcesAreAuthenticatedInTurn(t *testing.T) {
	st.Run(t, func(w *st.World) {
		var from net.IP
		w.Transport = &far{w.Net, func() net.IP { return from }}
		decided := map[string]time.Duration{}
		start := time.Now()
		pull := w.Socket(pattern.PULL, authenticated(st.Securities()[0], 1, func(_ context.Context, r *session.AuthRequest) (mechanism.Verdict, error) {
			time.Sleep(time.Second)
			decided[r.Remote.(*net.TCPAddr).IP.String()] = time.Since(start)
			return mechanism.Verdict{Status: mechanism.StatusDenied}, nil
		}), func(o *socket.Options) { o.HandshakeTimeout = time.Minute })
		pull.MustBind("mem://a")
		connectFrom(w, &from, "10.0.0.1", 40)
		connectFrom(w, &from, "10.0.0.2", 1)
		connectFrom(w, &from, "10.0.0.3", 1)
		time.Sleep(50 * time.Second)
		w.Settle()
		if a, b, c := decided["10.0.0.1"], decided["10.0.0.2"], decided["10.0.0.3"]; a != 42*time.Second || b != 3*time.Second || c != 4*time.Second {
			t.Errorf("decided after %v, %v and %v", a, b, c)
		}
	})
}

// Checks of one source that do not end leave room for those of others.
func TestOneSourceDoesNotOccupyAllChecks(t *testing.T) {
	st.Run(t, func(w *st.World) {
		var from net.IP
		w.Transport = &far{w.Net, func() net.IP { return from }}
		pull := w.Socket(pattern.PULL, authenticated(st.Securities()[0], 4, func(ctx context.Context, r *session.AuthRequest) (mechanism.Verdict, error) {
			if r.Remote.(*net.TCPAddr).IP.String() == "10.0.0.1" {
				<-ctx.Done()
			}
			return mechanism.Verdict{Status: mechanism.StatusAccepted}, ctx.Err()
		}))
		pull.MustBind("mem://a")
		connectFrom(w, &from, "10.0.0.1", 10)
		connectFrom(w, &from, "10.0.0.2", 5)
		if n := len(pull.EventsOf(session.Ready)); n != 5 {
			t.Errorf("%d peers are ready, want 5", n)
		}
	})
}
