// Package transport has the interfaces of transports that are registered with
// RegisterTransport of the package zmq4.
package transport

import (
	"context"
	"net"
)

// Dialer is the interface of [net.Dialer].
type Dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// Transport makes the connections of endpoints.
type Transport interface {
	// Dial connects to an address.
	Dial(ctx context.Context, dialer Dialer, addr string) (net.Conn, error)

	// Listen accepts connections at an address.
	Listen(ctx context.Context, addr string) (net.Listener, error)

	// Addr returns the address of an endpoint: of the text after "://".
	Addr(ep string) (addr string, err error)
}

// New returns a transport that uses a network of package net, such as "tcp".
func New(network string) Transport { return netTransport{network} }

type netTransport struct{ network string }

func (t netTransport) Dial(ctx context.Context, dialer Dialer, addr string) (net.Conn, error) {
	return dialer.DialContext(ctx, t.network, addr)
}

func (t netTransport) Listen(ctx context.Context, addr string) (net.Listener, error) {
	var c net.ListenConfig
	return c.Listen(ctx, t.network, addr)
}

// Addr returns the address. For tcp and udp the host "*" is every interface, and the port
// "*" is any free one.
func (t netTransport) Addr(ep string) (addr string, err error) {
	if t.network != "tcp" && t.network != "udp" {
		return ep, nil
	}
	host, port, err := net.SplitHostPort(ep)
	if err != nil {
		return "", err
	}
	if host == "*" {
		host = ""
	}
	if port == "*" {
		port = "0"
	}
	return net.JoinHostPort(host, port), nil
}
