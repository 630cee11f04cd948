package zbeacon

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// udp is a Conn over the sockets of the system. It has two of them: one that is bound to
// the port of the beacons and receives, and one that is bound to the address of the
// interface, so that this is the source of the datagrams.
type udp struct {
	selection
	recv *net.UDPConn
	send *net.UDPConn
	to   netip.AddrPort

	// read reads one datagram and returns the index of its interface, 0 if the system
	// does not report it.
	read func(b []byte) (n, ifIndex int, source netip.Addr, err error)
}

// Listen opens the UDP sockets that the options describe. It is the default of
// Options.Listen.
func Listen(o *Options) (Conn, error) {
	s, err := selectInterface(o)
	if err != nil {
		return nil, err
	}
	network, any := "udp4", "0.0.0.0"
	if s.addr.Is6() {
		network, any = "udp6", "::"
	}
	lc := net.ListenConfig{Control: reuseAddr}
	recv, err := lc.ListenPacket(context.Background(), network, net.JoinHostPort(any, fmt.Sprint(o.Port)))
	if err != nil {
		return nil, err
	}
	send, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(s.addr, 0)))
	if err != nil {
		recv.Close()
		return nil, err
	}
	u := &udp{
		selection: s,
		recv:      recv.(*net.UDPConn),
		send:      send,
		to:        netip.AddrPortFrom(s.dest, uint16(o.Port)),
	}
	if err := u.configure(); err != nil {
		u.Close()
		return nil, err
	}
	return u, nil
}

// configure requests the interface of received datagrams, and joins the multicast group.
func (u *udp) configure() error {
	multicast := u.selection.dest.IsMulticast()
	group := &net.UDPAddr{IP: u.selection.dest.AsSlice()}
	if u.addr.Is4() {
		p := ipv4.NewPacketConn(u.recv)
		u.read = readIPv4(p, p.SetControlMessage(ipv4.FlagInterface, true) == nil)
		if !multicast {
			return nil
		}
		return join(p.JoinGroup(u.ifi, group), ipv4.NewPacketConn(u.send), u.ifi)
	}
	p := ipv6.NewPacketConn(u.recv)
	u.read = readIPv6(p, p.SetControlMessage(ipv6.FlagInterface, true) == nil)
	return join(p.JoinGroup(u.ifi, group), ipv6.NewPacketConn(u.send), u.ifi)
}

// join prepares the sending socket, unless joining the group has failed. Datagrams go to
// listeners on this machine too.
func join(joined error, send interface {
	SetMulticastInterface(*net.Interface) error
	SetMulticastLoopback(bool) error
}, ifi *net.Interface) error {
	if joined != nil {
		return fmt.Errorf("join multicast group: %w", joined)
	}
	if ifi != nil {
		if err := send.SetMulticastInterface(ifi); err != nil {
			return fmt.Errorf("select interface for multicast: %w", err)
		}
	}
	return send.SetMulticastLoopback(true)
}

func readIPv4(p *ipv4.PacketConn, index bool) func([]byte) (int, int, netip.Addr, error) {
	return func(b []byte) (n, ifIndex int, source netip.Addr, err error) {
		n, cm, from, err := p.ReadFrom(b)
		if err != nil {
			return 0, 0, netip.Addr{}, err
		}
		if index && cm != nil {
			ifIndex = cm.IfIndex
		}
		return n, ifIndex, sourceOf(from), nil
	}
}

func readIPv6(p *ipv6.PacketConn, index bool) func([]byte) (int, int, netip.Addr, error) {
	return func(b []byte) (n, ifIndex int, source netip.Addr, err error) {
		n, cm, from, err := p.ReadFrom(b)
		if err != nil {
			return 0, 0, netip.Addr{}, err
		}
		if index && cm != nil {
			ifIndex = cm.IfIndex
		}
		return n, ifIndex, sourceOf(from), nil
	}
}

// sourceOf returns the address without the port. IPv4 addresses are never mapped to IPv6.
func sourceOf(a net.Addr) netip.Addr {
	ap := a.(*net.UDPAddr).AddrPort()
	return ap.Addr().Unmap()
}

// Receive reads a datagram that has arrived at the selected interface.
func (u *udp) Receive(b []byte) (int, netip.Addr, error) {
	for {
		n, ifIndex, source, err := u.read(b)
		if err != nil || u.ifi == nil || ifIndex == 0 || ifIndex == u.ifi.Index {
			return n, source, err
		}
	}
}

// Broadcast sends a datagram to the broadcast address or the multicast group.
func (u *udp) Broadcast(b []byte) error {
	_, err := u.send.WriteToUDPAddrPort(b, u.to)
	return err
}

// Addr returns the address of the interface.
func (u *udp) Addr() netip.Addr { return u.addr }

// Close closes both sockets.
func (u *udp) Close() error {
	u.send.Close()
	return u.recv.Close()
}
