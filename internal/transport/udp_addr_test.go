package transport

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"
)

// udpCase is an address to parse and the expected result.
type udpCase struct {
	text   string
	at     string // IP address to bind or send to; "": the wildcard
	port   uint16
	from   string // IP address of the interface; "": none or the wildcard
	reason string // Reason of the AddrError; "": the address is valid
}

var udpBinds = []udpCase{
	{text: "127.0.0.1:5555", at: "127.0.0.1", port: 5555},
	{text: "[abcd::1234:1]:5555", at: "abcd::1234:1", port: 5555},
	{text: "*:*"},
	{text: "*:0"},
	{text: "127.0.0.1:*", at: "127.0.0.1"},
	{text: "127.0.0.1:0", at: "127.0.0.1"},
	{text: "[1:2:3:4::5]:*", at: "1:2:3:4::5"},
	{text: "*:5555", port: 5555},
	{text: "0.0.0.0:65535", at: "0.0.0.0", port: 65535},
	{text: "[::ffff:10.0.0.1]:1", at: "10.0.0.1", port: 1},
	{text: "239.0.0.1:1234", at: "239.0.0.1", port: 1234},
	{text: "239.0.0.1:*", at: "239.0.0.1"},
	{text: "[ff00::1]:1234", at: "ff00::1", port: 1234},
	{text: "127.0.0.1;230.2.8.12:5555", at: "230.2.8.12", port: 5555, from: "127.0.0.1"},
	{text: "*;230.2.8.12:5555", at: "230.2.8.12", port: 5555},
	{text: "*;[ffff::]:5555", at: "ffff::", port: 5555},
	{text: "127.0.0.1;1.2.3.4:5555", reason: "what follows an interface must be a multicast group"},
	{text: "[::1];[fe00::1]:5555", reason: "what follows an interface must be a multicast group"},
	{text: "127.0.0.1;*:5555", reason: "what follows an interface must be a multicast group"},
	{text: "239.0.0.2;239.0.0.1:5555", reason: "the interface is a multicast group"},
	{text: "[ff00::2];[ff00::1]:5555", reason: "the interface is a multicast group"},
	{text: "127.0.0.1;[ff00::1]:5555", reason: "interface and group are of different address families"},
	{text: "[::1];239.0.0.1:5555", reason: "interface and group are of different address families"},
	{text: "*;[ff02::1%1]:5555", reason: "the interface is named twice"},
	{text: "127.0.0.1:1;239.0.0.1:5555", reason: "interface: an IPv6 address needs brackets: [::1]:5555"},
	{text: ";239.0.0.1:5555", reason: "interface: no host"},
	{text: "239.0.0.1;", reason: "no port"},
	{text: "*;", reason: "no port"},
	{text: "*;;239.0.0.1:1", reason: "interface: not a host name"},
	{text: "127.0.0.1", reason: "no port"},
	{text: "127.0.0.1:", reason: "no port"},
	{text: ":5555", reason: "no host: write *:5555 for every interface"},
	{text: "127.0.0.1:1,udp://127.0.0.1:2", reason: "one endpoint only: call Bind once for each"},
	{text: "127.0.0.1:65536", reason: "the port is over 65535"},
	{text: "127.0.0.1:80x", reason: "the port is not a number"},
	{text: "127.0.0.1:-1", reason: "the port is not a number"},
	{text: "127.0.0.1:080", reason: "the port has a leading zero"},
	{text: "256.0.0.1:80", reason: "not an IPv4 address"},
	{text: "::1:80", reason: "an IPv6 address needs brackets: [::1]:5555"},
	{text: "[::1:80", reason: "unbalanced bracket"},
	{text: "2;239.0.0.1:80", reason: "interface: not an IPv4 address"},
}

var udpDials = []udpCase{
	{text: "127.0.0.1:5555", at: "127.0.0.1", port: 5555},
	{text: "[::1]:123", at: "::1", port: 123},
	{text: "239.0.0.1:2222", at: "239.0.0.1", port: 2222},
	{text: "[ff00::1]:2222", at: "ff00::1", port: 2222},
	{text: "8.9.10.11;230.2.8.12:5555", at: "230.2.8.12", port: 5555, from: "8.9.10.11"},
	{text: "*;230.2.8.12:5555", at: "230.2.8.12", port: 5555},
	{text: "*;[ff10::1]:5555", at: "ff10::1", port: 5555},
	{text: "*:5555", reason: "host * can only be bound"},
	{text: "*:*", reason: "host * can only be bound"},
	{text: "127.0.0.1:*", reason: "port * can only be bound"},
	{text: ":5555", reason: "no host: write 127.0.0.1:5555 for this machine"},
	{text: "127.0.0.1:1,udp://127.0.0.1:2", reason: "one endpoint only: call Connect once for each"},
	{text: "[::1]:*", reason: "port * can only be bound"},
	// libzmq accepts port 0 here; its datagrams reach no socket.
	{text: "127.0.0.1:0", reason: "port 0 can only be bound"},
	{text: "[2000:abcd::1]:0", reason: "port 0 can only be bound"},
	{text: "*;239.0.0.1:*", reason: "port * can only be bound"},
	{text: "127.0.0.1;1.2.3.4:5555", reason: "what follows an interface must be a multicast group"},
	{text: "[::1];[fe00:1]:5555", reason: "not an IPv6 address"},
	{text: "[1:2:3::4];[fe00::1]:5555", reason: "what follows an interface must be a multicast group"},
	{text: "[1:2:3::4];239.0.0.1:5555", reason: "interface and group are of different address families"},
}

// TestUDPParsesAddress covers addresses to bind and addresses to send to.
func TestUDPParsesAddress(t *testing.T) {
	for _, side := range []struct {
		name  string
		bind  bool
		cases []udpCase
		check func(string) error
	}{{"bind", true, udpBinds, UDP.CheckListen}, {"dial", false, udpDials, UDP.CheckDial}} {
		for _, c := range side.cases {
			t.Run(side.name+" "+c.text, func(t *testing.T) {
				err := side.check(c.text)
				if c.reason != "" {
					var ae *AddrError
					if !errors.As(err, &ae) || !errors.Is(err, ErrSyntax) || ae.Reason != c.reason {
						t.Fatalf("%v, want reason %q", err, c.reason)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				a, err := parseUDP(c.text, side.bind)
				if err != nil {
					t.Fatal(err)
				}
				p, err := a.resolve(context.Background(), side.bind, &Options{})
				if err != nil {
					t.Fatal(err)
				}
				var at, from netip.Addr
				if c.at != "" {
					at = netip.MustParseAddr(c.at)
				}
				if c.from != "" {
					from = netip.MustParseAddr(c.from)
				}
				if p.at != netip.AddrPortFrom(at, c.port) || p.from != from || p.group() != at.IsMulticast() {
					t.Errorf("resolved to %v, interface %v", p.at, p.from)
				}
			})
		}
	}
}

// loInterface returns the loopback interface.
func loInterface(t *testing.T) *net.Interface {
	t.Helper()
	list, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, ifi := range list {
		if ifi.Flags&net.FlagLoopback != 0 && ifi.Flags&net.FlagUp != 0 {
			return &ifi
		}
	}
	t.Skip("no loopback interface is up")
	return nil
}

// TestUDPFindsInterfaceByNameAndAddress covers IPv4 and IPv6 groups.
func TestUDPFindsInterfaceByNameAndAddress(t *testing.T) {
	lo := loInterface(t)
	ips, err := interfaceIPs(lo, &Options{})
	if err != nil {
		t.Skip("no address on the loopback interface: ", err)
	}
	v4, v6 := ips[0].Is4(), ips[len(ips)-1].Is6()
	for _, bind := range []bool{true, false} {
		if v4 {
			for _, text := range []string{lo.Name, ips[0].String()} {
				a, err := parseUDP(text+";239.1.2.3:5555", bind)
				if err != nil {
					t.Fatal(err)
				}
				if p, err := a.resolve(context.Background(), bind, &Options{}); err != nil || p.from != ips[0] || p.index != 0 {
					t.Errorf("%s: %+v, %v", text, p, err)
				}
			}
		}
		texts := []string{lo.Name + ";[ff15::1]:5555", "[ff15::1%" + lo.Name + "]:5555"}
		if v6 {
			texts = append(texts, "["+ips[len(ips)-1].String()+"];[ff15::1]:5555")
		}
		for _, text := range texts {
			a, err := parseUDP(text, bind)
			if err != nil {
				t.Fatal(err)
			}
			p, err := a.resolve(context.Background(), bind, &Options{})
			if err != nil || p.index != lo.Index || p.at.Addr().Zone() != "" {
				t.Errorf("%s: %+v, %v", text, p, err)
			}
		}
	}
}

func TestUDPUnknownInterfaceReturnsENODEV(t *testing.T) {
	for _, text := range []string{
		"nosuch0;239.1.2.3:5555", "nosuch0;[ff15::1]:5555", "[1:2:3::4];[ff01::1]:5555", "[ff15::1%nosuch0]:5555",
	} {
		for _, bind := range []bool{true, false} {
			a, err := parseUDP(text, bind)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := a.resolve(context.Background(), bind, &Options{}); !errors.Is(err, syscall.ENODEV) {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
	a, err := parseUDP("*;localhost:5555", false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.resolve(context.Background(), false, &Options{}); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("interface followed by a name that is not a group: %v", err)
	}
}

func TestUDPIPv4OnlyRefusesIPv6Address(t *testing.T) {
	o := &Options{IPv4Only: true}
	for _, text := range []string{"[::1]:5555", "[ff15::1]:5555"} {
		for _, bind := range []bool{true, false} {
			a, err := parseUDP(text, bind)
			if err != nil {
				t.Fatal(err)
			}
			if p, err := a.resolve(context.Background(), bind, o); !errors.Is(err, syscall.EAFNOSUPPORT) {
				t.Errorf("%s: %+v, %v", text, p, err)
			}
		}
	}
}

// FuzzUDPAddress checks that the text of an accepted address is parsed to the
// same address.
func FuzzUDPAddress(f *testing.F) {
	for _, c := range append(udpBinds, udpDials...) {
		f.Add(c.text, true)
		f.Add(c.text, false)
	}
	f.Fuzz(func(t *testing.T, text string, bind bool) {
		a, err := parseUDP(text, bind)
		if err != nil {
			if !errors.Is(err, ErrSyntax) {
				t.Fatal(err)
			}
			return
		}
		if !a.host.ip.IsValid() {
			return
		}
		again, err := parseUDP(a.text(netip.AddrPortFrom(a.host.ip, a.host.port)), bind)
		if err != nil || again.host != a.host || (again.iface == nil) != (a.iface == nil) || a.iface != nil && *again.iface != *a.iface {
			t.Fatalf("%q is parsed to %+v, whose text is parsed to %+v, %v", text, a, again, err)
		}
	})
}
