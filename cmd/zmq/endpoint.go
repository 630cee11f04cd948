package main

import (
	"net"
	"net/netip"
	"strings"
)

// announce says where a socket is bound, if that could not be known.
func (e *env) announce(asked, bound string) {
	if ephemeral(asked) {
		e.say("%s%s", listening, bound)
	}
}

// listening begins what announce says.
const listening = "listening on "

// ephemeral reports whether part of an endpoint is chosen when it is bound.
func ephemeral(endpoint string) bool {
	return endpoint == "ipc://*" || strings.HasSuffix(endpoint, ":*") || strings.HasSuffix(endpoint, ":0")
}

// exposed reports whether a bound endpoint is open to every network the
// machine is on. A multicast group is: its port is bound on every address,
// whatever interface stands before it.
func exposed(bound string) bool {
	ip := hostOf(bound)
	return ip.IsUnspecified() || ip.IsMulticast()
}

// hostOf is the address that a tcp or udp endpoint is bound to, or that of its
// multicast group.
func hostOf(bound string) netip.Addr {
	scheme, address, _ := strings.Cut(bound, "://")
	if scheme != "tcp" && scheme != "udp" {
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

// overUDP reports whether an endpoint is one of datagrams: nobody connects to
// it, and who sends there is not known before something comes.
func overUDP(endpoint string) bool { return strings.HasPrefix(endpoint, "udp://") }

// warnExposed is said once: this command has no security mechanism yet.
func (e *env) warnExposed(bound string) {
	advice := "; bind 127.0.0.1 to keep it local"
	if hostOf(bound).IsMulticast() { // there is no such way
		advice = ""
	}
	e.say("warning: %s is open to every network of this machine, without authentication or encryption%s", bound, advice)
}
