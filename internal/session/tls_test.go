package session_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/internal/transport/memnet"
	"github.com/zerobroker/zmq/internal/transport/tlstest"
)

// secured is a world whose transport runs over TLS.
type secured struct {
	*st.World
	*tlstest.Authority
}

// runTLS runs f in virtual time.
func runTLS(t *testing.T, f func(w secured)) {
	t.Helper()
	st.Run(t, func(w *st.World) {
		w.Transport = transport.OverTLS(w.Net)
		f(secured{w, tlstest.NewAuthority()})
	})
}

// uses sets the TLS configuration of a socket.
func uses(c *tls.Config) func(*socket.Options) {
	c, err := transport.PrepareTLS(c, "zmtp/3.1")
	if err != nil {
		panic(err)
	}
	return func(o *socket.Options) { o.Security.TLS = c }
}

// server and client set the configuration of a socket that binds or connects.
func (w secured) server() func(*socket.Options) { return uses(w.Server()) }

func (w secured) client() func(*socket.Options) { return uses(w.trusting()) }

// trusting returns the configuration of a client for the server.
func (w secured) trusting() *tls.Config {
	c := w.Client()
	c.ServerName = "localhost"
	return c
}

// pair returns a connected PULL and PUSH.
func (w secured) pair(set ...func(*socket.Options)) (pull, push *st.Socket) {
	pull = w.Socket(pattern.PULL, append(set, w.server())...)
	push = w.Socket(pattern.PUSH, append(set, w.client())...)
	push.MustConnect(pull.MustBind("mem://a"))
	push.WaitPeers(1)
	return pull, push
}

// dialTLS connects a raw peer that uses TLS.
func (w secured) dialTLS() *st.Peer {
	p := w.Dial("a")
	p.Conn = tls.Client(p.Conn, w.trusting())
	return p
}

// A peer that does not complete the handshake of TLS is closed at the deadline of
// the handshake, and does not delay other peers. A STREAM has the same deadline.
func TestHandshakeTimeoutIncludesTLS(t *testing.T) {
	for _, typ := range []pattern.Type{pattern.PULL, pattern.STREAM} {
		for name, sent := range map[string]string{"silent": "", "within ClientHello": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"} {
			t.Run(pattern.Types[typ].Name+"/"+name, func(t *testing.T) {
				runTLS(t, func(w secured) {
					s := w.Socket(typ, w.server())
					s.MustBind("mem://a")
					p := w.Dial("a")
					p.MustWrite([]byte(sent))
					start := time.Now()
					good := w.dialTLS()
					if _, err := good.Write(nil); err != nil {
						t.Fatal(err)
					}
					if d := time.Since(start); d != 0 {
						t.Errorf("another peer was delayed by %v", d)
					}
					good.Close()
					if d := p.WaitClosed(); d != 10*time.Second {
						t.Errorf("closed after %v", d)
					}
					w.Settle()
					s.WantCloseReasons(map[engine.CloseReason]uint64{engine.CloseHandshakeTimeout: 1})
				})
			})
		}
	}
}

func TestHandshakeTimeoutOfTLSDialer(t *testing.T) {
	runTLS(t, func(w secured) {
		l := w.Listen("a")
		push := w.Socket(pattern.PUSH, w.client())
		push.MustConnect("mem://a")
		if d := l.Accept().WaitClosed(); d != 10*time.Second {
			t.Errorf("closed after %v", d)
		}
		w.Settle()
		push.WantCloseReasons(map[engine.CloseReason]uint64{engine.CloseHandshakeTimeout: 1})
	})
}

// Connections of a STREAM count as pending until the handshake of TLS is complete.
func TestListenerLimitsPendingTLSHandshakes(t *testing.T) {
	runTLS(t, func(w secured) {
		s := w.Socket(pattern.STREAM, w.server(), func(o *socket.Options) { o.MaxPending = 2 })
		s.MustBind("mem://a")
		for range 5 {
			if err := w.dialTLS().Conn.(*tls.Conn).Handshake(); err != nil {
				t.Fatal(err)
			}
		}
		first := w.Dial("a")
		w.Dial("a")
		time.Sleep(time.Second)
		w.Dial("a")
		if d := first.WaitClosed(); d != 0 {
			t.Errorf("the oldest was closed after %v", d)
		}
		w.Settle()
		if n := len(s.EventsOf(session.PeerRefused)); n != 1 {
			t.Errorf("%d connections refused", n)
		}
	})
}

func TestPlainPeerOfTLSListenerIsRefused(t *testing.T) {
	runTLS(t, func(w secured) {
		pull := w.Socket(pattern.PULL, w.server())
		pull.MustBind("mem://a")
		p := w.Dial("a")
		p.MustWrite(st.Greeting())
		if d := p.WaitClosed(); d != 0 {
			t.Errorf("closed after %v", d)
		}
		p.Close()
		w.Settle()
		pull.WantKinds(session.Listening, session.Accepted, session.HandshakeFailed)
		pull.WantCloseReasons(map[engine.CloseReason]uint64{engine.CloseTLS: 1})
	})
}

// A dialer whose TLS handshake has failed waits as after any other fault.
func TestTLSDialerIsRefusedByPlainListener(t *testing.T) {
	runTLS(t, func(w secured) {
		push := w.Socket(pattern.PUSH, w.client(), st.Reconnect(100*time.Millisecond, time.Minute))
		w.Transport = w.Net
		pull := w.Socket(pattern.PULL)
		push.MustConnect(pull.MustBind("mem://a"))
		time.Sleep(2 * time.Second)
		push.WantCloseReasons(map[engine.CloseReason]uint64{engine.CloseTLS: 1})
		pull.WantCloseReasons(map[engine.CloseReason]uint64{engine.CloseMalformed: 1})
		retries := push.EventsOf(session.Retrying)
		if len(retries) != 1 || retries[0].Delay < 30*time.Second {
			t.Errorf("retries %v", retries)
		}
	})
}

// Both sides learn why a handshake has failed, although the side that detects it
// closes the connection.
func TestTLSFailureIsReportedByBothSides(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, tt := range []struct {
			name           string
			change         func(w secured, server, client *tls.Config)
			server, client string // in the errors
		}{
			{"unknown authority", func(_ secured, _, c *tls.Config) { c.RootCAs = tlstest.NewAuthority().Pool },
				"remote error: tls: bad certificate", "certificate signed by unknown authority"},
			{"wrong host name", func(_ secured, _, c *tls.Config) { c.ServerName = "other.example" },
				"remote error: tls: bad certificate", "not other.example"},
			{"expired", func(w secured, s, _ *tls.Config) {
				s.Certificates[0] = w.IssueUntil(time.Now().Add(-time.Second), "x", "localhost")
			}, "remote error: tls: ", "has expired"},
			{"no client certificate", func(w secured, s, _ *tls.Config) {
				s.ClientAuth, s.ClientCAs = tls.RequireAndVerifyClientCert, w.Pool
			}, "client didn't provide a certificate", "remote error: tls: "},
			{"client certificate of unknown authority", func(w secured, s, c *tls.Config) {
				s.ClientAuth, s.ClientCAs = tls.RequireAndVerifyClientCert, w.Pool
				other := tlstest.NewAuthority().Issue("client")
				c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &other, nil }
			}, "certificate signed by unknown authority", "remote error: tls: "},
			{"other protocol", func(_ secured, _, c *tls.Config) { c.NextProtos = []string{"h2"} },
				"unsupported application protocols", "remote error: tls: no application protocol"},
		} {
			t.Run(fmt.Sprintf("%s/%s", tls.VersionName(version), tt.name), func(t *testing.T) {
				runTLS(t, func(w secured) {
					w.Net.OnLink(func(l *memnet.Link) { l.SetLatency(100 * time.Millisecond) })
					server, client := w.Server(), w.trusting()
					server.MaxVersion = version
					tt.change(w, server, client)
					pull, push := w.Socket(pattern.PULL, uses(server)), w.Socket(pattern.PUSH, uses(client))
					push.MustConnect(pull.MustBind("mem://a"))
					time.Sleep(2 * time.Second)
					for _, side := range []struct {
						s    *st.Socket
						text string
					}{{pull, tt.server}, {push, tt.client}} {
						side.s.WantCloseReasons(map[engine.CloseReason]uint64{engine.CloseTLS: 1})
						failed := side.s.EventsOf(session.HandshakeFailed)
						if len(failed) != 1 || !strings.Contains(failed[0].Err.Error(), side.text) {
							t.Errorf("events %v, want one with %q", failed, side.text)
						}
					}
				})
			})
		}
	}
}

// The peer's certificate is in the description of the peer that its messages have.
func TestPeerHasStateOfTLS(t *testing.T) {
	runTLS(t, func(w secured) {
		server, client := w.Server(), w.trusting()
		server.ClientAuth, server.ClientCAs = tls.RequireAndVerifyClientCert, w.Pool
		client.Certificates = []tls.Certificate{w.Issue("alice")}
		pull, push := w.Socket(pattern.PULL, uses(server)), w.Socket(pattern.PUSH, uses(client))
		push.MustConnect(pull.MustBind("mem://a"))
		push.MustSend("x")
		_, from := pull.MustRecv()
		for _, side := range []struct {
			peer *msg.Peer
			want string
		}{{from, "alice"}, {push.EventsOf(session.Ready)[0].Peer, "server"}} {
			state, ok := side.peer.TLS.(*tls.ConnectionState)
			if !ok {
				t.Fatalf("peer %+v", side.peer)
			}
			if name := state.PeerCertificates[0].Subject.CommonName; name != side.want || state.NegotiatedProtocol != "zmtp/3.1" {
				t.Errorf("certificate of %q, protocol %q, want %q", name, state.NegotiatedProtocol, side.want)
			}
		}
	})
}

// Close with a linger time writes everything, also to a peer that does not read for
// longer than package tls waits for the end of a direction.
func TestCloseDeliversEverythingOverTLS(t *testing.T) {
	for _, stalled := range []time.Duration{0, time.Minute} {
		t.Run(stalled.String(), func(t *testing.T) {
			runTLS(t, func(w secured) {
				w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(64 << 10) })
				pull, push := w.pair()
				up := w.Net.Links()[0].Up()
				if stalled > 0 {
					up.Stall()
					time.AfterFunc(stalled, up.Resume)
				}
				for i := range 500 {
					push.MustSend(fmt.Sprint(i), st.Large(1000))
				}
				if n := push.CloseIn(-1); n != 0 {
					t.Errorf("%d messages unsent", n)
				}
				for i := range 500 {
					pull.WantRecv(fmt.Sprint(i), st.Large(1000))
				}
				pull.WantCloseReasons(nil)
				push.WantDrops(nil)
			})
		})
	}
}

// Close without linger does not wait for a peer that does not read.
func TestCloseOverTLSDoesNotWaitForPeer(t *testing.T) {
	runTLS(t, func(w secured) {
		w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(64 << 10) })
		_, push := w.pair()
		w.Net.Links()[0].Up().Stall()
		for range 500 {
			push.MustSend(st.Large(1000))
		}
		w.Settle()
		if d := st.After(func() { push.CloseIn(0) }); d > 100*time.Millisecond {
			t.Errorf("Close took %v", d)
		}
	})
}

func TestSilentTLSPeerIsDisconnected(t *testing.T) {
	runTLS(t, func(w secured) {
		pull, push := w.pair(st.Heartbeat(time.Second, 3*time.Second, 0))
		time.Sleep(time.Minute)
		pull.WantCloseReasons(nil)
		w.Net.Links()[0].Up().Stall()
		d := st.After(func() {
			for len(pull.EventsOf(session.Disconnected)) == 0 {
				time.Sleep(time.Millisecond)
			}
		})
		if d < 3*time.Second || d > 5*time.Second {
			t.Errorf("disconnected after %v", d)
		}
		pull.WantCloseReasons(map[engine.CloseReason]uint64{engine.CloseHeartbeatTimeout: 1})
		push.CloseIn(0)
	})
}

// A record takes 16 s to arrive here. Its parts show that the peer is alive.
func TestPartsOfTLSRecordAnswerHeartbeat(t *testing.T) {
	runTLS(t, func(w secured) {
		pull, push := w.pair(st.Heartbeat(time.Second, time.Second, 0))
		w.Net.Links()[0].Up().SetBandwidth(1 << 10)
		push.MustSend(st.Large(64 << 10))
		time.Sleep(2 * time.Minute)
		pull.WantRecv(st.Large(64 << 10))
		pull.WantCloseReasons(nil)
	})
}

// A message of many records, of which several may be read at once.
func TestLargeMessagesArriveOverTLS(t *testing.T) {
	runTLS(t, func(w secured) {
		pull, push := w.pair()
		for _, n := range []int{0, 1, 16<<10 - 9, 16 << 10, 64<<10 + 1, 10 << 20} {
			push.MustSend(st.Large(n), "end")
			pull.WantRecv(st.Large(n), "end")
		}
	})
}

// The peer of a STREAM is a plain TLS client, which may end its direction and still
// receive.
func TestStreamExchangesBytesOverTLS(t *testing.T) {
	runTLS(t, func(w secured) {
		s := w.Socket(pattern.STREAM, w.server(), func(o *socket.Options) { o.HalfClose = time.Minute })
		s.MustBind("mem://a")
		p := w.dialTLS()
		p.MustWrite([]byte("request"))
		s.MustRecv() // the notification that the peer has connected
		got, from := s.MustRecv()
		if len(got) != 1 || got[0] != "request" || from.TLS == nil {
			t.Fatalf("received %q from %+v", got, from)
		}
		if err := p.Conn.(*tls.Conn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		w.Settle()
		text := strings.Repeat("reply", 10000)
		for _, body := range []string{text, ""} { // the empty one closes the connection
			if err := s.SendTo(context.Background(), from.RoutingID, st.Of(body)); err != nil {
				t.Fatal(err)
			}
		}
		if b, err := io.ReadAll(p); !bytes.Equal(b, []byte(text)) || err != nil {
			t.Errorf("the client received %d bytes, %v", len(b), err)
		}
	})
}

// A TLS record that was modified in transit ends the connection with a reason.
func TestChangedTLSRecordClosesConnection(t *testing.T) {
	runTLS(t, func(w secured) {
		pull := w.Socket(pattern.PULL, w.server())
		pull.MustBind("mem://a")
		p := w.Dial("a")
		raw := p.Conn
		p.Conn = tls.Client(raw, w.trusting())
		p.Handshake("PUSH")
		p.MustWrite(st.Message("x"))
		pull.WantRecv("x")
		raw.Write([]byte("\x17\x03\x03\x00\x20" + strings.Repeat("?", 32)))
		w.Settle()
		pull.WantCloseReasons(map[engine.CloseReason]uint64{engine.CloseTLS: 1})
		if ev := pull.EventsOf(session.Disconnected); len(ev) != 1 || ev[0].Reason != engine.CloseTLS {
			t.Errorf("events %v", ev)
		}
	})
}
