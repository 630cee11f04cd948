package interop

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/interop/internal/harness"
)

// stunnel is Debian's stunnel4. Its program is in a directory that is not in the
// path of every user.
const stunnel = "/usr/bin/stunnel4"

func requireStunnel(t *testing.T) {
	t.Helper()
	_, err := exec.LookPath(stunnel)
	switch {
	case err == nil:
	case os.Getenv(harness.Required) == "1":
		t.Fatalf("%s=1, but there is no stunnel4: %v", harness.Required, err)
	default:
		t.Skip("no stunnel4: ", err)
	}
}

// identity is a self-signed certificate for 127.0.0.1 and the host of freeEndpoint,
// as a file and as values.
type identity struct {
	cert tls.Certificate
	pool *x509.CertPool
	file string // certificate and key
}

func newIdentity(t *testing.T) *identity {
	t.Helper()
	fail := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fail(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "interop"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IPAddresses: []net.IP{host, net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	fail(err)
	leaf, err := x509.ParseCertificate(der)
	fail(err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	fail(err)
	i := &identity{
		cert: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		pool: x509.NewCertPool(),
		file: filepath.Join(t.TempDir(), "identity.pem"),
	}
	i.pool.AddCert(leaf)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})...)
	fail(os.WriteFile(i.file, text, 0o600))
	return i
}

// startStunnel runs stunnel, which accepts connections at the first TCP endpoint and
// connects each to the second. The process is killed at the end of the test.
func startStunnel(t *testing.T, from, to string, settings ...string) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "stunnel.conf")
	_, accept := address(from)
	_, connect := address(to)
	text := fmt.Sprintf("foreground = yes\npid =\nsyslog = no\n[zmtp]\naccept = %s\nconnect = %s\n%s\n",
		accept, connect, strings.Join(settings, "\n"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := harness.Command(stunnel, config)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("stunnel:\n%s", log.Bytes())
		}
	})
}

// stunnelSizes are smaller than a TLS record, larger, and larger than the buffers of
// stunnel.
var stunnelSizes = []int{1, 16384, 65535, 1 << 20}

// Our tls+tcp socket connects to stunnel, which ends TLS in front of a libzmq socket.
func TestLibzmqBehindStunnelExchangesMessages(t *testing.T) {
	requireStunnel(t)
	for _, r := range allRoles() {
		t.Run(fmt.Sprint(r), func(t *testing.T) {
			t.Parallel()
			requireLibzmq(t)
			id := newIdentity(t)
			opts := testOptions()
			opts.Security.TLS = &tls.Config{RootCAs: id.pool}
			o, th := newOurs(t, r.ours, opts), newTheirs(t, r.theirs, nil)
			r.prepare(o, th)
			at := freeEndpoint(t, "tcp")
			startStunnel(t, at, th.bind(freeEndpoint(t, "tcp")), "cert = "+id.file)
			o.connect("tls+" + at)
			r.settle(o, th, nil)
			r.exchange(o, th, stunnelSizes)
			for _, p := range o.Peers() {
				if p.TLS() == nil || p.TLS().PeerCertificates[0].Subject.CommonName != "interop" {
					t.Errorf("peer %v has the TLS state %+v", p, p.TLS())
				}
			}
		})
	}
}

// A libzmq socket connects to stunnel, which uses TLS with a client certificate to
// our tls+tcp socket.
func TestLibzmqConnectsThroughStunnelClient(t *testing.T) {
	requireStunnel(t)
	for _, r := range allRoles() {
		t.Run(fmt.Sprint(r), func(t *testing.T) {
			t.Parallel()
			requireLibzmq(t)
			id := newIdentity(t)
			opts := testOptions()
			opts.Security.TLS = &tls.Config{
				Certificates: []tls.Certificate{id.cert},
				ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: id.pool,
			}
			o, th := newOurs(t, r.ours, opts), newTheirs(t, r.theirs, nil)
			r.prepare(o, th)
			at := freeEndpoint(t, "tcp")
			startStunnel(t, at, strings.TrimPrefix(o.bind("tls+tcp://127.0.0.1:*"), "tls+"),
				"client = yes", "cert = "+id.file, "CAfile = "+id.file, "verifyChain = yes", "checkIP = 127.0.0.1")
			th.connect(at)
			r.settle(o, th, nil)
			r.exchange(o, th, stunnelSizes)
		})
	}
}

// Messages that a closing socket still sends arrive through stunnel.
func TestLingerDeliversEverythingThroughStunnel(t *testing.T) {
	requireStunnel(t)
	requireLibzmq(t)
	const messages = 1000
	id := newIdentity(t)
	opts := testOptions()
	opts.Linger = time.Minute
	opts.Security.TLS = &tls.Config{RootCAs: id.pool}
	o, th := newOurs(t, "PUSH", opts), newTheirs(t, "PULL", options{"RCVHWM": 0})
	at := freeEndpoint(t, "tcp")
	startStunnel(t, at, th.bind(freeEndpoint(t, "tcp")), "cert = "+id.file)
	o.connect("tls+" + at)
	for i := range messages {
		o.send(single(1000+i, i))
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
	for i := range messages {
		th.expect(single(1000+i, i))
	}
}

// stunnel refuses a client that it does not know, and our socket reports the reason.
func TestStunnelRefusesUnknownClient(t *testing.T) {
	requireStunnel(t)
	id := newIdentity(t)
	opts := testOptions()
	opts.Security.TLS = &tls.Config{RootCAs: id.pool}
	o := newOurs(t, "PUSH", opts)
	at := freeEndpoint(t, "tcp")
	startStunnel(t, at, freeEndpoint(t, "tcp"), "cert = "+id.file, "CAfile = "+id.file, "verifyChain = yes")
	events := o.Events(o.ctx)
	o.connect("tls+" + at)
	for ev := range events {
		if ev.Kind != zmq.EventHandshakeFailed {
			continue
		}
		switch ev.Reason {
		case zmq.CloseTLS:
			return
		case zmq.CloseNone, zmq.CloseHandshakeClosed: // stunnel has reset the connection before its alert was read; the next attempt may read it
		default:
			t.Fatalf("reason %v, error %v", ev.Reason, ev.Err)
		}
	}
	t.Error("no event of a failed handshake")
}
