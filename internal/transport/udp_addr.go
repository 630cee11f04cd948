package transport

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
)

// udpAddr is a parsed udp address: "host:port" or "interface;group:port".
type udpAddr struct {
	iface *tcpHost // without a port; nil: the address has no interface
	host  tcpHost
}

// parseUDP parses an address to bind or to send to. The interface is an
// address, a name or "*", and is never looked up in DNS. Only an address to
// bind may have "*" or the name of an interface as its host, and "*" or 0 as
// its port. An interface must be followed by a multicast group of the same
// address family.
func parseUDP(text string, bind bool) (udpAddr, error) {
	var a udpAddr
	bad := func(reason string) (udpAddr, error) { return udpAddr{}, &AddrError{Addr: text, Reason: reason} }
	to := text
	if i := strings.LastIndexByte(text, ';'); i >= 0 {
		h, reason := parseHost(text[:i], true)
		if reason != "" {
			return bad("interface: " + reason)
		}
		a.iface, to = &h, text[i+1:]
	}
	var reason string
	if a.host, reason = parseHostPort(to, bind); reason != "" {
		return bad(reason)
	}
	if reason = a.mismatch(); reason != "" {
		return bad(reason)
	}
	return a, nil
}

// mismatch returns the reason why interface and host cannot be combined, or "".
// It does not resolve names.
func (a udpAddr) mismatch() string {
	if a.iface == nil {
		return ""
	}
	ip, from := a.host.ip, a.iface.ip
	switch {
	case from.IsMulticast():
		return "the interface is a multicast group"
	case a.host.name == "" && !ip.IsMulticast():
		return "what follows an interface must be a multicast group"
	case ip.IsValid() && from.IsValid() && ip.Is4() != from.Is4():
		return "interface and group are of different address families"
	case ip.Zone() != "":
		return "the interface is named twice"
	}
	return ""
}

// resolvedUDP is a udp address whose names are resolved.
type resolvedUDP struct {
	at    netip.AddrPort // an invalid address means the wildcard
	from  netip.Addr     // IPv4 group: address of the interface; invalid: the system chooses
	index int            // IPv6 group: index of the interface; 0: the system chooses
}

func (p resolvedUDP) group() bool { return p.at.Addr().IsMulticast() }

// resolve resolves the names of host and interface. The host may be the name of
// an interface only if bind is true.
func (a udpAddr) resolve(ctx context.Context, bind bool, o *Options) (resolvedUDP, error) {
	ip := a.host.ip
	var err error
	switch {
	case a.host.name != "" && !bind:
		ip, err = lookupIP(ctx, a.host.name, o)
	case a.host.name != "" || ip.IsValid():
		ip, err = a.host.bindIP(o)
	}
	if err != nil {
		return resolvedUDP{}, err
	}
	p := resolvedUDP{at: netip.AddrPortFrom(ip.WithZone(""), a.host.port)}
	if !ip.IsMulticast() {
		if a.iface != nil {
			return resolvedUDP{}, &HostError{Host: a.host.name, Reason: "not a multicast group", errno: syscall.EINVAL}
		}
		p.at = netip.AddrPortFrom(ip, a.host.port)
		return p, nil
	}
	p.from, p.index, err = a.groupInterface(ip, o)
	return p, err
}

// groupInterface returns the interface of a multicast group: for an IPv4 group
// its address, for an IPv6 group its index.
func (a udpAddr) groupInterface(group netip.Addr, o *Options) (from netip.Addr, index int, err error) {
	switch {
	case a.iface == nil && group.Zone() != "":
		return from, zoneIndex(group.Zone()), nil
	case a.iface == nil || a.iface.name == "" && !a.iface.ip.IsValid():
		return from, 0, nil
	case a.iface.name == "" && group.Is4():
		return a.iface.ip, 0, nil
	case a.iface.name == "":
		index, err = indexOf(a.iface.ip)
		return from, index, err
	}
	ifi, err := net.InterfaceByName(a.iface.name)
	if err != nil {
		return from, 0, &HostError{Host: a.iface.name, Reason: "no such interface", Err: err, errno: syscall.ENODEV}
	}
	if group.Is6() {
		return from, ifi.Index, nil
	}
	ips, err := interfaceIPs(ifi, o)
	if err == nil && !ips[0].Is4() {
		err = &HostError{Host: ifi.Name, Reason: "the interface has no IPv4 address", errno: syscall.ENODEV}
	}
	if err != nil {
		return from, 0, err
	}
	return ips[0], 0, nil
}

// zoneIndex returns the index of the interface that a zone names. checkZone
// must have accepted the zone.
func zoneIndex(zone string) int {
	if ifi, err := net.InterfaceByName(zone); err == nil {
		return ifi.Index
	}
	n, _ := strconv.Atoi(zone)
	return n
}

// indexOf returns the index of the interface with an IPv6 address, which
// joining a group requires. (libzmq accepts only a name, and returns ENODEV for
// an address.)
func indexOf(ip netip.Addr) (int, error) {
	list, err := net.Interfaces()
	if err != nil {
		return 0, err
	}
	for _, ifi := range list {
		ips, err := interfaceIPs(&ifi, &Options{})
		if err != nil {
			continue
		}
		for _, have := range ips {
			if have.WithZone("") == ip.WithZone("") && (ip.Zone() == "" || zoneIndex(ip.Zone()) == ifi.Index) {
				return ifi.Index, nil
			}
		}
	}
	return 0, &HostError{Host: ip.String(), Reason: "no interface has this address", errno: syscall.ENODEV}
}

// text returns the interface of a, if any, and the address at, in the form that
// parseUDP accepts.
func (a udpAddr) text(at netip.AddrPort) string {
	if a.iface == nil {
		return at.String()
	}
	host := a.iface.String()
	return host[:strings.LastIndexByte(host, ':')] + ";" + at.String()
}
