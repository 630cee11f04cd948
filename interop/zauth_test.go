package interop

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/zcert"
)

// The tests in this file authenticate with zauth of CZMQ, and with certificates
// that the other side has written.

// czmqSocket is a socket of CZMQ with messages of one text frame.
type czmqSocket struct {
	*python
	name string
}

// newCZMQ makes a DEALER, which binds or connects. c has the arguments of socket
// in czmq.py.
func (p *python) newCZMQ(c command) czmqSocket {
	p.t.Helper()
	s := czmqSocket{p, "dealer"}
	c["do"], c["name"], c["type"] = "socket", s.name, "DEALER"
	p.call(c)
	return s
}

func (s czmqSocket) send(text string) {
	s.t.Helper()
	s.call(command{"do": "send", "name": s.name, "text": text})
}

func (s czmqSocket) expect(text string) {
	s.t.Helper()
	if got := s.call(command{"do": "recv", "name": s.name}).Texts[0]; got != text {
		s.t.Fatalf("CZMQ received %q, want %q", got, text)
	}
}

// writeCertificate writes the certificate of a key.
func writeCertificate(t *testing.T, k curve.Key, path string) {
	t.Helper()
	c := zcert.Certificate{Key: k, Public: k.Public(), Metadata: []zcert.Property{{Name: "name", Value: "client"}}}
	if err := c.Write(path); err != nil {
		t.Fatal(err)
	}
}

// newClient creates a DEALER with a message to send.
func newClient(t *testing.T, s zmq.Security, endpoint, message string) (*ours, *watch) {
	t.Helper()
	opts := testOptions()
	opts.Security = s
	o := newOurs(t, "DEALER", opts)
	events := o.watch()
	o.connect(endpoint)
	o.send(text(message))
	return o, events
}

// zauth accepts the clients whose public certificates are in its directory, and
// reads certificates that are added later. We know its server by the public file
// that CZMQ has written.
func TestZauthAcceptsOurClientsByCertificate(t *testing.T) {
	t.Parallel()
	p := startCZMQ(t)
	dir := t.TempDir()
	clients := filepath.Join(dir, "clients")
	if err := os.Mkdir(clients, 0o700); err != nil {
		t.Fatal(err)
	}
	writeCertificate(t, clientKey, filepath.Join(clients, "first"))
	server := filepath.Join(dir, "server")
	p.call(command{"do": "new", "path": server})
	p.call(command{"do": "auth", "words": []string{"CURVE", clients}})
	endpoint := freeEndpoint(t, "tcp")
	th := p.newCZMQ(command{"endpoint": endpoint, "bind": true, "cert": server, "server": "curve"})
	public := readCertificate(t, zcert.ReadPublic, server).Public

	known, _ := newClient(t, zmq.Security{Mechanism: zmq.Curve{Key: clientKey, ServerKey: public}}, endpoint, "from the first")
	th.expect("from the first")
	th.send("to the first")
	known.expect(text("to the first"))
	known.Close()

	added, events := newClient(t, zmq.Security{Mechanism: zmq.Curve{Key: otherKey, ServerKey: public}}, endpoint, "from the second")
	if e := events.wait(zmq.EventHandshakeFailed); e.Reason != zmq.CloseRefused {
		t.Errorf("an unknown key is refused with the reason %v (%v), want %v", e.Reason, e.Err, zmq.CloseRefused)
	}
	if added.count(zmq.EventReady) > 0 {
		t.Error("an unknown key is accepted")
	}
	writeCertificate(t, otherKey, filepath.Join(clients, "second"))
	th.expect("from the second")
	th.send("to the second")
	added.expect(text("to the second"))
}

// zauth accepts the users and passwords in its file.
func TestZauthAcceptsOurUsersByPassword(t *testing.T) {
	t.Parallel()
	p := startCZMQ(t)
	users := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(users, []byte("ann=battery\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.call(command{"do": "auth", "words": []string{"PLAIN", users}})
	endpoint := freeEndpoint(t, "tcp")
	th := p.newCZMQ(command{"endpoint": endpoint, "bind": true, "server": "plain"})
	wrong, events := newClient(t, zmq.Security{Mechanism: zmq.Plain{Username: "ann", Password: "batterz"}}, endpoint, "wrong")
	if e := events.wait(zmq.EventHandshakeFailed); e.Reason != zmq.CloseRefused {
		t.Errorf("a wrong password is refused with the reason %v (%v), want %v", e.Reason, e.Err, zmq.CloseRefused)
	}
	right, _ := newClient(t, zmq.Security{Mechanism: zmq.Plain{Username: "ann", Password: "battery"}}, endpoint, "right")
	th.expect("right")
	th.send("reply")
	right.expect(text("reply"))
	if wrong.count(zmq.EventReady) > 0 {
		t.Error("a wrong password is accepted")
	}
}

// Our server knows a client of CZMQ by the public file that CZMQ has written. The
// client uses our server's public key and its own secret certificate.
func TestOurServerAcceptsCZMQClientByCertificate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := startCZMQ(t)
	first.call(command{"do": "new", "path": filepath.Join(dir, "first")})
	known := readCertificate(t, zcert.ReadPublic, filepath.Join(dir, "first")).Public
	opts := testOptions()
	opts.Security = zmq.Security{
		Mechanism: zmq.Curve{Key: serverKey, Server: true},
		Authenticator: func(_ context.Context, r *zmq.AuthRequest) (zmq.Identity, error) {
			if r.PublicKey != known {
				return zmq.Identity{}, errUnknown
			}
			return zmq.Identity{UserID: "first"}, nil
		},
	}
	o := newOurs(t, "DEALER", opts)
	events := o.watch()
	endpoint := o.bind(freeEndpoint(t, "tcp"))

	second := startCZMQ(t)
	writeCertificate(t, otherKey, filepath.Join(dir, "second"))
	connect := func(cert string) command {
		return command{"endpoint": endpoint, "bind": false, "cert": filepath.Join(dir, cert), "serverkey": serverKey.Public().String()}
	}
	second.newCZMQ(connect("second")).send("from the second")
	if e := events.wait(zmq.EventHandshakeFailed); e.Reason != zmq.CloseAuthDenied {
		t.Errorf("an unknown key is refused with the reason %v (%v), want %v", e.Reason, e.Err, zmq.CloseAuthDenied)
	}
	th := first.newCZMQ(connect("first"))
	th.send("from the first")
	if m := o.recvMessage(); string(m.Bytes()) != "from the first" || m.From().UserID() != "first" {
		t.Errorf("received %q from user %q", m.Bytes(), m.From().UserID())
	}
	o.send(text("to the first"))
	th.expect("to the first")
}
