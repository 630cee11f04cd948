// Package tlstest issues the certificates of tests that use TLS. Only tests use it.
package tlstest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"time"
)

// Authority is a certificate authority of its own.
type Authority struct {
	Pool *x509.CertPool // has only the certificate of the authority
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// valid is how long certificates are valid.
const valid = 24 * time.Hour

// NewAuthority returns a new authority.
func NewAuthority() *Authority {
	a := &Authority{Pool: x509.NewCertPool(), key: newKey()}
	a.cert = a.issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: "test authority"}, NotAfter: time.Now().Add(10 * valid),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, a.key)
	a.Pool.AddCert(a.cert)
	return a
}

// Issue returns a certificate for servers and clients with a common name. names are
// the host names and IP addresses for which it is valid.
func (a *Authority) Issue(common string, names ...string) tls.Certificate {
	return a.IssueUntil(time.Now().Add(valid), common, names...)
}

// IssueUntil is Issue with the time at which the certificate expires.
func (a *Authority) IssueUntil(end time.Time, common string, names ...string) tls.Certificate {
	c := &x509.Certificate{
		Subject: pkix.Name{CommonName: common}, NotAfter: end,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, n)
		}
	}
	key := newKey()
	return tls.Certificate{Certificate: [][]byte{a.issue(c, key).Raw}, PrivateKey: key}
}

// Server returns the configuration of a server for 127.0.0.1, ::1 and localhost.
func (a *Authority) Server() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{a.Issue("server", "127.0.0.1", "::1", "localhost")}}
}

// Client returns the configuration of a client that trusts the authority.
func (a *Authority) Client() *tls.Config { return &tls.Config{RootCAs: a.Pool} }

// issue signs a certificate that is valid since a day ago.
func (a *Authority) issue(c *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	c.NotBefore = time.Now().Add(-valid)
	c.SerialNumber = must(rand.Int(rand.Reader, big.NewInt(1<<62)))
	parent := a.cert
	if parent == nil {
		parent = c // the authority itself
	}
	return must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, c, parent, key.Public(), a.key))))
}

func newKey() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
