package zmq_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/internal/transport/tlstest"
)

const tlsEndpoint = "tls+tcp://127.0.0.1:*"

// tlsPair returns quickOptions of a socket that binds and of one that connects, with
// TLS.
func tlsPair() (server, client *zmq.Options) {
	a := tlstest.NewAuthority()
	server, client = quickOptions(), quickOptions()
	server.Linger, client.Linger = 0, 0
	server.Security.TLS, client.Security.TLS = a.Server(), a.Client()
	return server, client
}

// sendOne sends one message to the only peer of a socket, and receiveOne receives one.
func sendOne(t *testing.T, s anySocket, body []byte) {
	t.Helper()
	ctx := testContext(t)
	var err error
	switch s := s.(type) {
	case *zmq.Radio:
		err = s.Send(ctx, "group", body)
	case interface {
		SendTo(ctx context.Context, id string, frames ...[]byte) error
	}:
		err = s.SendTo(ctx, s.(anySocket).Peers()[0].RoutingID(), body)
	case interface {
		SendTo(ctx context.Context, number uint32, frame []byte) error
	}:
		err = s.SendTo(ctx, s.(anySocket).Peers()[0].RoutingNumber(), body)
	case interface {
		Send(ctx context.Context, frames ...[]byte) error
	}:
		err = s.Send(ctx, body)
	case interface {
		Send(ctx context.Context, frame []byte) error
	}:
		err = s.Send(ctx, body)
	default:
		t.Fatalf("%T does not send", s)
	}
	if err != nil {
		t.Fatalf("%T: %v", s, err)
	}
}

func receiveOne(t *testing.T, s anySocket, body []byte) {
	t.Helper()
	var m zmq.Message
	var err error
	if d, ok := s.(*zmq.Dish); ok {
		var g zmq.GroupMessage
		g, err = d.Recv(testContext(t))
		m = g.Message
	} else {
		m, err = s.(interface {
			Recv(ctx context.Context) (zmq.Message, error)
		}).Recv(testContext(t))
	}
	if err != nil || !bytes.Equal(m.Frame(m.NumFrames()-1), body) {
		t.Fatalf("%T received %d bytes, %v", s, m.Size(), err)
	}
	if state := m.From().TLS(); state == nil || !state.HandshakeComplete || state.NegotiatedProtocol != "zmtp/3.1" {
		t.Fatalf("%T: TLS state of the peer is %+v", s, state)
	}
}

// Each pair of types exchanges messages, small and large, in the directions that the
// types support. Both types bind once.
func TestSocketTypesExchangeMessagesOverTLS(t *testing.T) {
	for _, tt := range []struct {
		first, second string
		both          bool // the second sends too
	}{
		{"PAIR", "PAIR", true}, {"CHANNEL", "CHANNEL", true}, {"PUSH", "PULL", false}, {"SCATTER", "GATHER", false},
		{"REQ", "REP", true}, {"DEALER", "ROUTER", true}, {"DEALER", "DEALER", true}, {"PUB", "SUB", false},
		{"XPUB", "XSUB", false}, {"CLIENT", "SERVER", true}, {"PEER", "PEER", true}, {"RADIO", "DISH", false},
	} {
		for _, secondBinds := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s to %s, bound by the second %v", tt.first, tt.second, secondBinds), func(t *testing.T) {
				first, second := tlsPair()
				if secondBinds {
					first, second = second, first
				}
				a := must(typeOf[tt.first].make(first)).(connector)
				b := must(typeOf[tt.second].make(second)).(connector)
				switch s := b.(type) {
				case *zmq.Sub:
					check(s.Subscribe(""))
				case *zmq.XSub:
					check(s.Subscribe(""))
				case *zmq.Dish:
					check(s.Join("group"))
				}
				if secondBinds {
					join(t, tlsEndpoint, b, a)
				} else {
					join(t, tlsEndpoint, a, b)
				}
				check(a.WaitConnected(testContext(t)))
				check(b.WaitConnected(testContext(t)))
				switch s := a.(type) {
				case *zmq.Pub:
					check(s.WaitSubscribers(testContext(t), 1, ""))
				case *zmq.XPub:
					check(s.WaitSubscribers(testContext(t), 1, ""))
				case *zmq.Radio:
					check(s.WaitSubscribers(testContext(t), 1, "group"))
				}
				size := 1 << 20
				if tt.first == "PAIR" {
					size = 10 << 20
				}
				for _, body := range [][]byte{[]byte("x"), bytes.Repeat([]byte("L"), size)} {
					sendOne(t, a, body)
					receiveOne(t, b, body)
					if tt.both && tt.second != "REP" {
						sendOne(t, b, body)
						receiveOne(t, a, body)
					} else if tt.second == "REP" {
						check(b.(*zmq.Rep).Send(testContext(t), body))
						receiveOne(t, a, body)
					}
				}
			})
		}
	}
}

// A socket without a configuration, or that binds without a certificate, returns an
// error that names the option.
func TestTLSEndpointNeedsConfiguration(t *testing.T) {
	server, client := tlsPair()
	for name, o := range map[string]*zmq.Options{"none": inprocOptions(), "without certificate": client} {
		s := must(zmq.NewPair(o))
		closeAtEnd(t, s)
		_, err := s.Bind(tlsEndpoint)
		wantError(t, name, err, zmq.ErrInvalidOption)
		if err == nil || !strings.Contains(err.Error(), "Security.TLS") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	s := must(zmq.NewPair(inprocOptions()))
	closeAtEnd(t, s)
	err := s.Connect("tls+tcp://127.0.0.1:1")
	wantError(t, "Connect", err, zmq.ErrInvalidOption)
	if err == nil || !strings.Contains(err.Error(), "Security.TLS") {
		t.Errorf("Connect: error %v", err)
	}
	// The configuration may be that of the endpoint alone, which keeps it.
	bound := must(s.BindWith(tlsEndpoint, zmq.EndpointOptions{Security: &server.Security}))
	wantError(t, "SetSecurity", s.SetSecurity(zmq.Security{}), nil)
	wantError(t, "SetEndpointSecurity", s.SetEndpointSecurity(bound, zmq.Security{}), zmq.ErrInvalidOption)
	wantError(t, "SetEndpointSecurity", s.SetEndpointSecurity(bound, server.Security), nil)
	old := must(zmq.NewPair(server))
	closeAtEnd(t, old)
	must(old.Bind(tlsEndpoint))
	wantError(t, "SetSecurity", old.SetSecurity(zmq.Security{}), zmq.ErrInvalidOption)
	_, err = zmq.NewPair(&zmq.Options{Security: zmq.Security{TLS: &tls.Config{MaxVersion: tls.VersionTLS11}}})
	wantError(t, "TLS 1.1", err, zmq.ErrInvalidOption)
}

// TLS concerns only endpoints with its scheme: the others work as without it.
func TestTLSDoesNotApplyToOtherSchemes(t *testing.T) {
	for _, ep := range []string{"tcp://127.0.0.1:*", "ipc://*", "inproc://x"} {
		server, client := tlsPair()
		client.Namespace = server.Namespace
		push, pull := must(zmq.NewPush(client)), must(zmq.NewPull(server))
		join(t, ep, pull, push)
		check(push.Send(testContext(t), []byte("x")))
		if m, err := pull.Recv(testContext(t)); err != nil || m.From().TLS() != nil {
			t.Errorf("%s: %v, TLS %v", ep, err, m.From().TLS())
		}
	}
	server, _ := tlsPair()
	dish := must(zmq.NewDish(server))
	closeAtEnd(t, dish)
	if _, err := dish.Bind("udp://127.0.0.1:*"); err != nil {
		t.Error(err)
	}
}

// With mutual TLS the certificate of a peer is known to the authenticator, and with
// each message.
func TestCertificateOfPeerIsKnown(t *testing.T) {
	ctx := testContext(t)
	a := tlstest.NewAuthority()
	server, client := quickOptions(), quickOptions()
	server.Security.TLS, client.Security.TLS = a.Server(), a.Client()
	server.Security.TLS.ClientAuth, server.Security.TLS.ClientCAs = tls.RequireAndVerifyClientCert, a.Pool
	server.Security.Authenticator = func(_ context.Context, r *zmq.AuthRequest) (zmq.Identity, error) {
		if r.TLS == nil {
			return zmq.Identity{}, errors.New("no TLS")
		}
		if want := fmt.Sprintf(`NULL over TLS, peer %v certificate "CN=alice"`, r.RemoteAddr); r.String() != want {
			t.Errorf("request %v, want %s", r, want)
		}
		return zmq.Identity{UserID: r.TLS.PeerCertificates[0].Subject.CommonName}, nil
	}
	var log bytes.Buffer
	server.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	client.Security.TLS.Certificates = []tls.Certificate{a.Issue("alice")}
	push, pull := must(zmq.NewPush(client)), must(zmq.NewPull(server))
	join(t, tlsEndpoint, pull, push)
	check(push.Send(ctx, []byte("x")))
	m := must(pull.Recv(ctx))
	if name := m.From().TLS().PeerCertificates[0].Subject.CommonName; name != "alice" || m.From().UserID() != "alice" {
		t.Errorf("certificate of %q, user %q", name, m.From().UserID())
	}
	if p := push.Peers()[0]; p.TLS().PeerCertificates[0].Subject.CommonName != "server" {
		t.Errorf("the server is %+v", p)
	}
	if text := m.From().String(); !strings.HasSuffix(text, ` user "alice"`) {
		t.Errorf("the peer is %s", text)
	}
	check(pull.Close()) // all records are written
	if !strings.Contains(log.String(), `tls="TLS 1.3" subject="CN=alice" user=alice`) {
		t.Errorf("log\n%s", log.String())
	}
}

// CURVE works inside TLS: the two are independent.
func TestCurveWorksInsideTLS(t *testing.T) {
	key, err := curve.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	server, client := tlsPair()
	server.Security.Mechanism, server.Security.Authenticator = zmq.Curve{Server: true, Key: key}, zmq.AllowAny
	client.Security.Mechanism = zmq.Curve{ServerKey: key.Public()}
	push, pull := must(zmq.NewPush(client)), must(zmq.NewPull(server))
	join(t, tlsEndpoint, pull, push)
	sendOne(t, push, []byte("x"))
	m := must(pull.Recv(testContext(t)))
	if m.String() != "x" || m.From().Mechanism() != "CURVE" || m.From().TLS() == nil {
		t.Errorf("received %q from %v", m, m.From())
	}
}

func TestHundredPeersConnectOverTLS(t *testing.T) {
	const peers = 100
	ctx := testContext(t)
	server, client := tlsPair()
	rep := must(zmq.NewRep(server))
	closeAtEnd(t, rep)
	at := must(rep.Bind(tlsEndpoint))
	go func() {
		for m, err := range rep.Messages(ctx) {
			if err != nil {
				return
			}
			rep.SendMessage(ctx, m)
		}
	}()
	var g sync.WaitGroup
	for i := range peers {
		g.Go(func() {
			req := must(zmq.NewReq(client))
			defer req.Close()
			check(req.Connect(at))
			body := []byte(fmt.Sprint(i))
			if m, err := req.Do(ctx, body); err != nil || m.String() != string(body) {
				t.Errorf("peer %d: %q, %v", i, m, err)
			}
		})
	}
	g.Wait()
}

// Close of the sender delivers everything within its linger time.
func TestLingerDeliversEverythingOverTLS(t *testing.T) {
	const messages = 2000
	ctx := testContext(t)
	server, client := tlsPair()
	push, pull := must(zmq.NewPush(client)), must(zmq.NewPull(server))
	join(t, tlsEndpoint, pull, push)
	go func() {
		for i := range messages {
			if err := push.Send(ctx, []byte(fmt.Sprint(i)), make([]byte, 5000)); err != nil {
				t.Error(err)
			}
		}
		push.Close()
	}()
	for i := range messages {
		if m, err := pull.Recv(ctx); err != nil || string(m.Frame(0)) != fmt.Sprint(i) {
			t.Fatalf("message %d: %q, %v", i, m.Frame(0), err)
		}
	}
	for reason, n := range pull.Stats().CloseReasons {
		t.Errorf("%d connections closed for %v", n, reason)
	}
}

// The peers of a STREAM are plain TLS clients and servers. A STREAM offers no
// protocol.
func TestStreamConnectsToTLSPrograms(t *testing.T) {
	ctx := testContext(t)
	a := tlstest.NewAuthority()
	o := quickOptions()
	o.Security.TLS = a.Server()
	o.Security.TLS.RootCAs = a.Pool
	s := must(zmq.NewStream(o))
	closeAtEnd(t, s)
	at := must(s.Bind(tlsEndpoint))
	// echo sends what the STREAM receives from a peer back to it, until it has n bytes.
	echo := func(n int) {
		for n > 0 {
			m, err := s.Recv(ctx)
			if err != nil {
				t.Error(err)
				return
			}
			if m.From().TLS() == nil {
				t.Error("a peer without a TLS state")
			}
			if b := m.Frame(m.NumFrames() - 1); len(b) > 0 {
				n -= len(b)
				check(s.SendTo(ctx, m.From().RoutingID(), bytes.Clone(b)))
			}
		}
	}
	text := bytes.Repeat([]byte("text"), 50_000)
	exchange := func(c *tls.Conn) {
		defer c.Close()
		if _, err := c.Write(text); err != nil {
			t.Error(err)
		}
		got := make([]byte, len(text))
		if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, text) {
			t.Errorf("%v, or other bytes", err)
		}
		if p := c.ConnectionState().NegotiatedProtocol; p != "" {
			t.Errorf("protocol %q", p)
		}
	}
	var g sync.WaitGroup
	g.Go(func() {
		exchange(must(tls.Dial("tcp", strings.TrimPrefix(at, "tls+tcp://"), a.Client())))
	})
	echo(len(text))
	g.Wait()
	l := must(tls.Listen("tcp", "127.0.0.1:0", a.Server()))
	defer l.Close()
	g.Go(func() { exchange(must(l.Accept()).(*tls.Conn)) })
	check(s.Connect("tls+tcp://" + l.Addr().String()))
	echo(len(text))
	g.Wait()
}

// A certificate is replaced for later connections; established ones stay.
func TestSetSecurityReplacesCertificate(t *testing.T) {
	ctx := testContext(t)
	old, renewed := tlstest.NewAuthority(), tlstest.NewAuthority()
	o := inprocOptions()
	o.Security.TLS = old.Server()
	pull := must(zmq.NewPull(o))
	closeAtEnd(t, pull)
	at := must(pull.Bind(tlsEndpoint))
	client := func(a *tlstest.Authority) *zmq.Push {
		o := quickOptions()
		o.Security.TLS = a.Client()
		push := must(zmq.NewPush(o))
		closeAtEnd(t, push)
		check(push.Connect(at))
		return push
	}
	first := client(old)
	check(first.WaitConnected(ctx))
	check(pull.SetSecurity(zmq.Security{TLS: renewed.Server()}))
	check(client(renewed).WaitConnected(ctx))
	refused := client(old)
	await(t, "a refused handshake", func() bool { return refused.Endpoints()[0].Err != nil })
	if text := refused.WaitConnected(ended()).Error(); !strings.Contains(text, "unknown authority") {
		t.Errorf("error %s", text)
	}
	check(first.Send(ctx, []byte("x")))
	if m, err := pull.Recv(ctx); err != nil || m.String() != "x" {
		t.Errorf("received %q, %v", m, err)
	}
	await(t, "CloseTLS is counted", func() bool { return pull.Stats().CloseReasons[zmq.CloseTLS] > 0 })
}
