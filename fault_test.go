package zmq_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/tlstest"
)

// faulty is a PULL that has one valid peer and gets a fault.
type faulty struct {
	names   *zmq.Namespace
	m       *memory // the scheme "raw": connections of the test
	o       *zmq.Options
	pull    *zmq.Pull
	push    *zmq.Push // the valid peer
	created []interface{ Close() error }
}

// peer returns a PUSH with options of its own, which connects to an endpoint.
func (f *faulty) peer(endpoint string, set func(*zmq.Options)) {
	o := f.options()
	if set != nil {
		set(o)
	}
	p := must(zmq.NewPush(o))
	f.created = append(f.created, p)
	check(p.Connect(endpoint))
}

// options returns options with the transports in memory.
func (f *faulty) options() *zmq.Options {
	o := &zmq.Options{Namespace: f.names, Linger: zmq.NoLinger}
	o.Network.Transports = map[string]zmq.Transport{"raw": f.m}
	return o
}

// bind binds the PULL to an endpoint of raw connections.
func (f *faulty) bind() { must(f.pull.Bind("raw://a")) }

// dial connects to the bound PULL, sends bytes and reads until the PULL closes the
// connection.
func (f *faulty) dial(b []byte) {
	c := must(f.m.Dial(context.Background(), "a"))
	go c.Write(b)
	go func() {
		defer c.Close()
		for buf := make([]byte, 1000); ; {
			if _, err := c.Read(buf); err != nil {
				return
			}
		}
	}()
}

// serve accepts each connection to raw://b with f.
func (f *faulty) serve(accepted func(net.Conn)) {
	l := must(f.m.Listen(context.Background(), "b"))
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go accepted(c)
		}
	}()
	f.created = append(f.created, l)
}

// dialVia has the PULL connect with a DialContext.
func (f *faulty) dialVia(dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	check(f.pull.ConnectWith("tcp://peer.example:5555", zmq.EndpointOptions{Network: &zmq.NetworkOptions{DialContext: dial}}))
}

// plain is a mechanism that the valid peers do not use.
func plain(o *zmq.Options) {
	o.Security.Mechanism = zmq.Plain{Username: "user", Password: "secret"}
}

// denies makes a server whose Authenticator fails with err for every peer.
func denies(err error) func(o *zmq.Options) {
	return func(o *zmq.Options) {
		o.Security = zmq.Security{Mechanism: zmq.PlainServer{}, Authenticator: func(context.Context, *zmq.AuthRequest) (zmq.Identity, error) {
			return zmq.Identity{}, err
		}}
	}
}

// TestFaultsAreEventsAndTheDataPathContinues: each fault of a peer, of the network or
// of a function of the application is an event of the socket, with a reason and a text
// that say what is wrong. It is repeated with a backoff, and the messages of another
// peer pass meanwhile. TestPanicOfTransformIsAnEventAndAWarning does the same for the function Transform of a proxy,
// TestHangingClientDelaysNoSocketAndNoOtherClient for a client of the debug page,
// TestBadInputClosesOnlyItsConnection for invalid input of each kind,
// TestTLSFailureIsReportedByBothSides for certificates.
func TestFaultsAreEventsAndTheDataPathContinues(t *testing.T) {
	initLookups()
	authority := tlstest.NewAuthority()
	for _, c := range []struct {
		name   string
		set    func(f *faulty)
		cause  func(f *faulty)
		kind   zmq.EventKind
		reason zmq.CloseReason
		text   string // of Event.Err, or a part of it
	}{
		{"peer with another mechanism", nil,
			func(f *faulty) { f.bind(); f.peer("raw://a", plain) },
			zmq.EventHandshakeFailed, zmq.CloseMechanism, `peer uses mechanism "PLAIN", this socket NULL`},
		{"server with another mechanism", func(f *faulty) { plain(f.o) },
			func(f *faulty) {
				f.serve(func(c net.Conn) { c.Write(st.Greeting()); c.Read(make([]byte, 1000)) })
				check(f.pull.Connect("raw://b"))
			},
			zmq.EventHandshakeFailed, zmq.CloseMechanism, `peer uses mechanism "NULL", this socket PLAIN`},
		{"peer of another socket type", nil,
			func(f *faulty) { f.bind(); f.dial(append(st.Greeting(), st.Ready("Socket-Type", "SUB")...)) },
			zmq.EventHandshakeFailed, zmq.CloseSocketType, "incompatible socket type: PULL does not communicate with SUB"},
		{"peer of an earlier version of ZMTP", func(f *faulty) { f.o.Limits.MinVersion = zmq.ZMTP30 },
			func(f *faulty) { f.bind(); f.dial([]byte("\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x01\x08\x00\x00")) },
			zmq.EventHandshakeFailed, zmq.CloseVersion, "peer speaks ZMTP 2.0, this socket accepts 3.0 and later"},
		{"HTTP client", nil,
			func(f *faulty) { f.bind(); f.dial([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n")) },
			zmq.EventHandshakeFailed, zmq.CloseMalformed, `peer does not speak ZMTP: it sent "GET / HTTP`},
		{"peer with TLS", nil,
			func(f *faulty) { f.bind(); f.dial([]byte("\x16\x03\x01\x05\xea\x01\x00\x05\xe6\x03\x03")) },
			zmq.EventHandshakeFailed, zmq.CloseMalformed, "peer does not speak ZMTP: it sent a TLS handshake, and this endpoint does not use TLS"},
		{"peer without TLS", nil,
			func(f *faulty) {
				l := newMemoryListener("x")
				must(f.pull.BindListener(l, zmq.EndpointOptions{Security: &zmq.Security{TLS: authority.Server()}}))
				c := must(l.dial(context.Background()))
				f.created = append(f.created, c)
				go c.Write(st.Greeting())
				go io.Copy(io.Discard, c)
			},
			zmq.EventHandshakeFailed, zmq.CloseTLS, "first record does not look like a TLS handshake"},
		{"server without TLS", nil,
			func(f *faulty) {
				check(f.pull.ConnectWith("tls+tcp://peer.example:5555", zmq.EndpointOptions{
					Security: &zmq.Security{TLS: authority.Client()},
					Network: &zmq.NetworkOptions{DialContext: func(context.Context, string, string) (net.Conn, error) {
						here, there := net.Pipe()
						go there.Write(st.Greeting())
						go io.Copy(io.Discard, there)
						return here, nil
					}},
				}))
			},
			zmq.EventHandshakeFailed, zmq.CloseTLS, "first record does not look like a TLS handshake"},
		{"peer that closes the connection", nil,
			func(f *faulty) { f.serve(func(c net.Conn) { c.Close() }); check(f.pull.Connect("raw://b")) },
			zmq.EventHandshakeFailed, zmq.CloseHandshakeClosed, "peer closed the connection before its greeting: it may refuse connections from here, not speak ZMTP, or expect another mechanism"},
		{"silent peer", nil,
			func(f *faulty) { f.bind(); f.dial(nil) },
			zmq.EventHandshakeFailed, zmq.CloseHandshakeTimeout, "handshake timed out"},
		{"peer that Accept refuses", func(f *faulty) { f.o.Accept = func(zmq.PeerInfo) bool { return false } },
			func(f *faulty) { f.bind(); f.dial(nil) },
			zmq.EventPeerRefused, zmq.CloseNone, "peer refused: not accepted by the application"},
		{"Accept that panics", func(f *faulty) { f.o.Accept = func(zmq.PeerInfo) bool { panic("broken filter") } },
			func(f *faulty) { f.bind(); f.dial(nil) },
			zmq.EventPeerRefused, zmq.CloseNone, "the function Options.Accept panicked: broken filter"},
		{"peer that the Authenticator denies", func(f *faulty) { denies(errors.New("unknown user"))(f.o) },
			func(f *faulty) { f.bind(); f.peer("raw://a", plain) },
			zmq.EventHandshakeFailed, zmq.CloseAuthDenied, "unknown user"},
		{"Authenticator that fails", func(f *faulty) { denies(fmt.Errorf("%w: database unreachable", zmq.ErrAuthFailed))(f.o) },
			func(f *faulty) { f.bind(); f.peer("raw://a", plain) },
			zmq.EventHandshakeFailed, zmq.CloseAuthFailed, "database unreachable"},
		{"server that denies this socket", func(f *faulty) { plain(f.o) },
			func(f *faulty) {
				o := f.options()
				denies(errors.New("unknown user"))(o)
				s := must(zmq.NewPush(o))
				f.created = append(f.created, s)
				must(s.Bind("raw://b"))
				check(f.pull.Connect("raw://b"))
			},
			zmq.EventHandshakeFailed, zmq.CloseRefused, "400"},
		{"more connections than the limit", func(f *faulty) { f.o.Limits.MaxConnections = 1 },
			func(f *faulty) {
				f.bind()
				f.peer("raw://a", nil)
				synctest.Wait()
				f.dial(nil)
			},
			zmq.EventPeerRefused, zmq.CloseNone, "peer refused: too many connections"},
		{"listener that fails for ever", nil,
			func(f *faulty) {
				must(f.pull.BindListener(failingListener{newMemoryListener("x"), syscall.EMFILE}, zmq.EndpointOptions{}))
			},
			zmq.EventAcceptFailed, zmq.CloseNone, "too many open files"},
		{"listener whose Accept panics", nil,
			func(f *faulty) {
				must(f.pull.BindListener(panickingListener{newMemoryListener("x")}, zmq.EndpointOptions{}))
			},
			zmq.EventAcceptFailed, zmq.CloseNone, "Accept of the listener panicked: broken listener"},
		{"listener whose Accept returns nil", nil,
			func(f *faulty) {
				must(f.pull.BindListener(failingListener{newMemoryListener("x"), nil}, zmq.EndpointOptions{}))
			},
			zmq.EventAcceptFailed, zmq.CloseNone, "no connection and no error was returned"},
		{"DialContext that hangs", nil,
			func(f *faulty) {
				f.dialVia(func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() })
			},
			zmq.EventRetrying, zmq.CloseNone, "deadline exceeded"},
		{"DialContext that panics", nil,
			func(f *faulty) {
				f.dialVia(func(context.Context, string, string) (net.Conn, error) { panic("broken dialer") })
			},
			zmq.EventRetrying, zmq.CloseNone, "the function that dials panicked: broken dialer"},
		{"DialContext that returns nil", nil,
			func(f *faulty) {
				f.dialVia(func(context.Context, string, string) (net.Conn, error) { return nil, nil })
			},
			zmq.EventRetrying, zmq.CloseNone, "no connection and no error was returned"},
		{"Control that fails", nil,
			func(f *faulty) {
				check(f.pull.ConnectWith("tcp://127.0.0.1:1", zmq.EndpointOptions{Network: &zmq.NetworkOptions{
					Control: func(string, string, syscall.RawConn) error { return syscall.EPERM },
				}}))
			},
			zmq.EventRetrying, zmq.CloseNone, "operation not permitted"},
		{"Control that panics, in one of the attempts of Happy Eyeballs", nil,
			func(f *faulty) {
				dns := &dnsServer{hosts: map[string][]string{"peer.example": {"127.0.0.1", "::1"}}}
				check(f.pull.ConnectWith("tcp://peer.example:1", zmq.EndpointOptions{Network: &zmq.NetworkOptions{
					Resolver: dns.resolver(),
					Control:  func(string, string, syscall.RawConn) error { panic("broken function") },
				}}))
			},
			zmq.EventRetrying, zmq.CloseNone, "the function Control panicked: broken function"},
		{"function of the TLS configuration that panics", nil,
			func(f *faulty) {
				l := newMemoryListener("x")
				c := authority.Server()
				c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { panic("broken callback") }
				must(f.pull.BindListener(l, zmq.EndpointOptions{Security: &zmq.Security{TLS: c}}))
				client := must(zmq.NewPush(f.options()))
				f.created = append(f.created, client)
				check(client.ConnectWith("tls+tcp://localhost:5555", zmq.EndpointOptions{
					Security: &zmq.Security{TLS: authority.Client()},
					Network:  &zmq.NetworkOptions{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return l.dial(ctx) }},
				}))
			},
			zmq.EventHandshakeFailed, zmq.CloseTLS, "a function of the TLS configuration panicked: broken callback"},
		{"endpoint that is given up", func(f *faulty) { f.o.Reconnect.Stop = zmq.ReconnectStopRefused },
			func(f *faulty) { check(f.pull.Connect("raw://b")) },
			zmq.EventStopped, zmq.CloseNone, "connection refused"},
		{"no listener", nil,
			func(f *faulty) { check(f.pull.Connect("raw://b")) },
			zmq.EventRetrying, zmq.CloseNone, "connection refused"},
		{"name that does not exist", nil,
			func(f *faulty) {
				dns := &dnsServer{down: true}
				check(f.pull.ConnectWith("tcp://peer.example:5555", zmq.EndpointOptions{Network: &zmq.NetworkOptions{Resolver: dns.resolver()}}))
			},
			zmq.EventResolveFailed, zmq.CloseNone, "no such host"},
		{"resolver that fails", resolves(&listResolver{err: errors.New("etcd unreachable")}), connectResolved,
			zmq.EventResolveFailed, zmq.CloseNone, "etcd unreachable"},
		{"resolver that panics", resolves(&listResolver{panics: true}), connectResolved,
			zmq.EventResolveFailed, zmq.CloseNone, "the resolver panicked: broken resolver"},
		{"resolver that finds nothing", resolves(&listResolver{}), connectResolved,
			zmq.EventResolveFailed, zmq.CloseNone, "the resolver has found no address"},
		{"resolver that finds thousands of addresses", func(f *faulty) {
			resolves(&listResolver{addresses: manyAddresses(5000)})(f)
			f.o.Network.MaxAddresses = 10
		}, connectResolved,
			zmq.EventResolveFailed, zmq.CloseNone, "the resolver has found too many addresses: those above the limit are not used: 5000, the limit is 10"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &faulty{names: zmq.NewNamespace(), m: newMemory()}
				f.o = f.options()
				if c.set != nil {
					c.set(f)
				}
				f.pull = must(zmq.NewPull(f.o))
				// The security is that of the faulty endpoints only.
				valid := zmq.EndpointOptions{Security: &zmq.Security{}}
				f.push = must(zmq.NewPush(f.options()))
				f.created = append(f.created, f.pull, f.push)
				defer func() {
					for _, s := range f.created {
						s.Close()
					}
				}()
				must(f.pull.Socket.BindWith("inproc://valid", valid))
				if err := f.push.ConnectWith("inproc://valid", valid); err != nil {
					t.Fatal(err)
				}
				unread := f.pull.Events(t.Context()) // no loop reads it
				events := collectEvents(f.pull.Socket)
				c.cause(f)
				const during = 2 * time.Minute
				for range 12 {
					time.Sleep(during / 12)
					exchange(t, f.push, f.pull, "valid")
				}
				got := events(c.kind)
				if len(got) == 0 {
					t.Fatalf("no event %v; the socket counts %v", c.kind, f.pull.Stats().Events)
				}
				if n := len(got); n > 3000 {
					t.Errorf("%d events in %v", n, during)
				}
				ev := got[0]
				if ev.Reason != c.reason || ev.Err == nil || !strings.Contains(ev.Err.Error(), c.text) || ev.Endpoint == "" {
					t.Errorf("event %v of %s with reason %v: %v; want reason %v and %q", ev.Kind, ev.Endpoint, ev.Reason, ev.Err, c.reason, c.text)
				}
				for range unread {
					break
				}
			})
		})
	}
}

// panickingListener panics in every Accept.
type panickingListener struct{ *memoryListener }

func (panickingListener) Accept() (net.Conn, error) { panic("broken listener") }

// resolves sets a resolver with the prefix "list".
func resolves(r zmq.Resolver) func(f *faulty) {
	return func(f *faulty) { f.o.Network.Resolvers = map[string]zmq.Resolver{"list": r} }
}

func connectResolved(f *faulty) { check(f.pull.Connect("list+raw://service")) }

func manyAddresses(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprint("x", i))
	}
	return list
}

// TestPanicOfAFunctionInBindIsItsError: the functions of the application that Bind calls
// are called in the goroutine of the caller. Their panics are errors of Bind.
func TestPanicOfAFunctionInBindIsItsError(t *testing.T) {
	o := inprocOptions()
	o.Network.Transports = map[string]zmq.Transport{"raw": panickingTransport{}}
	o.Network.Control = func(string, string, syscall.RawConn) error { panic("broken function") }
	pull := must(zmq.NewPull(o))
	defer pull.Close()
	for endpoint, want := range map[string]string{
		"raw://a":           "the function that listens panicked: broken transport",
		"tcp://127.0.0.1:0": "the function Control panicked: broken function",
	} {
		if _, err := pull.Bind(endpoint); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Bind(%s): %v, want %s", endpoint, err, want)
		}
	}
	if e := pull.Endpoints(); len(e) != 0 {
		t.Errorf("endpoints %+v", e)
	}
	o.Network.Control = nil
	other := must(zmq.NewPull(o))
	defer other.Close()
	must(other.Bind("inproc://a"))
}

type panickingTransport struct{ zmq.Transport }

func (panickingTransport) Listen(context.Context, string) (net.Listener, error) {
	panic("broken transport")
}
