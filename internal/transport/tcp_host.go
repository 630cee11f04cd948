package transport

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// lookupLimit is the timeout of the name lookup in Listen, which blocks the
// caller of Bind.
const lookupLimit = 10 * time.Second

// bindIP returns the address to bind for a host. A name is that of an interface
// if there is one, and otherwise a DNS name. If an interface or name has
// several addresses, bindIP prefers IPv4, because peers most likely dial that.
func (h tcpHost) bindIP(o *Options) (netip.Addr, error) {
	if h.ip.IsValid() {
		if o.IPv4Only && h.ip.Is6() {
			return netip.Addr{}, &HostError{Host: h.ip.String(), Reason: "IPv6 is switched off", errno: syscall.EAFNOSUPPORT}
		}
		return h.ip, checkZone(h.ip)
	}
	if ifi, err := net.InterfaceByName(h.name); err == nil {
		ips, err := interfaceIPs(ifi, o)
		if err != nil {
			return netip.Addr{}, err
		}
		return ips[0], nil
	}
	ctx := o.Lookup
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, lookupLimit)
	defer cancel()
	return lookupIP(ctx, h.name, o)
}

// lookupIP resolves a name to one address, preferably IPv4.
func lookupIP(ctx context.Context, name string, o *Options) (netip.Addr, error) {
	network := "ip"
	if o.IPv4Only {
		network = "ip4"
	}
	ips, err := o.network().resolver().LookupNetIP(ctx, network, name)
	if err != nil {
		return netip.Addr{}, &HostError{Host: name, Reason: "neither an interface nor a resolvable name", Err: err, errno: syscall.ENODEV}
	}
	for i, ip := range ips {
		ips[i] = ip.Unmap()
	}
	slices.SortStableFunc(ips, byUsefulness)
	return ips[0], nil
}

// interfaceIPs returns the addresses of an interface, sorted by byUsefulness.
// It returns an error if there is none.
func interfaceIPs(ifi *net.Interface, o *Options) ([]netip.Addr, error) {
	addrs, err := ifi.Addrs()
	if err != nil {
		return nil, err
	}
	var ips []netip.Addr
	for _, a := range addrs {
		p, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		ip, ok := netip.AddrFromSlice(p.IP)
		if !ok {
			continue
		}
		ip = ip.Unmap()
		if o.IPv4Only && ip.Is6() {
			continue
		}
		if ip.Is6() && ip.IsLinkLocalUnicast() {
			ip = ip.WithZone(ifi.Name)
		}
		ips = append(ips, ip)
	}
	if len(ips) == 0 {
		return nil, &HostError{Host: ifi.Name, Reason: "the interface has no usable address", errno: syscall.EADDRNOTAVAIL}
	}
	slices.SortStableFunc(ips, byUsefulness)
	return ips, nil
}

// byUsefulness sorts IPv4 addresses first, then IPv6 addresses, then link-local
// IPv6 addresses.
func byUsefulness(a, b netip.Addr) int { return rank(a) - rank(b) }

func rank(ip netip.Addr) int {
	switch {
	case ip.Is4():
		return 0
	case ip.IsLinkLocalUnicast():
		return 2
	}
	return 1
}

// checkZone returns an error if the zone of ip is not an interface. Package net
// ignores such a zone.
func checkZone(ip netip.Addr) error {
	z := ip.Zone()
	if z == "" {
		return nil
	}
	_, err := net.InterfaceByName(z)
	if n, numErr := strconv.Atoi(z); err != nil && numErr == nil {
		_, err = net.InterfaceByIndex(n)
	}
	if err != nil {
		return &HostError{Host: ip.String(), Reason: "the zone is no interface", Err: err, errno: syscall.ENODEV}
	}
	return nil
}

// sourceIPs returns the source addresses of a host in the order to try them.
// For the wildcard it returns one invalid address: the system chooses.
func (h tcpHost) sourceIPs(o *Options) ([]netip.Addr, error) {
	switch {
	case h.name != "":
		ifi, err := net.InterfaceByName(h.name)
		if err != nil {
			return nil, &HostError{Host: h.name, Reason: "no such interface", Err: err, errno: syscall.ENODEV}
		}
		return interfaceIPs(ifi, o)
	case h.ip.IsValid():
		return []netip.Addr{h.ip}, checkZone(h.ip)
	}
	return []netip.Addr{{}}, nil
}

// isMismatch reports whether a dial failed only because source and destination
// have different address families.
func isMismatch(err error) bool {
	var a *net.AddrError
	return errors.As(err, &a)
}
