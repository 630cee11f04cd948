package transport_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/internal/transport/memnet"
	"github.com/zerobroker/zmq/internal/transport/tlstest"
	"github.com/zerobroker/zmq/internal/transport/transporttest"
)

// shaking is a transport over TLS with a configuration, whose connections have
// completed their handshake or are completing it. Other tests can then write at
// one end and read at the other in one goroutine.
type shaking struct {
	transport.Transport
	server, client *transport.Options
}

// newShaking returns a transport whose clients trust its server.
func newShaking(base transport.Transport) *shaking {
	a := tlstest.NewAuthority()
	return &shaking{transport.OverTLS(base), tlsOptions(a.Server()), tlsOptions(a.Client())}
}

// tlsOptions returns options with a prepared configuration.
func tlsOptions(c *tls.Config) *transport.Options {
	c, err := transport.PrepareTLS(c, "test")
	if err != nil {
		panic(err)
	}
	return &transport.Options{TLS: func() *tls.Config { return c }}
}

func (s *shaking) Dial(ctx context.Context, addr string, _ *transport.Options) (net.Conn, error) {
	c, err := s.Transport.Dial(ctx, addr, s.client)
	if err == nil {
		go c.(*transport.TLSConn).Handshake()
	}
	return c, err
}

func (s *shaking) Listen(addr string, _ *transport.Options) (transport.Listener, error) {
	l, err := s.Transport.Listen(addr, s.server)
	if err != nil {
		return nil, err
	}
	sl := &shakingListener{Listener: l, accepted: make(chan net.Conn, 100)}
	go sl.accept()
	return sl, nil
}

// shakingListener accepts connections in the background, in the order in which
// they were dialed.
type shakingListener struct {
	transport.Listener
	accepted chan net.Conn
	err      error // valid when accepted is closed
}

func (l *shakingListener) accept() {
	defer close(l.accepted)
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			l.err = err
			return
		}
		c.(*transport.TLSConn).Handshake()
		l.accepted <- c
	}
}

func (l *shakingListener) Accept() (net.Conn, error) {
	c, ok := <-l.accepted
	if !ok {
		return nil, l.err
	}
	return c, nil
}

func TestTLSPassesTransportTests(t *testing.T) {
	transporttest.Run(t, transporttest.Config{
		New: func(*testing.T) (transport.Transport, string) {
			return newShaking(transport.TCP), "127.0.0.1:0"
		},
		DialClosed: syscall.ECONNREFUSED, WriteTimeoutIsFinal: true,
	})
}

// tlsPair returns both ends of a connection after the handshake, the dialer's first,
// and the connections below them.
func tlsPair(t *testing.T) (a, b *transport.TLSConn) {
	t.Helper()
	tr := newShaking(transport.TCP)
	l := listen(t, tr, "127.0.0.1:0", nil)
	c, d := connect(t, tr, l, l.Addr(), nil)
	a, b = c.(*transport.TLSConn), d.(*transport.TLSConn)
	for _, c := range []*transport.TLSConn{a, b} {
		if _, err := c.Handshake(); err != nil {
			t.Fatal(err)
		}
	}
	return a, b
}

// shake dials a server with the configuration and returns the results of both
// handshakes.
func shake(t *testing.T, addr string, server, client *tls.Config) (s, c *tls.ConnectionState, serverErr, clientErr error) {
	t.Helper()
	l := listen(t, transport.TLS, addr, tlsOptions(server))
	a, b := connect(t, transport.TLS, l, l.Addr(), tlsOptions(client))
	var g sync.WaitGroup
	g.Go(func() {
		s, serverErr = b.(*transport.TLSConn).Handshake()
		if serverErr != nil {
			b.Close()
		}
	})
	c, clientErr = a.(*transport.TLSConn).Handshake()
	if clientErr != nil {
		a.Close()
	}
	g.Wait()
	return s, c, serverErr, clientErr
}

func TestTLSServerNameIsHostOfAddress(t *testing.T) {
	a := tlstest.NewAuthority()
	for _, tt := range []struct{ bind, host, name string }{
		{"127.0.0.1:0", "127.0.0.1", "127.0.0.1"},
		{"127.0.0.1:0", "localhost", "localhost"},
		{"127.0.0.1:0", "127.0.0.1:0;localhost", "localhost"},
		{"[::1]:0", "[::1]", "::1"},
	} {
		t.Run(tt.host, func(t *testing.T) {
			needV6(t, tt.bind)
			for _, name := range []string{tt.name, "other"} {
				server := &tls.Config{Certificates: []tls.Certificate{a.Issue("x", name)}}
				l := listen(t, transport.TLS, tt.bind, tlsOptions(server))
				_, port, _ := net.SplitHostPort(l.Addr())
				o := tlsOptions(a.Client())
				o.IPv4Only = tt.bind[0] == '1'
				c, b := connect(t, transport.TLS, l, tt.host+":"+port, o)
				go b.(*transport.TLSConn).Handshake()
				_, err := c.(*transport.TLSConn).Handshake()
				wrong, isWrong := errors.AsType[x509.HostnameError](err)
				switch {
				case name == tt.name && err != nil:
					t.Errorf("certificate for %s: %v", name, err)
				case name != tt.name && (!isWrong || wrong.Host != tt.name):
					t.Errorf("certificate for %s: error %v", name, err)
				}
			}
		})
	}
}

func TestTLSServerNameOfConfigurationIsUsed(t *testing.T) {
	a := tlstest.NewAuthority()
	server := &tls.Config{Certificates: []tls.Certificate{a.Issue("x", "broker.example")}}
	client := a.Client()
	client.ServerName = "broker.example"
	s, _, serverErr, clientErr := shake(t, "127.0.0.1:0", server, client)
	if serverErr != nil || clientErr != nil {
		t.Fatal(serverErr, clientErr)
	}
	if s.ServerName != "broker.example" {
		t.Errorf("server name %q", s.ServerName)
	}
}

func TestTLSVersionIsAtLeast12(t *testing.T) {
	a := tlstest.NewAuthority()
	for _, tt := range []struct {
		min, max uint16 // of the server
		client   uint16 // the only version of the client
		want     bool
	}{
		{0, 0, tls.VersionTLS11, false},
		{tls.VersionTLS10, 0, tls.VersionTLS11, false},
		{tls.VersionTLS10, 0, tls.VersionTLS12, true},
		{0, 0, tls.VersionTLS13, true},
		{tls.VersionTLS13, 0, tls.VersionTLS12, false},
	} {
		server := a.Server()
		server.MinVersion, server.MaxVersion = tt.min, tt.max
		l := listen(t, transport.TLS, "127.0.0.1:0", tlsOptions(server))
		raw, b := connect(t, transport.TCP, l, l.Addr(), nil)
		go b.(*transport.TLSConn).Handshake()
		client := a.Client()
		client.ServerName, client.MinVersion, client.MaxVersion = "localhost", tt.client, tt.client
		if err := tls.Client(raw, client).Handshake(); (err == nil) != tt.want {
			t.Errorf("server %x to %x, client %x: error %v", tt.min, tt.max, tt.client, err)
		}
		// The same limits hold for a client.
		if _, err := transport.PrepareTLS(&tls.Config{MaxVersion: tt.client}, ""); (err == nil) != (tt.client >= tls.VersionTLS12) {
			t.Errorf("MaxVersion %x: %v", tt.client, err)
		}
	}
}

// A server refuses a client that offers only other protocols, and accepts one
// that offers none, as stunnel. The protocols of a configuration have precedence.
func TestTLSNegotiatesProtocol(t *testing.T) {
	a := tlstest.NewAuthority()
	for _, tt := range []struct {
		name   string
		server []string // of the configuration
		client []string // as sent
		want   string
		fails  bool
	}{
		{"same", nil, []string{"test"}, "test", false},
		{"one of several", nil, []string{"h2", "test"}, "test", false},
		{"none", nil, nil, "", false},
		{"other", nil, []string{"h2"}, "", true},
		{"configured", []string{"own"}, []string{"own", "test"}, "own", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := a.Server()
			server.NextProtos = tt.server
			l := listen(t, transport.TLS, "127.0.0.1:0", tlsOptions(server))
			raw, b := connect(t, transport.TCP, l, l.Addr(), nil)
			go b.(*transport.TLSConn).Handshake()
			client := a.Client()
			client.ServerName, client.NextProtos = "localhost", tt.client
			c := tls.Client(raw, client)
			err := c.Handshake()
			if (err != nil) != tt.fails || c.ConnectionState().NegotiatedProtocol != tt.want {
				t.Errorf("protocol %q, error %v", c.ConnectionState().NegotiatedProtocol, err)
			}
		})
	}
	s, c, serverErr, clientErr := shake(t, "127.0.0.1:0", a.Server(), a.Client())
	if serverErr != nil || clientErr != nil || s.NegotiatedProtocol != "test" || c.NegotiatedProtocol != "test" {
		t.Errorf("states %+v, %+v, errors %v, %v", s, c, serverErr, clientErr)
	}
}

func TestTLSPreparesConfigurationForClient(t *testing.T) {
	a := tlstest.NewAuthority()
	server := &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		c := a.Server()
		c.MinVersion = tls.VersionTLS10
		return c, nil
	}}
	s, _, serverErr, clientErr := shake(t, "127.0.0.1:0", server, a.Client())
	if serverErr != nil || clientErr != nil || s.NegotiatedProtocol != "test" {
		t.Errorf("state %+v, errors %v, %v", s, serverErr, clientErr)
	}
	failed := errors.New("no configuration for this client")
	server.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return nil, failed }
	if _, _, serverErr, _ = shake(t, "127.0.0.1:0", server, a.Client()); !errors.Is(serverErr, failed) {
		t.Errorf("error %v", serverErr)
	}
}

func TestTLSNeedsConfiguration(t *testing.T) {
	a := tlstest.NewAuthority()
	for name, o := range map[string]*transport.Options{
		"nil options": nil, "no function": {}, "nil": tlsOptions(nil), "no certificate": tlsOptions(a.Client()),
	} {
		l, err := transport.TLS.Listen("127.0.0.1:0", o)
		if err == nil {
			l.Close()
			t.Errorf("%s: Listen returned no error", name)
		}
		var c *tls.Config
		if o != nil && o.TLS != nil {
			c = o.TLS()
		}
		if transport.CheckTLS(transport.TLS, true, c) == nil || transport.CheckTLS(transport.TLS, false, c) == nil != (c != nil) {
			t.Errorf("%s: CheckTLS returned no error", name)
		}
		if err := transport.CheckTLS(transport.TCP, true, c); err != nil {
			t.Errorf("%s: tcp: %v", name, err)
		}
		if c == nil {
			if _, err := transport.TLS.Dial(t.Context(), "127.0.0.1:1", o); err == nil || errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("%s: Dial: %v", name, err)
			}
		}
	}
	// A listener whose configuration is removed accepts no client.
	config := a.Server()
	l := listen(t, transport.TLS, "127.0.0.1:0", &transport.Options{TLS: func() *tls.Config { return config }})
	config = nil
	c, b := connect(t, transport.TLS, l, l.Addr(), tlsOptions(a.Client()))
	go func() {
		b.(*transport.TLSConn).Handshake()
		b.Close()
	}()
	if _, err := c.(*transport.TLSConn).Handshake(); err == nil {
		t.Error("handshake without a configuration")
	}
}

func TestTLSErrorsAreDistinguishedFromConnectionErrors(t *testing.T) {
	a, other := tlstest.NewAuthority(), tlstest.NewAuthority()
	is := func(err error) bool {
		_, ok := errors.AsType[*transport.TLSError](err)
		return ok
	}
	_, _, serverErr, clientErr := shake(t, "127.0.0.1:0", a.Server(), other.Client())
	if _, ok := errors.AsType[x509.UnknownAuthorityError](clientErr); !ok || !is(clientErr) {
		t.Errorf("unknown authority: %v", clientErr)
	}
	if !is(serverErr) { // the alert of the client
		t.Errorf("error of the server: %v", serverErr)
	}
	accept := func() (net.Conn, *transport.TLSConn) {
		l := listen(t, transport.TLS, "127.0.0.1:0", tlsOptions(a.Server()))
		c, b := connect(t, transport.TCP, l, l.Addr(), nil)
		return c, b.(*transport.TLSConn)
	}
	c, b := accept()
	c.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
	if _, err := b.Handshake(); !is(err) {
		t.Errorf("bytes that are not TLS: %v", err)
	}
	c, b = accept()
	c.Close()
	if _, err := b.Handshake(); err != io.EOF {
		t.Errorf("closed by peer: %v", err)
	}
	c, b = accept()
	c.Write([]byte{22, 3, 1})
	c.Close()
	if _, err := b.Handshake(); is(err) || err == nil {
		t.Errorf("closed by peer within a record: %v", err)
	}
	_, b = accept()
	b.SetDeadline(time.Now().Add(10 * time.Millisecond))
	if _, err := b.Handshake(); is(err) || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("deadline: %v", err)
	}
	_, b = accept()
	b.Close()
	if _, err := b.Handshake(); is(err) || !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// The bytes that the peer sends in one record may be read in pieces. The ones that
// are decrypted already must end the wait of a Reader, although the descriptor has
// nothing to read.
func TestReaderReturnsBytesThatTLSHasDecrypted(t *testing.T) {
	a, b := tlsPair(t)
	want := "one record"
	a.Write([]byte(want))
	r := transport.NewReader(b)
	for _, size := range []int{3, 1, 1, 2, 100} {
		if !becomesReadable(b) {
			t.Errorf("not readable with %q unread", want)
		}
		buf, n, err := r.Read(func() []byte { return make([]byte, size) }, func([]byte) {})
		if err != nil || string(buf[:n]) != want[:n] || n != min(size, len(want)) {
			t.Fatalf("read %q, %v, want %d bytes of %q", buf[:n], err, size, want)
		}
		want = want[n:]
	}
	if transport.Readable(b) {
		t.Error("readable with everything read")
	}
}

// A deadline interrupts a Read in the middle of a record, and the next one
// continues.
func TestTLSReadContinuesAfterDeadlineWithinRecord(t *testing.T) {
	server := newShaking(transport.TCP)
	l := listen(t, server, "127.0.0.1:0", nil)
	raw, err := transport.TCP.Dial(t.Context(), l.Addr(), nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &slow{Conn: raw}
	config := server.client.TLS().Clone()
	config.ServerName = "localhost"
	c := tls.Client(client, config)
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	defer c.Close()
	client.hold = true
	c.Write([]byte("hello"))
	r, lender := transport.NewReader(accepted), idle{puts: make(chan struct{}, 100)}
	for i := range client.held {
		raw.Write(client.held[i : i+1])
		if i == len(client.held)-1 {
			break
		}
		if !becomesReadable(accepted) {
			t.Fatalf("not readable after byte %d of a record has arrived", i)
		}
		accepted.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
		if _, _, err := r.Read(lender.get, lender.put); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("read within a record: %v", err)
		}
		if !transport.Readable(accepted) {
			t.Fatalf("not readable after a Read of byte %d of a record", i)
		}
	}
	accepted.SetReadDeadline(time.Time{})
	buf, n, err := r.Read(lender.get, lender.put)
	if err != nil || string(buf[:n]) != "hello" {
		t.Errorf("read %q, %v", buf[:n], err)
	}
}

// becomesReadable waits until the connection is readable, at most 10 s.
func becomesReadable(c net.Conn) bool {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); runtime.Gosched() {
		if transport.Readable(c) {
			return true
		}
	}
	return false
}

// slow holds what is written to it once hold is set.
type slow struct {
	net.Conn
	hold bool
	held []byte
}

func (s *slow) Write(p []byte) (int, error) {
	if s.hold {
		s.held = append(s.held, p...)
		return len(p), nil
	}
	return s.Conn.Write(p)
}

// After CloseWrite the peer reads the end of the stream, and its own direction
// stays open.
func TestTLSCloseWriteEndsOneDirection(t *testing.T) {
	a, b := tlsPair(t)
	a.Write([]byte("last"))
	if err := a.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(b); string(got) != "last" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	if _, err := b.Write([]byte("reply")); err != nil {
		t.Fatal(err)
	}
	b.Close()
	if got, err := io.ReadAll(a); string(got) != "reply" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	if _, err := a.Write([]byte("x")); err == nil {
		t.Error("Write after CloseWrite returned no error")
	}
}

// runInBubble runs f in virtual time with both ends of a connection. stall stops the
// delivery of what a writes, and resume continues it.
func runInBubble(t *testing.T, f func(t *testing.T, a, b *transport.TLSConn, stall, resume func())) {
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New(1)
		tr := newShaking(n)
		tr.client.TLS().ServerName = "localhost"
		l := listen(t, tr, "a", nil)
		a, b := connect(t, tr, l, "a", nil)
		synctest.Wait()
		up := n.Links()[0].Up()
		f(t, a.(*transport.TLSConn), b.(*transport.TLSConn), up.Stall, up.Resume)
	})
}

// Package tls limits the alert of CloseWrite to 5 s. A slow peer may take longer to
// read what is before it.
func TestTLSCloseWriteWaitsForSlowPeer(t *testing.T) {
	runInBubble(t, func(t *testing.T, a, b *transport.TLSConn, stall, resume func()) {
		stall()
		var g sync.WaitGroup
		g.Go(func() {
			a.Write(make([]byte, 1<<20))
			if err := a.CloseWrite(); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(time.Minute)
		resume()
		if got, err := io.ReadAll(b); len(got) != 1<<20 || err != nil {
			t.Errorf("read %d bytes, %v", len(got), err)
		}
		g.Wait()
	})
}

// Close must not wait for a peer that does not read.
func TestTLSCloseDoesNotWaitForPeerThatDoesNotRead(t *testing.T) {
	for name, fill := range map[string]func(a *transport.TLSConn){
		"in a write": func(a *transport.TLSConn) { go a.Write(make([]byte, 1<<20)) },
		"after a write": func(a *transport.TLSConn) {
			a.SetWriteDeadline(time.Now().Add(time.Second))
			a.Below().Write(make([]byte, 1<<20))
		},
		"in CloseWrite": func(a *transport.TLSConn) {
			a.SetWriteDeadline(time.Now().Add(time.Second))
			a.Below().Write(make([]byte, 1<<20))
			a.SetWriteDeadline(time.Time{})
			go a.CloseWrite()
		},
	} {
		t.Run(name, func(t *testing.T) {
			runInBubble(t, func(t *testing.T, a, _ *transport.TLSConn, stall, _ func()) {
				stall()
				fill(a)
				time.Sleep(2 * time.Second)
				start := time.Now()
				a.Close()
				if d := time.Since(start); d > 100*time.Millisecond {
					t.Errorf("Close took %v", d)
				}
			})
		})
	}
}

func TestTLSReportsStateOfConnectionBelow(t *testing.T) {
	a, b := tlsPair(t)
	await := func(what string, f func() bool) {
		t.Helper()
		for end := time.Now().Add(10 * time.Second); !f(); runtime.Gosched() {
			if time.Now().After(end) {
				t.Fatal("not within 10 s: " + what)
			}
		}
	}
	a.Write([]byte("x"))
	if runtime.GOOS == "linux" {
		await("delivered", func() bool { done, known := transport.Delivered(a); return done && known })
		if transport.PeerDisconnected(a) || transport.Unreachable(a, time.Nanosecond) {
			t.Error("the peer is reported as disconnected")
		}
		b.Close()
		await("peer disconnected", func() bool { return transport.PeerDisconnected(a) })
	}
	if transport.NewReader(a).Descriptor() != nil {
		t.Error("a TryWriter bypasses TLS")
	}
}
