package zyre

import (
	"context"
	"net"
	"net/netip"
	"strings"

	"github.com/zerobroker/zmq/curve"
)

// Announcement is what a node makes known about itself. Nothing in it is proved.
type Announcement struct {
	UUID     UUID
	Endpoint string // empty if the node leaves the network

	// PublicKey is the key of CURVE. Zero without CURVE.
	PublicKey curve.PublicKey

	// Source is the address that the announcement came from, if that is known. A node is
	// removed only by an announcement from its own address.
	Source netip.Addr

	// Live reports that the node itself has just sent the announcement, so that it is a
	// sign of life.
	Live bool
}

// Discovery announces a node and finds others: BeaconDiscovery, GossipDiscovery, or one of
// the application. A Node calls Host and Announce once, Recv in a goroutine of its own until
// its context ends, and at last Close.
type Discovery interface {
	// Host returns the host at which a node should accept TCP connections: an address,
	// or "*" for all.
	Host() string

	// Announce makes the node known until Close. It does not wait.
	Announce(self Announcement) error

	// Recv waits for the next announcement of another node. It may return the same one
	// any number of times, and those of this node.
	Recv(ctx context.Context) (Announcement, error)

	// Withdraws reports whether Close makes known that the node has left. Otherwise the
	// node sends GOODBYE to all peers, an extension of Zyre.
	Withdraws() bool

	// Close ends the announcement.
	Close() error
}

// schemeOf returns the scheme of an endpoint.
func schemeOf(endpoint string) string {
	scheme, _, _ := strings.Cut(endpoint, "://")
	return scheme
}

// hostOf returns the address in an endpoint. It is invalid for a name.
func hostOf(endpoint string) netip.Addr {
	_, address, _ := strings.Cut(endpoint, "://")
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return netip.Addr{}
	}
	a, _ := netip.ParseAddr(host)
	return a.Unmap()
}

// withHost returns an endpoint with another host.
func withHost(endpoint string, host netip.Addr) string {
	scheme, address, _ := strings.Cut(endpoint, "://")
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return endpoint
	}
	return scheme + "://" + net.JoinHostPort(host.String(), port)
}

// localEndpoint returns the endpoint of a HELLO for use on this machine. A link-local
// address needs the interface, which only this machine knows: that of the connection.
func localEndpoint(endpoint string, connection netip.Addr) string {
	host := hostOf(endpoint)
	if host.Zone() == "" && connection.Zone() != "" && connection.WithZone("") == host {
		return withHost(endpoint, connection)
	}
	return endpoint
}
