package main

import (
	"net"
	"net/netip"
	"strings"
)

// announce prints the bound endpoint if the system chose a part of it.
func (e *env) announce(asked, bound string) {
	if ephemeral(asked) {
		e.logf("%s%s", listening, bound)
	}
}

// listening begins the line of announce. The demo searches for it.
const listening = "listening on "

// ephemeral reports whether the system chooses a part of an endpoint when it is
// bound.
func ephemeral(endpoint string) bool {
	return endpoint == "ipc://*" || strings.HasSuffix(endpoint, ":*") || strings.HasSuffix(endpoint, ":0")
}

// exposed reports whether a bound endpoint accepts from other machines. A multicast
// group does: its port is bound on every address, even if the endpoint names an
// interface.
func exposed(bound string) bool {
	ip := hostOf(bound)
	return ip.IsValid() && !ip.IsLoopback()
}

// hostOf returns the address that a tcp, tls+tcp or udp endpoint is bound to, or that of
// its multicast group.
func hostOf(bound string) netip.Addr {
	scheme, address, _ := strings.Cut(bound, "://")
	if scheme != "tcp" && scheme != "udp" && scheme != "tls+tcp" {
		return netip.Addr{}
	}
	host, _, err := net.SplitHostPort(address[strings.LastIndexByte(address, ';')+1:])
	if err != nil {
		return netip.Addr{}
	}
	if host == "*" {
		return netip.IPv6Unspecified()
	}
	ip, _ := netip.ParseAddr(host)
	return ip
}

// isUDP reports whether an endpoint receives datagrams. It has no connections,
// so its peers are not known.
func isUDP(endpoint string) bool { return strings.HasPrefix(endpoint, "udp://") }
