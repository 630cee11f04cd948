package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// tlsFlags are the flags for endpoints of tls+tcp.
type tlsFlags struct {
	TLSCert *string `name:"tls-cert" group:"security" placeholder:"FILE" help:"Certificate chain for tls+tcp endpoints, as PEM. Needed to bind one."`
	TLSKey  *string `name:"tls-key" group:"security" placeholder:"FILE" help:"Private key of --tls-cert. Default: in the file of --tls-cert."`
	TLSCA   *string `name:"tls-ca" group:"security" placeholder:"FILE" help:"Certificates of authorities for tls+tcp endpoints, as PEM. Servers must have a certificate of one, instead of one that the system trusts. Clients of a bound endpoint must have one too."`
}

func (f *tlsFlags) uses() []flagUse {
	return []flagUse{
		{"--tls-cert", f.TLSCert, ""},
		{"--tls-key", f.TLSKey, "--tls-cert"},
		{"--tls-ca", f.TLSCA, ""},
	}
}

// isTLS reports whether an endpoint, or those that its SRV records name, run over TLS.
func isTLS(endpoint string) bool {
	return strings.HasPrefix(strings.TrimPrefix(endpoint, srvPrefix), "tls+tcp://")
}

// config returns the configuration for endpoints of tls+tcp, nil if there are
// none.
func (f *tlsFlags) config(e *env, bind, connect []string) (*tls.Config, error) {
	binds := slices.ContainsFunc(bind, isTLS)
	if !binds && !slices.ContainsFunc(connect, isTLS) {
		for _, u := range f.uses() {
			if u.value != nil {
				return nil, usagef("%s applies to endpoints with tls+tcp://, and there is none", u.name)
			}
		}
		return nil, nil
	}
	if binds && f.TLSCert == nil {
		return nil, usagef("binding tls+tcp needs --tls-cert")
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if f.TLSCert != nil {
		certFile, keyFile := *f.TLSCert, *f.TLSCert
		if f.TLSKey != nil {
			keyFile = *f.TLSKey
		}
		cert, err := tls.LoadX509KeyPair(certFile, keyFile)
		if err != nil {
			return nil, flagError("--tls-cert", fmt.Errorf("%s and %s: %w", certFile, keyFile, pathCause(err)))
		}
		e.warnReadable(keyFile)
		c.Certificates = []tls.Certificate{cert}
	}
	if f.TLSCA != nil {
		pool, err := readPool(*f.TLSCA)
		if err != nil {
			return nil, flagError("--tls-ca", err)
		}
		c.RootCAs, c.ClientCAs, c.ClientAuth = pool, pool, tls.RequireAndVerifyClientCert
	}
	return c, nil
}

// readPool reads the certificates of authorities.
func readPool(path string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: %w", path, errors.New("no certificate in PEM"))
	}
	return pool, nil
}

// warnReadable warns about a private key that every user can read. Other
// programs use the same files, with a group in many cases, so it is no error.
func (e *env) warnReadable(path string) {
	info, err := os.Stat(path)
	if err == nil && sharedWith(info, 0o007) {
		e.logf("warning: %s: other users can read or change it (mode %#o): use mode 0600", path, info.Mode().Perm())
	}
}
