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
// machine is on.
func exposed(bound string) bool {
	address, ok := strings.CutPrefix(bound, "tcp://")
	if !ok {
		return false
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "*" || err == nil && ip.IsUnspecified()
}

// warnExposed is said once: this command has no security mechanism yet.
func (e *env) warnExposed(bound string) {
	e.say("warning: %s is open to every network of this machine, without authentication or encryption; bind 127.0.0.1 to keep it local", bound)
}
