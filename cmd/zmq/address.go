package main

import (
	"net"
	"net/netip"
	"strings"
)

// address is an endpoint for connections that do not use the library.
type address struct {
	network string // of package net: "tcp" or "unix"
	addr    string // host and port, or path
	tls     bool
}

// srvPrefix is the prefix of endpoints that stand for the targets of SRV records.
const srvPrefix = "srv+"

// parsePeer is parseAddress for an endpoint to connect to.
func parsePeer(flag, endpoint string) (address, error) {
	a, err := parseAddress(flag, endpoint)
	if err != nil {
		return a, err
	}
	host, port, _ := net.SplitHostPort(a.addr)
	switch {
	case a.network == "unix" && a.addr == "*":
		return a, usagef("%s %s: * is for binding: give the path that the peer has printed", flag, endpoint)
	case a.network == "tcp" && port == "0":
		return a, usagef("%s %s: the port is for binding: give that of the peer", flag, endpoint)
	case a.network == "tcp" && host == "":
		scheme, _, _ := strings.Cut(endpoint, "://")
		return a, usagef("%s %s: * is for binding: give the host of the peer, such as %s://127.0.0.1:%s on this machine", flag, endpoint, scheme, port)
	}
	return a, nil
}

// isLocal reports whether an address is one of this machine only.
func (a address) isLocal() bool {
	host, _, _ := net.SplitHostPort(a.addr)
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && (ip.IsLoopback() || ip.IsUnspecified())
}

// parseAddress parses an endpoint of tcp, tls+tcp or ipc. * stands for every
// address and for any free port.
func parseAddress(flag, endpoint string) (address, error) {
	scheme, rest, _ := strings.Cut(endpoint, "://")
	a := address{addr: rest}
	switch scheme {
	case "tcp", "tls+tcp":
		a.network, a.tls = "tcp", scheme == "tls+tcp"
		a.addr = rest[strings.LastIndexByte(rest, ';')+1:] // after the local address
		host, port, err := net.SplitHostPort(a.addr)
		if err != nil || port == "" {
			return a, usagef("%s %s: invalid endpoint: give a host and a port, such as tcp://127.0.0.1:5555", flag, endpoint)
		}
		if host == "*" {
			host = ""
		}
		if port == "*" {
			port = "0"
		}
		a.addr = net.JoinHostPort(host, port)
	case "ipc":
		a.network = "unix"
		if rest == "" {
			return a, usagef("%s %s: invalid endpoint: the path is missing", flag, endpoint)
		}
	default:
		return a, usagef("%s %s: invalid endpoint: it must begin with tcp://, tls+tcp:// or ipc://", flag, endpoint)
	}
	return a, nil
}
