package zmq4_test

import (
	"fmt"
	"syscall"
	"testing"

	zmq "github.com/zerobroker/zmq/compat/pebbe"
)

// startAuth runs the authentication until the end of the test, and then removes the
// rules of the domain.
func startAuth(t *testing.T, domain string) {
	t.Helper()
	check(t, zmq.AuthStart())
	t.Cleanup(func() {
		zmq.AuthStop()
		zmq.AuthStop()
		zmq.AuthSetMetadataHandler(nil)
		zmq.AuthPlainRemoveAll(domain)
		zmq.AuthCurveRemoveAll(domain)
	})
	if zmq.AuthStart() == nil {
		t.Error("AuthStart returned no error while it was running")
	}
}

// admits reports whether a server accepts a client.
func admits(t *testing.T, server, client func(*zmq.Socket) error) bool {
	t.Helper()
	ctx := defaultContext(t)
	pull, push := open(t, ctx, zmq.PULL), open(t, ctx, zmq.PUSH)
	check(t, server(pull))
	check(t, client(push))
	watcher := monitored(t, ctx, pull, zmq.EVENT_HANDSHAKE_SUCCEEDED|zmq.EVENT_HANDSHAKE_FAILED_AUTH|zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL|zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL)
	check(t, push.Connect(bind(t, pull, "tcp://127.0.0.1:*")))
	event, _, _, err := watcher.RecvEvent(0)
	check(t, err)
	return event == zmq.EVENT_HANDSHAKE_SUCCEEDED
}

func defaultContext(t *testing.T) *zmq.Context {
	soc, err := zmq.NewSocket(zmq.PAIR)
	check(t, err)
	defer soc.Close()
	ctx, err := soc.Context()
	check(t, err)
	return ctx
}

func TestAuthDecidesByAddress(t *testing.T) {
	startAuth(t, "null")
	none := func(*zmq.Socket) error { return nil }
	in := func(domain string) func(*zmq.Socket) error {
		return func(s *zmq.Socket) error { return s.ServerAuthNull(domain) }
	}
	if !admits(t, in("open"), none) {
		t.Error("denied without rules")
	}
	zmq.AuthAllow("elsewhere", "10.1.2.3", "192.168.0.0/16", "not an address")
	if admits(t, in("elsewhere"), none) {
		t.Error("accepted an address that is not allowed")
	}
	zmq.AuthAllow("here", "127.0.0.0/8")
	zmq.AuthDeny("here", "127.0.0.1")
	if !admits(t, in("here"), none) {
		t.Error("denied an allowed network")
	}
	zmq.AuthDeny("denied", "127.0.0.1")
	if admits(t, in("denied"), none) {
		t.Error("accepted a denied address")
	}
}

func TestAuthDecidesByPassword(t *testing.T) {
	startAuth(t, "plain")
	server := func(s *zmq.Socket) error { return s.ServerAuthPlain("plain") }
	client := func(name, password string) func(*zmq.Socket) error {
		return func(s *zmq.Socket) error { return s.ClientAuthPlain(name, password) }
	}
	if admits(t, server, client("admin", "secret")) {
		t.Error("accepted without rules")
	}
	zmq.AuthPlainAdd("plain", "admin", "secret")
	zmq.AuthPlainAdd("*", "guest", "guest")
	for _, c := range []struct {
		name, password string
		accepted       bool
	}{
		{"admin", "secret", true}, {"guest", "guest", true}, {"admin", "bogus", false}, {"nobody", "secret", false},
	} {
		if admits(t, server, client(c.name, c.password)) != c.accepted {
			t.Errorf("%s with %s: accepted is not %v", c.name, c.password, c.accepted)
		}
	}
	zmq.AuthPlainRemove("plain", "admin")
	zmq.AuthPlainRemoveAll("*")
	if admits(t, server, client("admin", "secret")) || admits(t, server, client("guest", "guest")) {
		t.Error("accepted a removed user")
	}
	// The password of the user with that name is empty only if it was set so.
	onlyName := func(s *zmq.Socket) error { return s.SetPlainUsername("nobody") }
	if admits(t, server, onlyName) {
		t.Error("accepted an unknown user with an empty password")
	}
}

func TestAuthDecidesByKey(t *testing.T) {
	startAuth(t, "curve")
	serverPublic, serverSecret, err := zmq.NewCurveKeypair()
	check(t, err)
	public, secret, err := zmq.NewCurveKeypair()
	check(t, err)
	server := func(s *zmq.Socket) error { return s.ServerAuthCurve("curve", serverSecret) }
	client := func(s *zmq.Socket) error { return s.ClientAuthCurve(serverPublic, public, secret) }
	if admits(t, server, client) {
		t.Error("accepted without rules")
	}
	zmq.AuthCurveAdd("curve", public)
	if !admits(t, server, client) {
		t.Error("denied a key that was added")
	}
	zmq.AuthCurveRemove("curve", public)
	if admits(t, server, client) {
		t.Error("accepted a key that was removed")
	}
	zmq.AuthCurveAdd("*", zmq.CURVE_ALLOW_ANY)
	if !admits(t, server, client) {
		t.Error("denied a key although any is allowed")
	}
	zmq.AuthCurveRemoveAll("*")
	wrong := func(s *zmq.Socket) error { return s.ClientAuthCurve(public, public, secret) }
	if admits(t, server, wrong) {
		t.Error("accepted a client with another server key")
	}
}

func TestMetadataHandlerSetsProperties(t *testing.T) {
	startAuth(t, "meta")
	zmq.AuthSetVerbose(false)
	zmq.AuthPlainAdd("meta", "u", "p")
	zmq.AuthSetMetadataHandler(func(version, id, domain, address, identity, mechanism string, credentials ...string) map[string]string {
		return map[string]string{
			"Identity": identity,
			"User-Id":  "anonymous",
			"Foo":      fmt.Sprint(version, domain, address, mechanism, credentials),
		}
	})
	ctx := defaultContext(t)
	server, client := open(t, ctx, zmq.DEALER), open(t, ctx, zmq.DEALER)
	check(t, server.SetIdentity("Server1"))
	check(t, server.ServerAuthPlain("meta"))
	check(t, client.ClientAuthPlain("u", "p"))
	check(t, client.Connect(bind(t, server, "tcp://127.0.0.1:*")))
	send(t, client, "Greetings", "Earthlings!")
	m, props, err := server.RecvMessageWithMetadata(0, "Identity", "User-Id", "Socket-Type", "Foo", "Fuz")
	check(t, err)
	want := "map[Foo:1.0meta127.0.0.1PLAIN[u p] Identity:Server1 Socket-Type:DEALER User-Id:anonymous]"
	if len(m) != 2 || fmt.Sprint(props) != want {
		t.Errorf("received %q with %v, want %s", m, props, want)
	}
}

// A property that ZAP cannot encode denies the peer, and does not end the handler.
func TestInvalidPropertyDeniesPeer(t *testing.T) {
	startAuth(t, "invalid")
	server := func(s *zmq.Socket) error { return s.ServerAuthNull("invalid") }
	client := func(*zmq.Socket) error { return nil }
	for name, accepted := range map[string]bool{"": false, "a b": false, "Valid-Name": true} {
		zmq.AuthSetMetadataHandler(func(_, _, _, _, _, _ string, _ ...string) map[string]string {
			return map[string]string{name: "value"}
		})
		if admits(t, server, client) != accepted {
			t.Errorf("property %q: accepted is not %v", name, accepted)
		}
	}
}

func TestHandlerAnswersMalformedRequest(t *testing.T) {
	startAuth(t, "malformed")
	req := open(t, defaultContext(t), zmq.REQ)
	check(t, req.Connect("inproc://zeromq.zap.01"))
	for _, parts := range [][]string{{"QUIT"}, {"1.0", "id"}, {"2.0", "id", "d", "a", "i", "NULL"}, {"1.0", "id", "d", "a", "i", "CURVE", "short"}, {""}} {
		send(t, req, parts)
		m, err := req.RecvMessage(0)
		if err != nil || len(m) != 6 || m[2] == "200" {
			t.Errorf("%q: %q, %v", parts, m, err)
		}
	}
}

// Without a handler a server of PLAIN accepts no client, and one of CURVE every client.
func TestServersWithoutHandler(t *testing.T) {
	public, secret, err := zmq.NewCurveKeypair()
	check(t, err)
	server := func(s *zmq.Socket) error { return s.ServerAuthCurve("d", secret) }
	client := func(s *zmq.Socket) error { return s.ClientAuthCurve(public, public, secret) }
	if !admits(t, server, client) {
		t.Error("CURVE denied the client")
	}
	server = func(s *zmq.Socket) error { return s.ServerAuthPlain("d") }
	client = func(s *zmq.Socket) error { return s.ClientAuthPlain("u", "p") }
	if admits(t, server, client) {
		t.Error("PLAIN accepted the client")
	}
}

func TestKeysAndTexts(t *testing.T) {
	public, err := zmq.AuthCurvePublic("D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs")
	if public != "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID" || err != nil {
		t.Errorf("AuthCurvePublic: %q, %v", public, err)
	}
	_, err = zmq.AuthCurvePublic("blabla")
	wantError(t, err, zmq.Errno(syscall.EINVAL))
	public, secret, err := zmq.NewCurveKeypair()
	check(t, err)
	if p, err := zmq.AuthCurvePublic(secret); p != public || err != nil {
		t.Errorf("AuthCurvePublic: %q, %v; want %q", p, err, public)
	}
	raw := "\x86\x4F\xD2\x6F\xB5\x59\xF7\x5B" // of RFC 32
	if text := zmq.Z85encode(raw); text != "HelloWorld" || zmq.Z85decode(text) != raw {
		t.Errorf("Z85encode: %q", text)
	}
	if zmq.Z85encode("xyz") != "" || zmq.Z85decode("xyz") != "" || zmq.Z85decode("     ") != "" {
		t.Error("invalid texts")
	}
	blob, err := zmq.AuthMetaBlob("key", "value")
	if string(blob) != "\x03key\x00\x00\x00\x05value" || err != nil {
		t.Errorf("AuthMetaBlob: %q, %v", blob, err)
	}
	if _, err := zmq.AuthMetaBlob(fmt.Sprintf("%256s", ""), ""); err == nil {
		t.Error("no error for a long key")
	}
	if !zmq.HasIpc() || !zmq.HasCurve() || zmq.HasGssapi() || zmq.HasNorm() || zmq.HasPgm() || zmq.HasTipc() {
		t.Error("capabilities")
	}
}
