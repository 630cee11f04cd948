package transport

import (
	"context"
	"errors"
	"net"
	"strings"

	"golang.org/x/net/proxy"
)

// Proxy is a SOCKS5 proxy, through which TCP connections are made.
// https://www.rfc-editor.org/rfc/rfc1928
type Proxy struct {
	Address            string // "host:port"
	Username, Password string // https://www.rfc-editor.org/rfc/rfc1929; none if Username is ""
}

// CheckProxy returns an error if p cannot be used. p may be nil.
func CheckProxy(p *Proxy) error {
	if p == nil {
		return nil
	}
	if h, reason := parseHostPort(p.Address, false); reason != "" {
		return &AddrError{Addr: p.Address, Reason: reason}
	} else if h.ip.IsValid() && h.ip.IsUnspecified() {
		return &AddrError{Addr: p.Address, Reason: "not the address of a proxy"}
	}
	switch {
	case len(p.Username) > 255 || len(p.Password) > 255:
		return errors.New("user name or password of more than 255 bytes")
	case p.Username == "" && p.Password != "":
		return errors.New("a password without a user name")
	}
	return nil
}

// ProxyError is the error of an attempt to connect through a proxy.
type ProxyError struct {
	Address string // of the proxy
	Target  string // the address that was to be reached through it
	Reached bool   // whether there was a connection to the proxy, which has refused the client or the target, or has not answered as it must
	Err     error
}

func (e *ProxyError) Error() string {
	text := "SOCKS5 proxy " + e.Address + ", for " + e.Target + ": "
	err := e.Err
	if op, ok := err.(*net.OpError); ok && op.Err != nil {
		err = op.Err // without the same addresses again
	}
	if !e.Reached {
		return text + "not reached: " + err.Error()
	}
	// What golang.org/x/net calls unknown is the reply that the RFC names.
	return text + strings.TrimPrefix(err.Error(), "unknown error ")
}

// Unwrap returns e.Err.
func (e *ProxyError) Unwrap() error { return e.Err }

// dialProxy connects to addr through the proxy. If the host of addr is a name, the
// proxy resolves it.
func (o *Options) dialProxy(ctx context.Context, d *net.Dialer, p *Proxy, network, addr string) (net.Conn, error) {
	var auth *proxy.Auth
	if p.Username != "" {
		auth = &proxy.Auth{User: p.Username, Password: p.Password}
	}
	// SOCKS5 returns a dialer that can also use a connection that exists. With that
	// the result is the connection itself, which has a descriptor, and not a wrapper.
	socks, err := proxy.SOCKS5("tcp", p.Address, auth, nil)
	if err != nil {
		return nil, err
	}
	through := socks.(interface {
		DialWithConn(ctx context.Context, c net.Conn, network, address string) (net.Addr, error)
	})
	c, err := o.dialDirect(ctx, d, anyFamily(o), p.Address)
	if err != nil {
		return nil, &ProxyError{Address: p.Address, Target: addr, Err: err}
	}
	if _, err := through.DialWithConn(ctx, c, network, addr); err != nil {
		c.Close()
		return nil, &ProxyError{Address: p.Address, Target: addr, Reached: true, Err: err}
	}
	return c, nil
}
