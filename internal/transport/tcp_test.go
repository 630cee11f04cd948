package transport_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/transport"
)

var tcp = transport.TCP

func listen(t *testing.T, tr transport.Transport, addr string, o *transport.Options) transport.Listener {
	t.Helper()
	l, err := tr.Listen(addr, o)
	if err != nil {
		t.Fatalf("listen on %q: %v", addr, err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// connect dials and accepts. It returns both ends, the dialer's first.
func connect(t *testing.T, tr transport.Transport, l transport.Listener, addr string, o *transport.Options) (net.Conn, net.Conn) {
	t.Helper()
	a, err := tr.Dial(context.Background(), addr, o)
	if err != nil {
		t.Fatalf("dial %q: %v", addr, err)
	}
	t.Cleanup(func() { a.Close() })
	b, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return a, b
}

func port(l transport.Listener) string { return l.Addr()[strings.LastIndexByte(l.Addr(), ':'):] }

// TestTCPListenerIsReachableAtItsAddresses also checks Addr of the listener.
func TestTCPListenerIsReachableAtItsAddresses(t *testing.T) {
	v4 := &transport.Options{IPv4Only: true}
	tests := []struct {
		bind  string
		o     *transport.Options
		host  string   // expected host in Addr
		reach []string // hosts that connect to the listener
		not   []string // hosts that do not
	}{
		{"*:*", nil, "[::]", []string{"127.0.0.1", "[::1]", "[::]", "0.0.0.0", "localhost"}, nil},
		{"*:0", v4, "0.0.0.0", []string{"127.0.0.1", "0.0.0.0", "localhost", "[::]"}, []string{"[::1]"}},
		{"[::]:0", nil, "[::]", []string{"127.0.0.1", "[::1]", "[::]"}, nil},
		{"0.0.0.0:0", nil, "0.0.0.0", []string{"127.0.0.1", "0.0.0.0", "[::]"}, []string{"[::1]"}},
		{"127.0.0.1:0", nil, "127.0.0.1", []string{"127.0.0.1"}, []string{"127.0.0.2", "[::1]"}},
		{"[::1]:0", nil, "[::1]", []string{"[::1]", "[::]", "[0:0::1]"}, []string{"127.0.0.1"}},
		{"[::ffff:127.0.0.1]:0", nil, "127.0.0.1", []string{"127.0.0.1", "[::ffff:127.0.0.1]"}, nil},
		{"localhost:0", nil, "127.0.0.1", []string{"localhost", "127.0.0.1"}, nil},
		{"localhost:0", v4, "127.0.0.1", []string{"localhost"}, nil},
	}
	for _, test := range tests {
		t.Run(test.bind, func(t *testing.T) {
			if test.host == "[::1]" {
				needV6(t, test.bind)
			}
			l := listen(t, tcp, test.bind, test.o)
			if got, want := l.Addr(), test.host+port(l); got != want {
				t.Fatalf("Addr is %s, want %s", got, want)
			}
			for _, host := range test.reach {
				if host == "[::1]" && !hasV6() {
					continue
				}
				connect(t, tcp, l, host+port(l), nil)
			}
			for _, host := range test.not {
				if c, err := tcp.Dial(context.Background(), host+port(l), nil); err == nil {
					c.Close()
					t.Errorf("dialing %s reaches the listener", host)
				}
			}
		})
	}
}

// loopback returns the name of the loopback interface.
func loopback(t *testing.T) string {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Skip("cannot list interfaces: ", err)
	}
	for _, i := range all {
		addrs, err := i.Addrs()
		if i.Flags&net.FlagLoopback == 0 || err != nil {
			continue
		}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr() == netip.MustParseAddr("127.0.0.1") {
				return i.Name
			}
		}
	}
	t.Skip("no loopback interface")
	return ""
}

func TestTCPBindsAndDialsFromInterface(t *testing.T) {
	name := loopback(t)
	l := listen(t, tcp, name+":0", nil)
	if want := "127.0.0.1" + port(l); l.Addr() != want {
		t.Errorf("bound %s, want %s", l.Addr(), want)
	}
	connect(t, tcp, l, l.Addr(), nil)
	_, peer := connect(t, tcp, l, name+":0;"+l.Addr(), nil)
	if host, _, _ := net.SplitHostPort(peer.RemoteAddr().String()); host != "127.0.0.1" {
		t.Errorf("connected from %s, want 127.0.0.1", host)
	}
}

// TestTCPDialUsesInterfaceAddressOfSameFamily dials an IPv6 destination from an
// interface whose first address is IPv4.
func TestTCPDialUsesInterfaceAddressOfSameFamily(t *testing.T) {
	needV6(t, "[::1]:0")
	l := listen(t, tcp, "[::1]:0", nil)
	_, peer := connect(t, tcp, l, loopback(t)+":0;"+l.Addr(), nil)
	if host, _, _ := net.SplitHostPort(peer.RemoteAddr().String()); host != "::1" {
		t.Errorf("connected from %s, want ::1", host)
	}
}

func TestTCPBindsAndDialsLinkLocalAddress(t *testing.T) {
	all, err := net.Interfaces()
	if err != nil {
		t.Skip("cannot list interfaces: ", err)
	}
	for _, i := range all {
		addrs, _ := i.Addrs()
		for _, a := range addrs {
			p, err := netip.ParsePrefix(a.String())
			if err != nil || !p.Addr().Is6() || !p.Addr().IsLinkLocalUnicast() || i.Flags&net.FlagUp == 0 {
				continue
			}
			for _, zone := range []string{i.Name, strconv.Itoa(i.Index)} {
				host := "[" + p.Addr().WithZone(zone).String() + "]"
				l := listen(t, tcp, host+":0", nil)
				if want := "[" + p.Addr().WithZone(i.Name).String() + "]" + port(l); l.Addr() != want {
					t.Errorf("bound %s, want %s", l.Addr(), want)
				}
				connect(t, tcp, l, l.Addr(), nil)
			}
			return
		}
	}
	t.Skip("no interface has a link-local address")
}

func TestTCPUnknownHostReturnsHostError(t *testing.T) {
	tests := []struct {
		what string
		do   func(addr string) error
		addr string
		want error
	}{
		{"bind", bindError, "no-such-if0.invalid:0", syscall.ENODEV},
		{"zone to bind", bindError, "[fe80::1%nosuch0]:0", syscall.ENODEV},
		{"zone to dial", dialError, "[fe80::1%nosuch0]:9", syscall.ENODEV},
		{"zone number", dialError, "[fe80::1%4000000]:9", syscall.ENODEV},
		{"source", dialError, "nosuch0:0;127.0.0.1:9", syscall.ENODEV},
		{"source is never DNS", dialError, "localhost:0;127.0.0.1:9", syscall.ENODEV},
	}
	for _, test := range tests {
		err := test.do(test.addr)
		he, ok := errors.AsType[*transport.HostError](err)
		if !ok || !errors.Is(err, test.want) || errors.Is(err, transport.ErrSyntax) {
			t.Errorf("%s: got %v", test.what, err)
			continue
		}
		if he.Host == "" || !strings.Contains(err.Error(), he.Host) || !strings.Contains(err.Error(), he.Reason) {
			t.Errorf("%s: the message lacks host or reason: %#v", test.what, he)
		}
	}
}

func bindError(addr string) error {
	l, err := tcp.Listen(addr, nil)
	if err == nil {
		l.Close()
	}
	return err
}

func dialError(addr string) error {
	c, err := tcp.Dial(context.Background(), addr, nil)
	if err == nil {
		c.Close()
	}
	return err
}

func TestTCPForeignAddressReturnsEADDRNOTAVAIL(t *testing.T) {
	// 192.0.2.0/24 (TEST-NET-1) is reserved for documentation.
	if err := bindError("192.0.2.1:0"); !errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Errorf("bind: %v", err)
	}
	if err := dialError("192.0.2.1:0;127.0.0.1:9"); !errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Errorf("source: %v", err)
	}
}

func TestTCPBoundWildcardPortIsInUseAtAllAddresses(t *testing.T) {
	l := listen(t, tcp, "*:0", nil)
	for _, host := range []string{"*", "0.0.0.0", "127.0.0.1", "localhost"} {
		if err := bindError(host + port(l)); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestTCPIPv4OnlyRefusesIPv6Address(t *testing.T) {
	o := &transport.Options{IPv4Only: true}
	if l, err := tcp.Listen("[::1]:0", o); !errors.Is(err, syscall.EAFNOSUPPORT) {
		t.Errorf("listen: %v, %v", l, err)
	}
	if c, err := tcp.Dial(context.Background(), "[::1]:9", o); !errors.Is(err, syscall.EAFNOSUPPORT) {
		t.Errorf("dial: %v, %v", c, err)
	}
}

func TestTCPIPv4OnlyResolvesNameToIPv4(t *testing.T) {
	o := &transport.Options{IPv4Only: true}
	l := listen(t, tcp, "localhost:0", o)
	_, b := connect(t, tcp, l, "localhost"+port(l), o)
	if host, _, _ := net.SplitHostPort(b.RemoteAddr().String()); host != "127.0.0.1" {
		t.Errorf("connected from %s, want 127.0.0.1", host)
	}
}

func TestTCPDialEndsWithContext(t *testing.T) {
	l := listen(t, tcp, "127.0.0.1:0", nil)
	ctx, cancel := context.WithDeadline(context.Background(), time.Unix(1, 0))
	defer cancel()
	for _, addr := range []string{l.Addr(), "[::]" + port(l), "127.0.0.1:0;" + l.Addr(), "no-such-host.invalid:1"} {
		c, err := tcp.Dial(ctx, addr, nil)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("dial %s: %v, %v", addr, c, err)
		}
	}
}

func TestTCPDialUsesSourceAddress(t *testing.T) {
	l := listen(t, tcp, "*:0", nil)
	// Find an unused port. Another process may use it before the test does, but
	// that is unlikely.
	spare := listen(t, tcp, "127.0.0.1:0", nil)
	spare.Close()
	tests := []struct {
		src  string
		want string
	}{
		{"127.0.0.1:0", "127.0.0.1:"},
		{"*:0", "127.0.0.1:"},
		{spare.Addr(), spare.Addr()},
		// SO_REUSEADDR permits using the port again in TIME_WAIT.
		{"*" + port(spare), spare.Addr()},
	}
	for _, test := range tests {
		a, b := connect(t, tcp, l, test.src+";127.0.0.1"+port(l), nil)
		if got := a.LocalAddr().String(); !strings.HasPrefix(got, test.want) {
			t.Errorf("source %s: local address is %s", test.src, got)
		}
		if a.LocalAddr().String() != b.RemoteAddr().String() {
			t.Errorf("source %s: the listener accepted a connection from %s", test.src, b.RemoteAddr())
		}
		// The side that closes first, here the dialer, enters TIME_WAIT.
		a.Close()
		b.Read(make([]byte, 1))
		b.Close()
	}
	if err := dialError("127.0.0.1:0;[::1]" + port(l)); err == nil {
		t.Error("an IPv4 source reached an IPv6 destination")
	}
}
