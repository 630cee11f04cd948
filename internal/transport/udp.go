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
// Addresses to bind are those of TCP, "*:port", "ip:port", "[v6]:port",
// "interface:port" and "name:port", where a port of "*" or 0 is chosen by the
// system; and multicast groups, "group:port" and "interface;group:port", which
// any number of sockets may bind at a time. Addresses to send to are "host:port"
// and the same groups. The interface is an address of it, its name, or "*",
// which leaves the choice to the system.
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
	return opened(c, a, netip.Addr{}, func(fd uintptr) error { return o.setSpread(fd, isV6(c)) })
}

// bindUDP binds what is no group. Unlike libzmq it does not set SO_REUSEADDR:
// with it another program could bind the same port and take our datagrams, and
// there is no TIME_WAIT that it would help against.
func bindUDP(at netip.AddrPort, o *Options) (*net.UDPConn, error) {
	ip, port := at.Addr(), strconv.Itoa(int(at.Port()))
	if (!ip.IsValid() || ip == netip.IPv6Unspecified()) && !o.IPv4Only {
		c, err := o.openUDP("udp", ":"+port, o.control)
		if err == nil || !isNoFamily(err) {
			return c, err
		}
		// A machine without IPv6: everything it has is IPv4.
		return o.openUDP("udp4", ":"+port, o.control)
	}
	if !ip.IsValid() {
		return o.openUDP("udp4", ":"+port, o.control)
	}
	return o.openUDP(udpFamily(ip), net.JoinHostPort(ip.String(), port), o.control)
}

// listenGroup joins a group. It binds every address and the group's port, as
// libzmq does, and takes in no other groups where the system can tell.
func listenGroup(a udpAddr, p udpPlace, o *Options) (PacketConn, error) {
	group := p.at.Addr()
	c, err := o.openUDP(udpFamily(group), ":"+strconv.Itoa(int(p.at.Port())), o.controlShared)
	if err != nil {
		return nil, err
	}
	return opened(c, a, group, func(fd uintptr) error {
		if err := o.setSpread(fd, group.Is6()); err != nil {
			return err
		}
		if err := joinGroup(fd, p); err != nil {
			return err
		}
		return sendFrom(fd, p) // what a member says to its group leaves by the same way
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
	// What a wildcard reports as its address is this machine.
	case netip.IPv6Unspecified():
		ip = netip.IPv6Loopback()
	case netip.IPv4Unspecified():
		ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	set := func(fd uintptr) error {
		if err := o.setSpread(fd, ip.Is6()); err != nil || !p.group() {
			return err
		}
		return sendFrom(fd, p)
	}
	to = netip.AddrPortFrom(ip, p.at.Port())
	if err := o.checkRoute(ctx, routeOf(to), set); err != nil {
		return nil, netip.AddrPort{}, err
	}
	// Not connected, so that it outlives the addresses and routes of the moment.
	c, err := o.openUDP(udpFamily(ip), ":0", o.control)
	if err != nil {
		return nil, netip.AddrPort{}, err
	}
	pc, err := opened(c, a, netip.Addr{}, set)
	return pc, to, err
}

// routeOf is an address with the same route as to, that a socket can be
// connected to. To connect to an IPv6 group of link-local scope or less demands
// an interface, while to send to it does not; a wider scope has the same route.
func routeOf(to netip.AddrPort) netip.AddrPort {
	ip := to.Addr()
	if !ip.Is6() || !ip.IsMulticast() {
		return to
	}
	b := ip.As16()
	b[1] = b[1]&0xf0 | 0x0e // global scope
	return netip.AddrPortFrom(netip.AddrFrom16(b), to.Port())
}

// checkRoute returns an error, such as ENETUNREACH, if the system has no way to
// an address now. It sends nothing: to connect a datagram socket only looks up
// the route.
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

// controlShared is control for a port that others may bind too.
func (o *Options) controlShared(network, addr string, c syscall.RawConn) error {
	if err := rawControl(c, setShared); err != nil {
		return os.NewSyscallError("setsockopt SO_REUSEADDR", err)
	}
	return o.control(network, addr, c)
}

// opened sets what is left to be set, or closes c.
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

// isV6 tells the family of a socket from the address that it is bound to.
func isV6(c *net.UDPConn) bool { return c.LocalAddr().(*net.UDPAddr).IP.To4() == nil }

func udpFamily(ip netip.Addr) string {
	if ip.Is4() {
		return "udp4"
	}
	return "udp6"
}

// unmapped is an address as people write it: a dual-stack socket sees IPv4 as a
// part of IPv6.
func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// udpConn is a PacketConn.
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
