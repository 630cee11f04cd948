package zmq_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/zerobroker/zmq"
)

// dnsServer is a DNS server in memory for a net.Resolver.
type dnsServer struct {
	mu      sync.Mutex
	hosts   map[string][]string // addresses by name
	srv     []dnsmessage.SRVResource
	down    bool
	queries []string // "type name"
}

// resolver returns a resolver that asks the server.
func (s *dnsServer) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go s.serve(server)
		return client, nil
	}}
}

// serve answers one query, framed as over TCP.
func (s *dnsServer) serve(c net.Conn) {
	defer c.Close()
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return
	}
	b := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(c, b); err != nil {
		return
	}
	var m dnsmessage.Message
	if err := m.Unpack(b); err != nil {
		panic(err)
	}
	s.answer(&m)
	out, err := m.Pack()
	if err != nil {
		panic(err)
	}
	c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(out))), out...))
}

// initLookups has package net make its channels, outside of the bubbles in which
// tests look up names.
func initLookups() {
	(&dnsServer{down: true}).resolver().LookupHost(context.Background(), "init.example")
}

func (s *dnsServer) answer(m *dnsmessage.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := m.Questions[0]
	name := strings.TrimSuffix(q.Name.String(), ".")
	s.queries = append(s.queries, strings.TrimPrefix(q.Type.String(), "Type")+" "+name)
	m.Response, m.Authoritative, m.RecursionAvailable = true, true, true
	m.Additionals = nil
	if s.down {
		m.RCode = dnsmessage.RCodeNameError
		return
	}
	add := func(body dnsmessage.ResourceBody) {
		h := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: dnsmessage.ClassINET, TTL: 1}
		m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: body})
	}
	for _, a := range s.hosts[name] {
		switch ip := netip.MustParseAddr(a); {
		case ip.Is4() && q.Type == dnsmessage.TypeA:
			add(&dnsmessage.AResource{A: ip.As4()})
		case ip.Is6() && q.Type == dnsmessage.TypeAAAA:
			add(&dnsmessage.AAAAResource{AAAA: ip.As16()})
		}
	}
	if q.Type == dnsmessage.TypeSRV {
		for i := range s.srv {
			add(&s.srv[i])
		}
	}
}

func (s *dnsServer) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.queries)
}

func (s *dnsServer) set(f func(s *dnsServer)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s)
}

// dnsPair returns a bound PULL and its port, and options of a socket that looks up
// names at s.
func dnsPair(t *testing.T, s *dnsServer, bind string) (pull *zmq.Pull, port string, o *zmq.Options) {
	pull = must(zmq.NewPull(quickOptions()))
	t.Cleanup(func() { pull.Close() })
	ep := must(pull.Bind(bind))
	_, port, _ = strings.Cut(ep, "://")
	port = port[strings.LastIndexByte(port, ':'):]
	o = quickOptions()
	o.Network.Resolver = s.resolver()
	return pull, port, o
}

func TestAllAddressesOfANameAreTried(t *testing.T) {
	// No socket listens at 127.0.0.2, 127.0.0.3 and ::1.
	for _, addresses := range [][]string{{"127.0.0.2", "127.0.0.3", "127.0.0.1"}, {"::1", "127.0.0.1"}} {
		dns := &dnsServer{hosts: map[string][]string{"db.example": addresses}}
		pull, port, o := dnsPair(t, dns, "tcp://127.0.0.1:*")
		o.Reconnect = zmq.ReconnectOptions{Interval: zmq.Forever} // in one attempt
		push := must(zmq.NewPush(o))
		closeAtEnd(t, push)
		if err := push.Connect("tcp://db.example" + port); err != nil {
			t.Fatal(err)
		}
		exchange(t, push, pull, "hello")
	}
}

// RFC 8305: an IPv6 address that does not answer delays the IPv4 address by 300 ms
// and not until the connection times out. 100::1 is in the discard prefix of RFC 6666;
// a system without a route refuses it at once.
func TestIPv4IsTriedWhileAnIPv6AddressDoesNotAnswer(t *testing.T) {
	dns := &dnsServer{hosts: map[string][]string{"db.example": {"100::1", "127.0.0.1"}}}
	pull, port, o := dnsPair(t, dns, "tcp://127.0.0.1:*")
	o.Reconnect = zmq.ReconnectOptions{Interval: zmq.Forever, ConnectTimeout: testBound}
	push := must(zmq.NewPush(o))
	closeAtEnd(t, push)
	if err := push.Connect("tcp://db.example" + port); err != nil {
		t.Fatal(err)
	}
	exchange(t, push, pull, "hello")
}

func TestNamesAreResolvedAtEachAttempt(t *testing.T) {
	dns := &dnsServer{hosts: map[string][]string{"db.example": {"127.0.0.2"}}}
	pull, port, o := dnsPair(t, dns, "tcp://127.0.0.1:*")
	push := must(zmq.NewPush(o))
	closeAtEnd(t, push)
	events := collectEvents(push.Socket)
	if err := push.Connect("tcp://db.example" + port); err != nil {
		t.Fatal(err)
	}
	await(t, "failed attempts", func() bool { return len(events(zmq.EventRetrying)) >= 2 })
	dns.set(func(s *dnsServer) { s.hosts["db.example"] = []string{"127.0.0.1"} })
	exchange(t, push, pull, "hello")
	if n := len(dns.asked()); n < 3 {
		t.Errorf("%d queries", n)
	}
}

func TestWithoutIPv6OnlyIPv4AddressesAreTried(t *testing.T) {
	dns := &dnsServer{hosts: map[string][]string{"db.example": {"::1"}}}
	pull, port, o := dnsPair(t, dns, "tcp://127.0.0.1:*")
	o.TCP.IPv6 = zmq.Off
	push := must(zmq.NewPush(o))
	closeAtEnd(t, push)
	events := collectEvents(push.Socket)
	if err := push.Connect("tcp://db.example" + port); err != nil {
		t.Fatal(err)
	}
	await(t, "a failed attempt", func() bool { return len(events(zmq.EventResolveFailed)) > 0 })
	if err := events(zmq.EventResolveFailed)[0].Err; err == nil {
		t.Error("no error")
	}
	dns.set(func(s *dnsServer) { s.hosts["db.example"] = []string{"::1", "127.0.0.1"} })
	exchange(t, push, pull, "hello")
	if a := push.Peers()[0].RemoteAddr().String(); !strings.HasPrefix(a, "127.0.0.1:") {
		t.Errorf("connected to %s", a)
	}
}

func TestDialContextGetsTheNameAndNothingIsLookedUp(t *testing.T) {
	for toggle, network := range map[zmq.Toggle]string{zmq.On: "tcp", zmq.Off: "tcp4"} {
		dns := &dnsServer{}
		pull, port, o := dnsPair(t, dns, "tcp://127.0.0.1:*")
		o.TCP.IPv6 = toggle
		o.Network.DialContext = func(ctx context.Context, n, address string) (net.Conn, error) {
			if n != network || address != "db.example"+port {
				t.Errorf("dialed %s %s", n, address)
			}
			return new(net.Dialer).DialContext(ctx, n, "127.0.0.1"+port)
		}
		push := must(zmq.NewPush(o))
		closeAtEnd(t, push)
		if err := push.Connect("tcp://db.example" + port); err != nil {
			t.Fatal(err)
		}
		exchange(t, push, pull, "hello")
		if q := dns.asked(); len(q) != 0 {
			t.Errorf("queries %q", q)
		}
	}
}

func TestBindUsesTheResolver(t *testing.T) {
	dns := &dnsServer{hosts: map[string][]string{"db.example": {"::1", "127.0.0.1"}}}
	_, _, o := dnsPair(t, dns, "tcp://127.0.0.1:*")
	pull := must(zmq.NewPull(o))
	closeAtEnd(t, pull)
	if ep, err := pull.Bind("tcp://db.example:*"); err != nil || !strings.HasPrefix(ep, "tcp://127.0.0.1:") {
		t.Error(ep, err)
	}
	dns.set(func(s *dnsServer) { s.down = true })
	var notFound *net.DNSError
	if _, err := pull.Bind("tcp://db.example:*"); !errors.As(err, &notFound) {
		t.Error(err)
	}
}

func srvTarget(name string, port, priority uint16) dnsmessage.SRVResource {
	return dnsmessage.SRVResource{Priority: priority, Port: port, Target: dnsmessage.MustNewName(name)}
}

// The targets are connected by DialContext, in virtual time.
func TestSRVEndpointFollowsTheRecords(t *testing.T) {
	initLookups()
	synctest.Test(t, func(t *testing.T) {
		dns := &dnsServer{srv: []dnsmessage.SRVResource{srvTarget("a.example.", 1, 1), srvTarget("b.example.", 2, 1), srvTarget("backup.example.", 3, 2)}}
		m := newMemory()
		pulls := map[string]*zmq.Pull{}
		for _, address := range []string{"a.example:1", "b.example:2", "c.example:3", "backup.example:3"} {
			p := must(zmq.NewPull(inprocOptions()))
			defer p.Close()
			l := must(m.Listen(t.Context(), address))
			must(p.BindListener(l, zmq.EndpointOptions{}))
			pulls[address] = p
		}
		o := inprocOptions()
		o.Linger = zmq.NoLinger
		o.Network.Resolver = dns.resolver()
		o.Network.DialContext = func(ctx context.Context, _, address string) (net.Conn, error) { return m.Dial(ctx, address) }
		push := must(zmq.NewPush(o))
		defer push.Close()
		if err := push.Connect("srv+tcp://_zmq._tcp.example.org."); err != nil {
			t.Fatal(err)
		}
		wantPeers(t, pulls, "a.example:1 b.example:2")
		if q := dns.asked(); len(q) != 1 || q[0] != "SRV _zmq._tcp.example.org" {
			t.Errorf("queries %q", q)
		}
		dns.set(func(s *dnsServer) { s.srv = []dnsmessage.SRVResource{srvTarget("c.example.", 3, 7)} })
		time.Sleep(31 * time.Second)
		wantPeers(t, pulls, "c.example:3")
		for _, breaks := range []func(*dnsServer){
			func(s *dnsServer) { s.down = true },
			func(s *dnsServer) { s.down, s.srv = false, nil },
			func(s *dnsServer) { s.srv = []dnsmessage.SRVResource{srvTarget(".", 0, 0)} },
		} {
			dns.set(breaks)
			time.Sleep(time.Minute)
			wantPeers(t, pulls, "c.example:3")
		}
		dns.set(func(s *dnsServer) { s.srv = []dnsmessage.SRVResource{srvTarget("a.example.", 1, 0)} })
		time.Sleep(time.Minute)
		wantPeers(t, pulls, "a.example:1")
	})
}
