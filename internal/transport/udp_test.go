package transport_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/transport"
)

// listenPackets binds addr until the test ends.
func listenPackets(t *testing.T, addr string, o *transport.Options) transport.PacketConn {
	t.Helper()
	c, err := transport.UDP.ListenPackets(addr, o)
	if err != nil {
		t.Fatalf("listen on %s: %v", addr, err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// dialPackets opens a PacketConn for sending to addr until the test ends.
func dialPackets(t *testing.T, addr string, o *transport.Options) (transport.PacketConn, netip.AddrPort) {
	t.Helper()
	c, to, err := transport.UDP.DialPackets(t.Context(), addr, o)
	if err != nil {
		t.Fatalf("dial %s: %v", addr, err)
	}
	t.Cleanup(func() { c.Close() })
	return c, to
}

// packets starts a goroutine that reads from c and sends the datagrams to the
// returned channel.
func packets(t *testing.T, c transport.PacketConn, size int) <-chan string {
	t.Helper()
	got := make(chan string, 100)
	go func() {
		defer close(got)
		b := make([]byte, size)
		for {
			n, _, err := c.ReadPacket(b)
			if err != nil {
				return
			}
			got <- string(b[:n])
		}
	}()
	return got
}

// arrival is the timeout for a datagram to arrive.
const arrival = time.Minute

func wantPacket(t *testing.T, got <-chan string, want string) {
	t.Helper()
	select {
	case have := <-got:
		if have != want {
			t.Fatalf("got %.40q, want %.40q", have, want)
		}
	case <-time.After(arrival):
		t.Fatalf("%.40q did not arrive", want)
	}
}

// TestUDPDatagramAndAnswerArrive: the receiver sends an answer to the source
// address of the datagram.
func TestUDPDatagramAndAnswerArrive(t *testing.T) {
	for _, wild := range []string{"127.0.0.1:*", "[::1]:0", "0.0.0.0:*", "*:0", "[::]:0", "localhost:*"} {
		t.Run(wild, func(t *testing.T) {
			if strings.Contains(wild, "::") {
				needV6(t, "[::1]:0")
			}
			l := listenPackets(t, wild, nil)
			if err := transport.UDP.CheckDial(l.Addr()); err != nil {
				t.Fatalf("bound to %s: %v", l.Addr(), err)
			}
			c, to := dialPackets(t, l.Addr(), nil)
			for _, text := range []string{"one", "", strings.Repeat("x", 8192)} {
				if err := c.WritePacket([]byte(text), to); err != nil {
					t.Fatal(err)
				}
				b := make([]byte, 8193)
				n, from, err := l.ReadPacket(b)
				if err != nil || string(b[:n]) != text {
					t.Fatalf("read %.40q, %v, want %.40q", b[:n], err, text)
				}
				if from.Addr().Is4In6() {
					t.Errorf("the source address %v is IPv4-mapped", from)
				}
				if err := l.WritePacket([]byte("re"), from); err != nil {
					t.Fatal(err)
				}
				if n, from, err = c.ReadPacket(b); err != nil || string(b[:n]) != "re" || from.Port() != to.Port() {
					t.Fatalf("read %q from %v, %v", b[:n], from, err)
				}
			}
		})
	}
}

// TestUDPWildcardReceivesIPv4 also checks that the source is reported as an
// IPv4 address, to which an answer can be sent.
func TestUDPWildcardReceivesIPv4(t *testing.T) {
	l := listenPackets(t, "*:0", nil)
	c, to := dialPackets(t, "127.0.0.1:"+l.Addr()[strings.LastIndexByte(l.Addr(), ':')+1:], nil)
	if err := c.WritePacket([]byte("four"), to); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 10)
	n, from, err := l.ReadPacket(b)
	if err != nil || string(b[:n]) != "four" || from.Addr() != netip.MustParseAddr("127.0.0.1") {
		t.Fatalf("read %q from %v, %v", b[:n], from, err)
	}
	if err := l.WritePacket([]byte("re"), from); err != nil {
		t.Fatal(err)
	}
	wantPacket(t, packets(t, c, 10), "re")
}

func TestUDPReadTruncatesLongDatagram(t *testing.T) {
	l := listenPackets(t, "127.0.0.1:*", nil)
	c, to := dialPackets(t, l.Addr(), nil)
	if err := c.WritePacket([]byte("longer"), to); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4)
	if n, _, err := l.ReadPacket(b); err != nil || string(b[:n]) != "long" {
		t.Errorf("read %q, %v", b[:n], err)
	}
}

func TestUDPBoundPortIsInUse(t *testing.T) {
	l := listenPackets(t, "127.0.0.1:*", nil)
	if c, err := transport.UDP.ListenPackets(l.Addr(), nil); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("bound a second time: %v, %v", c, err)
	}
}

func TestUDPCloseEndsReadAndWrite(t *testing.T) {
	l := listenPackets(t, "127.0.0.1:*", nil)
	ended := make(chan error)
	go func() {
		_, _, err := l.ReadPacket(make([]byte, 10))
		ended <- err
	}()
	l.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("ReadPacket returned %v", err)
	}
	if err := l.WritePacket([]byte("x"), netip.MustParseAddrPort("127.0.0.1:9")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("WritePacket after Close: %v", err)
	}
}

// TestUDPSendingToClosedPortHasNoLaterEffect: the ICMP errors of these
// datagrams must not affect later ones.
func TestUDPSendingToClosedPortHasNoLaterEffect(t *testing.T) {
	l := listenPackets(t, "127.0.0.1:*", nil)
	addr := l.Addr()
	l.Close()
	c, to := dialPackets(t, addr, nil)
	for range 3 {
		if err := c.WritePacket([]byte("lost"), to); err != nil {
			t.Fatal(err)
		}
	}
	l = listenPackets(t, addr, nil)
	if err := c.WritePacket([]byte("found"), to); err != nil {
		t.Fatal(err)
	}
	wantPacket(t, packets(t, l, 10), "found")
}

func TestUDPWriteErrorHasNoLaterEffect(t *testing.T) {
	l := listenPackets(t, "127.0.0.1:*", nil)
	c, to := dialPackets(t, l.Addr(), nil)
	for _, bad := range []string{"[::1]:9", "127.0.0.1:0"} {
		if err := c.WritePacket([]byte("x"), netip.MustParseAddrPort(bad)); err == nil {
			t.Errorf("sent to %s from IPv4", bad)
		}
	}
	if err := c.WritePacket(make([]byte, 70_000), to); err == nil {
		t.Error("sent 70000 bytes")
	}
	if err := c.WritePacket([]byte("after"), to); err != nil {
		t.Fatal(err)
	}
	wantPacket(t, packets(t, l, 10), "after")
}

// TestUDPDialResolvesName also checks that the lookup ends with the context.
func TestUDPDialResolvesName(t *testing.T) {
	l := listenPackets(t, "127.0.0.1:*", nil)
	_, port, _ := net.SplitHostPort(l.Addr())
	c, to := dialPackets(t, "localhost:"+port, &transport.Options{IPv4Only: true})
	if err := c.WritePacket([]byte("named"), to); err != nil {
		t.Fatal(err)
	}
	wantPacket(t, packets(t, l, 10), "named")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if c, _, err := transport.UDP.DialPackets(ctx, "nosuch.invalid:1", nil); err == nil {
		t.Errorf("%v", c)
	}
}

// group is a multicast group for tests. The letter N in bind is a placeholder
// for the last part of the address.
type group struct{ name, bind string }

// at returns the address with N replaced by n.
func (g group) at(n string) string { return strings.Replace(g.bind, "N", n, 1) }

// onPortOf returns the address of group n with the port of c.
func (g group) onPortOf(c transport.PacketConn, n string) string {
	port := c.Addr()[strings.LastIndexByte(c.Addr(), ':')+1:]
	return strings.TrimSuffix(g.at(n), "*") + port
}

// groups returns IPv4 and IPv6 groups with each way to name the interface.
func groups(t *testing.T) []group {
	t.Helper()
	lo := loopback(t)
	list := []group{
		{"IPv4 by address", "127.0.0.1;239.192.7.N:*"},
		{"IPv4 by name", lo + ";239.192.7.N:*"},
		{"IPv6 by name", lo + ";[ff11::7:N]:*"},
		{"IPv6 by address", "[::1];[ff11::7:N]:*"},
	}
	// Linux has no route for IPv6 groups on the loopback interface.
	if ifi := outward(t); ifi != "" {
		list = append(list, group{"IPv6 outward", ifi + ";[ff11::7:N]:*"})
	}
	return list
}

// outward returns an interface with multicast other than the loopback
// interface, or "". The groups of these tests have machine-local scope, so
// their datagrams are not sent to the network.
func outward(t *testing.T) string {
	t.Helper()
	list, err := net.Interfaces()
	if err != nil {
		t.Skip("cannot list interfaces: ", err)
	}
	for _, ifi := range list {
		if ifi.Flags&net.FlagLoopback == 0 && ifi.Flags&net.FlagMulticast != 0 && ifi.Flags&net.FlagRunning != 0 {
			return ifi.Name
		}
	}
	return ""
}

// TestUDPGroupDatagramReachesOnlyMembers sends to a group that two sockets have
// bound, while a third socket has bound another group on the same port.
func TestUDPGroupDatagramReachesOnlyMembers(t *testing.T) {
	for _, g := range groups(t) {
		t.Run(g.name, func(t *testing.T) {
			if strings.Contains(g.bind, "ff11") {
				needV6(t, "[::1]:0")
			}
			first, err := transport.UDP.ListenPackets(g.at("1"), nil)
			if errors.Is(err, syscall.ENODEV) || errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EADDRNOTAVAIL) {
				t.Skip("this machine cannot join multicast groups: ", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { first.Close() })
			second := listenPackets(t, first.Addr(), nil)
			other := listenPackets(t, g.onPortOf(first, "2"), nil)
			c, to, err := transport.UDP.DialPackets(t.Context(), first.Addr(), nil)
			if err != nil {
				t.Skip("this machine cannot send to multicast groups: ", err)
			}
			t.Cleanup(func() { c.Close() })
			if err := c.WritePacket([]byte("all"), to); err != nil {
				t.Fatal(err)
			}
			a, b, o := packets(t, first, 10), packets(t, second, 10), packets(t, other, 10)
			wantPacket(t, a, "all")
			wantPacket(t, b, "all")
			if err := second.WritePacket([]byte("member"), to); err != nil {
				t.Fatal(err)
			}
			wantPacket(t, a, "member")
			wantPacket(t, b, "member")
			// other receives the datagram of its own group first, because it
			// did not receive those of the first group.
			c2, to2 := dialPackets(t, other.Addr(), nil)
			if err := c2.WritePacket([]byte("other"), to2); err != nil {
				t.Fatal(err)
			}
			wantPacket(t, o, "other")
		})
	}
}

// TestUDPMulticastRemoteOnlySendsNothingToThisMachine needs an interface other than
// loopback, whose datagrams always return to this machine.
func TestUDPMulticastRemoteOnlySendsNothingToThisMachine(t *testing.T) {
	ifi := outward(t)
	if ifi == "" {
		t.Skip("only the loopback interface supports multicast")
	}
	l, err := transport.UDP.ListenPackets(ifi+";[ff11::7:3]:*", nil)
	if err != nil {
		t.Skip("this machine cannot join multicast groups: ", err)
	}
	t.Cleanup(func() { l.Close() })
	c, to := dialPackets(t, l.Addr(), &transport.Options{MulticastRemoteOnly: true})
	if err := c.WritePacket([]byte("silent"), to); err != nil {
		t.Skip("this machine cannot send to multicast groups: ", err)
	}
	loud, _ := dialPackets(t, l.Addr(), nil)
	if err := loud.WritePacket([]byte("loud"), to); err != nil {
		t.Fatal(err)
	}
	wantPacket(t, packets(t, l, 10), "loud")
}

// TestUDPDatagramArrivesUnchanged sends datagrams of every byte value.
func TestUDPDatagramArrivesUnchanged(t *testing.T) {
	l := listenPackets(t, "127.0.0.1:*", nil)
	c, to := dialPackets(t, l.Addr(), nil)
	b := make([]byte, 300)
	for i := range 256 {
		want := bytes.Repeat([]byte{byte(i)}, i)
		if err := c.WritePacket(want, to); err != nil {
			t.Fatal(err)
		}
		if n, _, err := l.ReadPacket(b); err != nil || !bytes.Equal(b[:n], want) {
			t.Fatalf("%d bytes: read %q, %v", i, b[:n], err)
		}
	}
}
