package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
)

// TLS is the "tls+tcp" scheme: TLS over TCP, with the addresses of TCP.
var TLS = OverTLS(TCP)

// OverTLS returns a transport that runs TLS over the connections of base. Its
// addresses are those of base, and its connections are of type *[TLSConn].
//
// Options.TLS returns the configuration, in the form that [PrepareTLS] returns.
// If a client's ServerName is empty, it is the host of the address, without the
// zone of an IPv6 address. Dial and Accept do not wait for the handshake.
func OverTLS(base Transport) Transport { return overTLS{base} }

type overTLS struct{ base Transport }

// Errors of a TLS configuration.
var (
	errNoTLS         = errors.New("no configuration: set one to use TLS")
	errNoCertificate = errors.New("a server needs a certificate: set Certificates, GetCertificate or GetConfigForClient")
)

// CheckTLS returns an error if t runs over TLS and cannot listen, or dial, with
// the configuration c.
func CheckTLS(t Transport, listen bool, c *tls.Config) error {
	_, ok := t.(overTLS)
	switch {
	case !ok:
		return nil
	case c == nil:
		return errNoTLS
	case listen && len(c.Certificates) == 0 && c.GetCertificate == nil && c.GetConfigForClient == nil:
		return errNoCertificate
	}
	return nil
}

// PrepareTLS returns a copy of a configuration for the connections of a
// transport: at least TLS 1.2, and without renegotiation. If NextProtos is empty
// and protocol is not, ALPN negotiates protocol: a server then refuses a client
// that offers only other protocols, and accepts one that offers none.
//
// The caller prepares a configuration once and not for each connection, because
// the copies do not share the keys with which sessions are resumed.
func PrepareTLS(c *tls.Config, protocol string) (*tls.Config, error) {
	if c == nil {
		return nil, nil
	}
	switch v := c.MaxVersion; {
	case v != 0 && v < tls.VersionTLS12:
		return nil, fmt.Errorf("MaxVersion %s: the minimum is TLS 1.2", tls.VersionName(v))
	case v != 0 && v < c.MinVersion:
		return nil, fmt.Errorf("MaxVersion %s is below MinVersion %s", tls.VersionName(v), tls.VersionName(c.MinVersion))
	case c.MinVersion > tls.VersionTLS13:
		return nil, fmt.Errorf("MinVersion %s: the maximum is TLS 1.3", tls.VersionName(c.MinVersion))
	}
	c = c.Clone()
	c.MinVersion = max(c.MinVersion, tls.VersionTLS12)
	c.Renegotiation = tls.RenegotiateNever
	if len(c.NextProtos) == 0 && protocol != "" {
		c.NextProtos = []string{protocol}
	}
	if get := c.GetConfigForClient; get != nil {
		c.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			c, err := get(hello)
			if err != nil {
				return nil, err
			}
			return PrepareTLS(c, protocol)
		}
	}
	return c, nil
}

// tlsConfig returns the configuration of the next connection, or nil.
func (o *Options) tlsConfig() *tls.Config {
	if o.TLS == nil {
		return nil
	}
	return o.TLS()
}

func (t overTLS) CheckListen(addr string) error { return t.base.CheckListen(addr) }

func (t overTLS) CheckDial(addr string) error { return t.base.CheckDial(addr) }

func (t overTLS) Listen(addr string, o *Options) (Listener, error) {
	if err := t.CheckListen(addr); err != nil {
		return nil, err
	}
	o = o.orZero()
	if err := CheckTLS(t, true, o.tlsConfig()); err != nil {
		return nil, err
	}
	l, err := t.base.Listen(addr, o)
	if err != nil {
		return nil, err
	}
	return &tlsListener{l, o}, nil
}

func (t overTLS) Dial(ctx context.Context, addr string, o *Options) (net.Conn, error) {
	if err := t.CheckDial(addr); err != nil {
		return nil, err
	}
	o = o.orZero()
	config := o.tlsConfig()
	if config == nil {
		return nil, errNoTLS
	}
	used := config
	if used.ServerName == "" {
		used = config.Clone()
		used.ServerName = serverName(addr)
	}
	base, err := t.base.Dial(ctx, addr, o)
	if err != nil {
		return nil, err
	}
	c := newTLSConn(base, used, tls.Client)
	c.config = config
	return c, nil
}

// serverName returns the host of a TCP address to dial, as it is in a
// certificate. It returns "" for other addresses.
func serverName(addr string) string {
	d, err := parseDial(addr)
	switch {
	case err != nil:
		return ""
	case d.dst.ip.IsValid():
		return d.dst.ip.WithZone("").String()
	}
	return d.dst.name
}

// tlsListener accepts the connections of a listener as a TLS server.
type tlsListener struct {
	Listener
	o *Options
}

func (l *tlsListener) Accept() (net.Conn, error) {
	base, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	config := l.o.tlsConfig()
	if config == nil {
		config = new(tls.Config) // without a certificate: every handshake fails
	}
	return newTLSConn(base, config, tls.Server), nil
}
