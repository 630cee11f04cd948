package interop

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/auth"
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

// zauth and package auth accept the users and passwords in the same file.
func TestZauthAcceptsOurUsersByPassword(t *testing.T) {
	t.Parallel()
	p := startCZMQ(t)
	p.call(command{"do": "auth", "words": []string{"PLAIN", writeUsers(t)}})
	endpoint := freeEndpoint(t, "tcp")
	th := p.newCZMQ(command{"endpoint": endpoint, "bind": true, "server": "plain"})
	wrong, events := newClient(t, zmq.Security{Mechanism: zmq.Plain{Username: "ann", Password: "batterz"}}, endpoint, "wrong")
	if e := events.wait(zmq.EventHandshakeFailed); e.Reason != zmq.CloseRefused {
		t.Errorf("a wrong password is refused with the reason %v (%v), want %v", e.Reason, e.Err, zmq.CloseRefused)
	}
	right, _ := newClient(t, zmq.Security{Mechanism: zmq.Plain{Username: "ann", Password: "battery = staple"}}, endpoint, "right")
	th.expect("right")
	th.send("reply")
	right.expect(text("reply"))
	if wrong.count(zmq.EventReady) > 0 {
		t.Error("a wrong password is accepted")
	}
}

func TestOurServerAcceptsCZMQUsersByPassword(t *testing.T) {
	t.Parallel()
	users, err := auth.ReadUsers(writeUsers(t))
	if err != nil {
		t.Fatal(err)
	}
	o, events, endpoint := newServer(t, zmq.PlainServer{}, auth.Policy{Users: users})
	connect := func(user, password string) command {
		return command{"endpoint": endpoint, "bind": false, "user": user, "password": password}
	}
	for _, wrong := range []command{connect("ann", "batterz"), connect("bob", "battery = staple")} {
		startCZMQ(t).newCZMQ(wrong)
		if e := events.wait(zmq.EventHandshakeFailed); e.Reason != zmq.CloseAuthDenied {
			t.Errorf("%v is refused with the reason %v (%v), want %v", wrong, e.Reason, e.Err, zmq.CloseAuthDenied)
		}
	}
	if o.count(zmq.EventReady) > 0 {
		t.Error("a wrong password is accepted")
	}
	o.exchange(startCZMQ(t).newCZMQ(connect("ann", "battery = staple")), "ann")
}

// writeUsers writes a file of passwords for zauth.
func writeUsers(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(path, []byte("ann=battery = staple\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// newServer creates a DEALER that asks the policy.
func newServer(t *testing.T, m zmq.Mechanism, p auth.Policy) (o *ours, events *watch, endpoint string) {
	t.Helper()
	opts := testOptions()
	opts.Security = zmq.Security{Mechanism: m, Authenticator: p.Authenticate}
	o = newOurs(t, "DEALER", opts)
	return o, o.watch(), o.bind(freeEndpoint(t, "tcp"))
}

// exchange receives a message from a client, which must be the user, and sends one.
func (o *ours) exchange(th czmqSocket, user string) {
	o.t.Helper()
	th.send("from " + user)
	if m := o.recvMessage(); string(m.Bytes()) != "from "+user || m.From().UserID() != user {
		o.t.Errorf("received %q from user %q, want %q", m.Bytes(), m.From().UserID(), user)
	}
	o.send(text("to " + user))
	th.expect("to " + user)
}

// Our server knows a client of CZMQ by the public file that CZMQ has written in its
// directory. The client uses our server's public key and its own secret
// certificate.
func TestOurServerAcceptsCZMQClientByCertificate(t *testing.T) {
	t.Parallel()
	dir, known := t.TempDir(), t.TempDir()
	first := startCZMQ(t)
	first.call(command{"do": "new", "path": filepath.Join(known, "first"), "meta": map[string]string{"name": "first client"}})
	keys, err := auth.OpenKeys(known, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	o, events, endpoint := newServer(t, zmq.Curve{Key: serverKey, Server: true}, auth.Policy{Keys: keys})

	second := startCZMQ(t)
	writeCertificate(t, otherKey, filepath.Join(dir, "second"))
	connect := func(cert string) command {
		return command{"endpoint": endpoint, "bind": false, "cert": cert, "serverkey": serverKey.Public().String()}
	}
	second.newCZMQ(connect(filepath.Join(dir, "second")))
	if e := events.wait(zmq.EventHandshakeFailed); e.Reason != zmq.CloseAuthDenied {
		t.Errorf("an unknown key is refused with the reason %v (%v), want %v", e.Reason, e.Err, zmq.CloseAuthDenied)
	}
	o.exchange(first.newCZMQ(connect(filepath.Join(known, "first"))), "first client")
}

// loopback is the address of clients on this machine.
const loopback = "127.0.0.1"

// addressRules are commands of zauth, the same as a policy, and whether they admit
// clients with the address.
var addressRules = []struct {
	words  []string
	policy auth.Policy
	admit  bool
}{
	{[]string{"DENY", loopback}, auth.Policy{Deny: prefixes(loopback), Any: true}, false},
	{[]string{"DENY", "127.0.0.9"}, auth.Policy{Deny: prefixes("127.0.0.9"), Any: true}, true},
	{[]string{"ALLOW", loopback}, auth.Policy{Allow: prefixes(loopback), Any: true}, true},
	{[]string{"ALLOW", "127.0.0.9"}, auth.Policy{Allow: prefixes("127.0.0.9"), Any: true}, false},
}

func prefixes(address string) []netip.Prefix {
	return []netip.Prefix{netip.PrefixFrom(netip.MustParseAddr(address), 32)}
}

func TestZauthAdmitsOurClientsByAddress(t *testing.T) {
	for _, c := range addressRules {
		for _, mechanism := range []string{"null", "curve"} {
			t.Run(fmt.Sprintf("%s/%s", strings.Join(c.words, " "), mechanism), func(t *testing.T) {
				t.Parallel()
				p := startCZMQ(t)
				p.call(command{"do": "auth", "words": c.words})
				endpoint := freeEndpoint(t, "tcp")
				server, s := command{"endpoint": endpoint, "bind": true, "server": mechanism}, zmq.Security{}
				if mechanism == "curve" {
					p.call(command{"do": "auth", "words": []string{"CURVE", "*"}})
					path := filepath.Join(t.TempDir(), "server")
					writeCertificate(t, serverKey, path)
					server["cert"], s = path, curveClient.security(nil)
				}
				th := p.newCZMQ(server)
				o, events := newClient(t, s, endpoint, "hello")
				if c.admit {
					th.expect("hello")
					th.send("reply")
					o.expect(text("reply"))
				} else if e := events.wait(zmq.EventHandshakeFailed); e.Reason != zmq.CloseRefused {
					t.Errorf("refused with the reason %v (%v), want %v", e.Reason, e.Err, zmq.CloseRefused)
				}
			})
		}
	}
}

func TestOurServerAdmitsCZMQClientsByAddress(t *testing.T) {
	for _, c := range addressRules {
		for _, mechanism := range []zmq.Mechanism{nil, zmq.Curve{Key: serverKey, Server: true}} {
			t.Run(fmt.Sprintf("%s/%T", strings.Join(c.words, " "), mechanism), func(t *testing.T) {
				t.Parallel()
				o, events, endpoint := newServer(t, mechanism, c.policy)
				client, user := command{"endpoint": endpoint, "bind": false}, ""
				if mechanism != nil {
					path := filepath.Join(t.TempDir(), "client")
					writeCertificate(t, clientKey, path)
					client["cert"], client["serverkey"] = path, serverKey.Public().String()
					user = clientKey.Public().String()
				}
				// Once refused, a client of libzmq does not connect again, and a send blocks.
				th := startCZMQ(t).newCZMQ(client)
				if c.admit {
					o.exchange(th, user)
					return
				}
				if e := events.wait(zmq.EventHandshakeFailed); e.Reason != zmq.CloseAuthDenied {
					t.Errorf("refused with the reason %v (%v), want %v", e.Reason, e.Err, zmq.CloseAuthDenied)
				}
				if o.count(zmq.EventReady) > 0 {
					t.Error("the client is accepted")
				}
			})
		}
	}
}
