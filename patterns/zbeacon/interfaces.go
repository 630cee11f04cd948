package zbeacon

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// selection is an interface with the addresses that a Beacon uses.
type selection struct {
	ifi  *net.Interface // nil for all interfaces
	addr netip.Addr     // source of the datagrams
	dest netip.Addr     // broadcast address or multicast group
}

// selectInterface finds the interface that the options name.
func selectInterface(o *Options) (selection, error) {
	if o.Interface == "*" {
		return allInterfaces(o), nil
	}
	interfaces, err := net.Interfaces()
	if err != nil {
		return selection{}, err
	}
	for i := range interfaces {
		if s, ok := usable(&interfaces[i], o); ok {
			return s, nil
		}
	}
	if o.Interface == "" {
		return selection{}, ErrNoInterface
	}
	return selection{}, fmt.Errorf("%w: %q", ErrNoInterface, o.Interface)
}

func allInterfaces(o *Options) selection {
	switch {
	case !o.Multicast.IsValid():
		return selection{addr: netip.IPv4Unspecified(), dest: netip.AddrFrom4([4]byte{255, 255, 255, 255})}
	case o.Multicast.Is4():
		return selection{addr: netip.IPv4Unspecified(), dest: o.Multicast}
	}
	return selection{addr: netip.IPv6Unspecified(), dest: o.Multicast}
}

// usable returns how an interface is used, if the options permit it.
func usable(ifi *net.Interface, o *Options) (selection, bool) {
	loopback := ifi.Flags&net.FlagLoopback != 0
	switch {
	case ifi.Flags&net.FlagUp == 0:
		return selection{}, false
	case loopback && o.Interface == "":
		return selection{}, false // only if it is named
	case o.Multicast.IsValid() && ifi.Flags&net.FlagMulticast == 0:
		return selection{}, false
	case !o.Multicast.IsValid() && !loopback && ifi.Flags&net.FlagBroadcast == 0:
		// The loopback interface does not have the flag, but Linux delivers what
		// is sent to 127.255.255.255.
		return selection{}, false
	}
	addrs, err := ifi.Addrs()
	if err != nil {
		return selection{}, false
	}
	for _, a := range addrs {
		prefix, err := netip.ParsePrefix(a.String())
		if err != nil {
			continue
		}
		if s, ok := usableAddr(ifi, prefix, o); ok {
			return s, true
		}
	}
	return selection{}, false
}

// usableAddr returns how one address of an interface is used, if the options permit it.
func usableAddr(ifi *net.Interface, prefix netip.Prefix, o *Options) (selection, bool) {
	addr := prefix.Addr()
	if addr.Is4() == (o.Multicast.IsValid() && o.Multicast.Is6()) {
		return selection{}, false
	}
	name, _, _ := strings.Cut(o.Interface, "%")
	if o.Interface != "" && o.Interface != ifi.Name && name != addr.String() {
		return selection{}, false
	}
	switch {
	case !o.Multicast.IsValid():
		return selection{ifi, addr, broadcastAddr(prefix)}, true
	case addr.Is6() && addr.IsLinkLocalUnicast():
		addr = addr.WithZone(ifi.Name)
	}
	return selection{ifi, addr, o.Multicast}, true
}

// broadcastAddr returns the address with all host bits set.
func broadcastAddr(p netip.Prefix) netip.Addr {
	b := p.Addr().As4()
	for bit := p.Bits(); bit < 32; bit++ {
		b[bit/8] |= 0x80 >> (bit % 8)
	}
	return netip.AddrFrom4(b)
}
