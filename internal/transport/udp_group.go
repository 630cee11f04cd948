//go:build linux || windows || darwin || dragonfly || freebsd || netbsd || openbsd

package transport

import (
	"net/netip"
	"os"
	"syscall"
)

// setMulticastScope sets the number of hops for multicast datagrams, and whether
// sockets on this machine receive them too. The defaults of the systems and of
// libzmq are one hop, and that they do (ZMQ_MULTICAST_HOPS,
// ZMQ_MULTICAST_LOOP).
func (o *Options) setMulticastScope(fd uintptr, v6 bool) error {
	if o.MulticastHops > 0 {
		if err := setMulticastScope4(fd, v6, "TTL", syscall.IP_MULTICAST_TTL, o.MulticastHops); err != nil {
			return err
		}
		if v6 {
			if err := setOption(fd, "IPV6_MULTICAST_HOPS", syscall.IPPROTO_IPV6, syscall.IPV6_MULTICAST_HOPS, o.MulticastHops); err != nil {
				return err
			}
		}
	}
	if !o.MulticastRemoteOnly {
		return nil
	}
	err := setMulticastScope4(fd, v6, "LOOP", syscall.IP_MULTICAST_LOOP, 0)
	if err == nil && v6 {
		err = setOption(fd, "IPV6_MULTICAST_LOOP", syscall.IPPROTO_IPV6, syscall.IPV6_MULTICAST_LOOP, 0)
	}
	return err
}

// setMulticastScope4 sets an IP_MULTICAST option for the IPv4 datagrams of a socket.
// IPv6 sockets have no such option on some systems (see dualOptions).
func setMulticastScope4(fd uintptr, v6 bool, what string, name, value int) error {
	if v6 && !dualOptions {
		return nil
	}
	return os.NewSyscallError("setsockopt IP_MULTICAST_"+what, setByte(fd, syscall.IPPROTO_IP, name, value))
}

// setOption sets an integer option. Unlike setAll it also sets the value 0.
func setOption(fd uintptr, what string, level, name, value int) error {
	return os.NewSyscallError("setsockopt "+what, setInt(fd, level, name, value))
}

// joinGroup joins the multicast group of p.
func joinGroup(fd uintptr, p resolvedUDP) error {
	group := p.at.Addr()
	onlyJoined(fd, group.Is6())
	if group.Is6() {
		req := &syscall.IPv6Mreq{Multiaddr: group.As16(), Interface: uint32(p.index)}
		return os.NewSyscallError("setsockopt IPV6_JOIN_GROUP",
			syscall.SetsockoptIPv6Mreq(handle(fd), syscall.IPPROTO_IPV6, syscall.IPV6_JOIN_GROUP, req))
	}
	req := &syscall.IPMreq{Multiaddr: group.As4(), Interface: as4(p.from)}
	return os.NewSyscallError("setsockopt IP_ADD_MEMBERSHIP",
		syscall.SetsockoptIPMreq(handle(fd), syscall.IPPROTO_IP, syscall.IP_ADD_MEMBERSHIP, req))
}

// sendFrom sets the interface for datagrams that are sent to groups.
func sendFrom(fd uintptr, p resolvedUDP) error {
	switch {
	case p.at.Addr().Is4() && p.from.IsValid():
		return os.NewSyscallError("setsockopt IP_MULTICAST_IF",
			syscall.SetsockoptInet4Addr(handle(fd), syscall.IPPROTO_IP, syscall.IP_MULTICAST_IF, as4(p.from)))
	case p.index > 0:
		return setOption(fd, "IPV6_MULTICAST_IF", syscall.IPPROTO_IPV6, syscall.IPV6_MULTICAST_IF, p.index)
	}
	return nil
}

// as4 returns an IPv4 address as bytes, and 0.0.0.0 for an invalid address.
func as4(ip netip.Addr) (b [4]byte) {
	if ip.Is4() {
		b = ip.As4()
	}
	return b
}
