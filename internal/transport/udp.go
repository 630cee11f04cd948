package transport

import (
	"context"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
)

// UDP is the "udp" scheme.
//
// Addresses to bind are those of TCP ("*:port", "ip:port", "[v6]:port",
// "interface:port" and "name:port") and multicast groups ("group:port" and
// "interface;group:port"). For a port of "*" or 0 the system chooses the port.
// Any number of sockets may bind the same group. Addresses to send to are
// "host:port" and multicast groups. An interface is given by one of its
// addresses, by its name, or as "*", for which the system chooses.
var UDP Packets = udp{}

type udp struct{}

func (udp) CheckListen(addr string) error {
	_, err := parseUDP(addr, true)
	return err
}

func (udp) CheckDial(addr string) error {
	_, err := parseUDP(addr, false)
	return err
}

func (udp) ListenPackets(addr string, o *Options) (PacketConn, error) {
	a, err := parseUDP(addr, true)
	if err != nil {
		return nil, err
	}
	o = o.orZero()
	p, err := a.resolve(context.Background(), true, o)
	if err != nil {
		return nil, err
	}
	if p.group() {
		return listenGroup(a, p, o)
	}
	c, err := bindUDP(p.at, o)
	if err != nil {
		return nil, err
	}
	return opened(c, a, netip.Addr{}, func(fd uintptr) error { return o.setMulticastScope(fd, isV6(c)) })
}

// bindUDP binds an address that is not a multicast group. Unlike libzmq it does
// not set SO_REUSEADDR, with which another program could bind the same port and
// receive our datagrams. UDP has no TIME_WAIT that would require SO_REUSEADDR.
func bindUDP(at netip.AddrPort, o *Options) (*net.UDPConn, error) {
	ip, port := at.Addr(), strconv.Itoa(int(at.Port()))
	if (!ip.IsValid() || ip == netip.IPv6Unspecified()) && !o.IPv4Only {
		c, err := o.openUDP("udp", ":"+port, o.control)
		if err == nil || !isNoFamily(err) {
			return c, err
		}
		// Without IPv6, all addresses of the machine are IPv4 addresses.
		return o.openUDP("udp4", ":"+port, o.control)
	}
	if !ip.IsValid() {
		return o.openUDP("udp4", ":"+port, o.control)
	}
	return o.openUDP(udpFamily(ip), net.JoinHostPort(ip.String(), port), o.control)
}

// listenGroup joins a multicast group. Like libzmq, it binds the wildcard
// address with the port of the group. Where the system supports it, the socket
// receives no datagrams of other groups.
func listenGroup(a udpAddr, p resolvedUDP, o *Options) (PacketConn, error) {
	group := p.at.Addr()
	c, err := o.openUDP(udpFamily(group), ":"+strconv.Itoa(int(p.at.Port())), o.controlShared)
	if err != nil {
		return nil, err
	}
	return opened(c, a, group, func(fd uintptr) error {
		if err := o.setMulticastScope(fd, group.Is6()); err != nil {
			return err
		}
		if err := joinGroup(fd, p); err != nil {
			return err
		}
		return sendFrom(fd, p) // datagrams to the group use the same interface
	})
}

func (udp) DialPackets(ctx context.Context, addr string, o *Options) (PacketConn, netip.AddrPort, error) {
	var to netip.AddrPort
	a, err := parseUDP(addr, false)
	if err != nil {
		return nil, to, err
	}
	o = o.orZero()
	p, err := a.resolve(ctx, false, o)
	if err != nil {
		return nil, to, err
	}
	ip := p.at.Addr()
	switch ip {
	// The address that a wildcard listener reports means this machine.
	case netip.IPv6Unspecified():
		ip = netip.IPv6Loopback()
	case netip.IPv4Unspecified():
		ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	set := func(fd uintptr) error {
		if err := o.setMulticastScope(fd, ip.Is6()); err != nil || !p.group() {
			return err
		}
		return sendFrom(fd, p)
	}
	to = netip.AddrPortFrom(ip, p.at.Port())
	if err := o.checkRoute(ctx, routeOf(to), set); err != nil {
		return nil, netip.AddrPort{}, err
	}
	// The socket is not connected, so that it keeps working when addresses or
	// routes of this machine change.
	c, err := o.openUDP(udpFamily(ip), ":0", o.control)
	if err != nil {
		return nil, netip.AddrPort{}, err
	}
	pc, err := opened(c, a, netip.Addr{}, set)
	return pc, to, err
}

// routeOf returns an address with the same route as to, to which a socket can
// be connected. Connecting to an IPv6 group of link-local or smaller scope
// requires an interface, although sending does not. For an IPv6 group, routeOf
// therefore returns the group with global scope, which has the same route.
func routeOf(to netip.AddrPort) netip.AddrPort {
	ip := to.Addr()
	if !ip.Is6() || !ip.IsMulticast() {
		return to
	}
	b := ip.As16()
	b[1] = b[1]&0xf0 | 0x0e // global scope
	return netip.AddrPortFrom(netip.AddrFrom16(b), to.Port())
}

// checkRoute returns an error such as ENETUNREACH if the system has no route to
// an address. It sends nothing: connecting a datagram socket only looks up the
// route.
func (o *Options) checkRoute(ctx context.Context, to netip.AddrPort, set func(fd uintptr) error) error {
	d := net.Dialer{Control: func(network, addr string, c syscall.RawConn) error {
		if err := o.control(network, addr, c); err != nil {
			return err
		}
		return rawControl(c, set)
	}}
	c, err := d.DialContext(ctx, udpFamily(to.Addr()), to.String())
	if err != nil {
		return portable(err)
	}
	return c.Close()
}

func (o *Options) openUDP(network, addr string, control func(string, string, syscall.RawConn) error) (*net.UDPConn, error) {
	lc := net.ListenConfig{Control: control}
	c, err := lc.ListenPacket(context.Background(), network, addr)
	if err != nil {
		return nil, portable(err)
	}
	return c.(*net.UDPConn), nil
}

// controlShared is like control for a port that other sockets may bind too.
func (o *Options) controlShared(network, addr string, c syscall.RawConn) error {
	if err := rawControl(c, setShared); err != nil {
		return os.NewSyscallError("setsockopt SO_REUSEADDR", err)
	}
	return o.control(network, addr, c)
}

// opened calls set with the file descriptor of c and returns a PacketConn. It
// closes c if set fails. group is the multicast group for Addr, if valid.
func opened(c *net.UDPConn, a udpAddr, group netip.Addr, set func(fd uintptr) error) (PacketConn, error) {
	raw, err := c.SyscallConn()
	if err == nil {
		err = rawControl(raw, set)
	}
	if err != nil {
		c.Close()
		return nil, portable(err)
	}
	at := unmapped(c.LocalAddr().(*net.UDPAddr).AddrPort())
	if group.IsValid() {
		at = netip.AddrPortFrom(group, at.Port())
	}
	return &udpConn{c, a.text(at)}, nil
}

// isV6 reports whether c is bound to an IPv6 address.
func isV6(c *net.UDPConn) bool { return c.LocalAddr().(*net.UDPAddr).IP.To4() == nil }

func udpFamily(ip netip.Addr) string {
	if ip.Is4() {
		return "udp4"
	}
	return "udp6"
}

// unmapped returns an IPv4-mapped IPv6 address as an IPv4 address. Dual-stack
// sockets report IPv4 addresses as mapped addresses.
func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// udpConn implements PacketConn.
type udpConn struct {
	c    *net.UDPConn
	addr string
}

func (u *udpConn) ReadPacket(b []byte) (int, netip.AddrPort, error) {
	n, from, err := u.c.ReadFromUDPAddrPort(b)
	if isCut(err) {
		return len(b), unmapped(from), nil
	}
	return n, unmapped(from), portable(err)
}

func (u *udpConn) WritePacket(b []byte, to netip.AddrPort) error {
	_, err := u.c.WriteToUDPAddrPort(b, to)
	return portable(err)
}

func (u *udpConn) Addr() string { return u.addr }

func (u *udpConn) Close() error { return u.c.Close() }
