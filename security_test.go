package zmq_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// newKey returns a new key pair.
func newKey() curve.Key { return must(curve.GenerateKey()) }

// curveServer returns options of a server that accepts the clients that auth
// accepts.
func curveServer(key curve.Key, auth zmq.Authenticator) *zmq.Options {
	o := quickOptions()
	o.Security = zmq.Security{Mechanism: zmq.Curve{Key: key, Server: true}, Authenticator: auth}
	return o
}

// curveClient returns options of a client of the server with a key.
func curveClient(server curve.PublicKey, key curve.Key) *zmq.Options {
	o := quickOptions()
	o.Security.Mechanism = zmq.Curve{Key: key, ServerKey: server}
	return o
}

// allowOnly is an authenticator that accepts one key.
func allowOnly(key curve.PublicKey) zmq.Authenticator {
	return func(_ context.Context, r *zmq.AuthRequest) (zmq.Identity, error) {
		if r.PublicKey != key {
			return zmq.Identity{}, errors.New("unknown key")
		}
		return zmq.Identity{UserID: "alice", Metadata: map[string]string{"Role": "writer"}}, nil
	}
}

// eachMechanism runs f as a subtest with the options of a client and of a server
// of each mechanism.
func eachMechanism(t *testing.T, f func(t *testing.T, client, server *zmq.Options)) {
	key, clientKey := newKey(), newKey()
	plain := func(_ context.Context, r *zmq.AuthRequest) (zmq.Identity, error) {
		if r.Username != "alice" || r.Password != "secret" {
			return zmq.Identity{}, errors.New("wrong password")
		}
		return zmq.Identity{UserID: "alice", Metadata: map[string]string{"Role": "writer"}}, nil
	}
	for _, tt := range []struct {
		name           string
		client, server zmq.Security
	}{
		{"NULL", zmq.Security{}, zmq.Security{Authenticator: func(context.Context, *zmq.AuthRequest) (zmq.Identity, error) {
			return zmq.Identity{UserID: "alice", Metadata: map[string]string{"Role": "writer"}}, nil
		}}},
		{
			"PLAIN", zmq.Security{Mechanism: zmq.Plain{Username: "alice", Password: "secret"}},
			zmq.Security{Mechanism: zmq.PlainServer{}, Authenticator: plain},
		},
		{
			"CURVE", zmq.Security{Mechanism: zmq.Curve{ServerKey: key.Public(), Key: clientKey}},
			zmq.Security{Mechanism: zmq.Curve{Key: key, Server: true}, Authenticator: allowOnly(clientKey.Public())},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client, server := quickOptions(), quickOptions()
			client.Security, server.Security = tt.client, tt.server
			f(t, client, server)
		})
	}
}

// Messages of all sizes pass in both directions, whichever side binds. Each has the
// identity that the authenticator has given.
func TestSecuredPeersExchangeMessages(t *testing.T) {
	sizes := []int{0, 1, 255, 256, 8 << 10, 100 << 10, 3 << 20}
	eachMechanism(t, func(t *testing.T, client, server *zmq.Options) {
		for _, clientBinds := range []bool{false, true} {
			for _, ep := range []string{"tcp://127.0.0.1:*", "ipc://*"} {
				ctx := testContext(t)
				c, s := must(zmq.NewDealer(client)), must(zmq.NewDealer(server))
				if clientBinds {
					join(t, ep, c, s)
				} else {
					join(t, ep, s, c)
				}
				for _, size := range sizes {
					body := strings.Repeat("b", size)
					if err := errors.Join(c.Send(ctx, []byte("head"), []byte(body)), s.Send(ctx, []byte(body))); err != nil {
						t.Fatal(err)
					}
					m := must(s.Recv(ctx))
					role, _ := m.From().AuthProperty("role")
					if m.NumFrames() != 2 || string(m.Frame(1)) != body || m.From().UserID() != "alice" || role != "writer" {
						t.Fatalf("%d bytes over %s: received %v from user %q with role %q", size, ep, m, m.From().UserID(), role)
					}
					if m := must(c.Recv(ctx)); string(m.Frame(0)) != body {
						t.Fatalf("%d bytes over %s: received %v", size, ep, m)
					}
				}
			}
		}
	})
}

// A peer can announce any property, also one with the name of those that an
// authenticator sets for others. AuthProperty does not return it.
func TestPeerCannotSetPropertiesOfAuthenticator(t *testing.T) {
	o := quickOptions()
	o.Security.Authenticator = func(context.Context, *zmq.AuthRequest) (zmq.Identity, error) {
		return zmq.Identity{Metadata: map[string]string{"X-Role": "reader"}}, nil
	}
	pull := must(zmq.NewPull(o))
	closeAtEnd(t, pull)
	ep := must(pull.Bind("tcp://127.0.0.1:*"))
	conn := must(net.Dial("tcp", strings.TrimPrefix(ep, "tcp://")))
	closeAtEnd(t, conn)
	for _, b := range [][]byte{
		st.Greeting(), st.Ready("Socket-Type", "PUSH", "x-role", "admin", "X-Team", "payroll"), st.Message("hello"),
	} {
		must(conn.Write(b))
	}
	from := must(pull.Recv(testContext(t))).From()
	for _, tt := range []struct {
		name, announced, authenticated string
	}{
		{"X-Role", "reader", "reader"},
		{"x-role", "reader", "reader"},
		{"X-Team", "payroll", ""},
		{"X-Other", "", ""},
	} {
		value, ok := from.Property(tt.name)
		if value != tt.announced || ok != (tt.announced != "") {
			t.Errorf("Property(%q) = %q, %v", tt.name, value, ok)
		}
		value, ok = from.AuthProperty(tt.name)
		if value != tt.authenticated || ok != (tt.authenticated != "") {
			t.Errorf("AuthProperty(%q) = %q, %v", tt.name, value, ok)
		}
	}
}

// Subscriptions, heartbeats and the WaitSubscribers methods work within a
// mechanism.
func TestSubscriptionsPassSecuredConnection(t *testing.T) {
	eachMechanism(t, func(t *testing.T, client, server *zmq.Options) {
		ctx := testContext(t)
		pub, sub := must(zmq.NewPub(server)), must(zmq.NewSub(client))
		if err := sub.Subscribe("a"); err != nil {
			t.Fatal(err)
		}
		join(t, "tcp://127.0.0.1:*", pub, sub)
		if err := errors.Join(pub.WaitSubscribers(ctx, 1, "a"), sub.WaitSubscribed(ctx)); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(pub.Send(ctx, []byte("b")), pub.Send(ctx, []byte("a1"))); err != nil {
			t.Fatal(err)
		}
		if m := must(sub.Recv(ctx)); m.String() != "a1" {
			t.Errorf("received %v", m)
		}
	})
}

// failedReason waits for a handshake that fails, and returns why.
func failedReason(ctx context.Context, s interface {
	Stats() zmq.Stats
}) zmq.CloseReason {
	for ctx.Err() == nil {
		for reason := range s.Stats().CloseReasons {
			return reason
		}
	}
	return zmq.CloseNone
}

// A peer with wrong credentials, or another mechanism, exchanges no message. Both
// sides report why.
func TestWrongCredentialsAreRefused(t *testing.T) {
	key, clientKey := newKey(), newKey()
	server := zmq.Security{Mechanism: zmq.Curve{Key: key, Server: true}, Authenticator: allowOnly(clientKey.Public())}
	plain := zmq.Security{Mechanism: zmq.PlainServer{}, Authenticator: func(_ context.Context, r *zmq.AuthRequest) (zmq.Identity, error) {
		return zmq.Identity{}, errors.New("no such user")
	}}
	for _, tt := range []struct {
		name           string
		server, client zmq.Security
		atServer       zmq.CloseReason
		atClient       zmq.CloseReason // CloseNone: the server closes the connection without a reason
	}{
		{"unknown client key", server, zmq.Security{Mechanism: zmq.Curve{ServerKey: key.Public()}}, zmq.CloseAuthDenied, zmq.CloseRefused},
		{"wrong server key", server, zmq.Security{Mechanism: zmq.Curve{ServerKey: newKey().Public(), Key: clientKey}}, zmq.CloseCrypto, zmq.CloseHandshakeClosed},
		{"unknown user", plain, zmq.Security{Mechanism: zmq.Plain{Username: "eve", Password: "guess"}}, zmq.CloseAuthDenied, zmq.CloseRefused},
		{"NULL client of CURVE", server, zmq.Security{}, zmq.CloseMechanism, zmq.CloseNone},
		{"PLAIN client of CURVE", server, zmq.Security{Mechanism: zmq.Plain{Username: "a", Password: "b"}}, zmq.CloseMechanism, zmq.CloseNone},
		{"CURVE client of NULL", zmq.Security{}, zmq.Security{Mechanism: zmq.Curve{ServerKey: key.Public()}}, zmq.CloseMechanism, zmq.CloseNone},
		{"address denied", zmq.Security{Authenticator: plain.Authenticator}, zmq.Security{}, zmq.CloseAuthDenied, zmq.CloseRefused},
		{"authenticator without decision", zmq.Security{Authenticator: func(context.Context, *zmq.AuthRequest) (zmq.Identity, error) {
			return zmq.Identity{}, fmt.Errorf("database is down: %w", zmq.ErrAuthUnavailable)
		}}, zmq.Security{}, zmq.CloseAuthFailed, zmq.CloseHandshakeClosed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx := testContext(t)
			so, co := quickOptions(), quickOptions()
			so.Security, co.Security = tt.server, tt.client
			s, c := must(zmq.NewPull(so)), must(zmq.NewPush(co))
			join(t, "tcp://127.0.0.1:*", s, c)
			if err := c.Send(ctx, []byte("secret")); err != nil {
				t.Fatal(err)
			}
			if got := failedReason(ctx, s); got != tt.atServer {
				t.Errorf("the server closed because of %q, want %q", got, tt.atServer)
			}
			if tt.atClient != zmq.CloseNone {
				if got := failedReason(ctx, c); got != tt.atClient {
					t.Errorf("the client closed because of %q, want %q", got, tt.atClient)
				}
			}
			if st := s.Stats(); st.MessagesReceived != 0 || len(s.Peers()) != 0 {
				t.Errorf("the server received %d messages from %v", st.MessagesReceived, s.Peers())
			}
			if st := c.Stats(); st.MessagesWritten != 0 {
				t.Errorf("the client wrote %d messages", st.MessagesWritten)
			}
		})
	}
}

// A server of CURVE knows the key of each client, also without an authenticator
// that returns it.
func TestPublicKeyIsThatOfClientOfCURVE(t *testing.T) {
	eachMechanism(t, func(t *testing.T, client, server *zmq.Options) {
		var want curve.PublicKey
		if c, ok := client.Security.Mechanism.(zmq.Curve); ok {
			c.Key = newKey()
			client.Security.Mechanism, want = c, c.Key.Public()
			server.Security.Authenticator = zmq.AllowAny
		}
		c, s := must(zmq.NewDealer(client)), must(zmq.NewDealer(server))
		join(t, "tcp://127.0.0.1:*", s, c)
		await(t, "both connected", func() bool { return len(c.Peers()) == 1 && len(s.Peers()) == 1 })
		if got := s.Peers()[0].PublicKey(); got != want {
			t.Errorf("public key %v of the client, want %v", got, want)
		}
		if got := c.Peers()[0].PublicKey(); !got.IsZero() {
			t.Errorf("public key %v of the server", got)
		}
	})
}

// Security that would accept every peer, or none, is refused when the socket
// is made, with an error that says what to set.
func TestIncompleteSecurityIsRefused(t *testing.T) {
	key := newKey()
	for want, sec := range map[string]zmq.Security{
		"Authenticator is missing":                     {Mechanism: zmq.Curve{Key: key, Server: true}},
		"AllowAny to accept all":                       {Mechanism: zmq.PlainServer{}},
		"Curve.ServerKey is missing":                   {Mechanism: zmq.Curve{Key: key}},
		"Curve.Key is missing":                         {Mechanism: zmq.Curve{Server: true}, Authenticator: zmq.AllowAny},
		"Curve.ServerKey is for clients":               {Mechanism: zmq.Curve{Key: key, Server: true, ServerKey: key.Public()}, Authenticator: zmq.AllowAny},
		"low order":                                    {Mechanism: zmq.Curve{ServerKey: curve.PublicKey{1}}},
		"Authenticator does not apply to the client":   {Mechanism: zmq.Plain{Username: "a", Password: "b"}, Authenticator: zmq.AllowAny},
		`Domain "d" has no effect without`:             {Domain: "d"},
		"MaxAuthentications -1: use 0 for the default": {MaxAuthentications: -1},
		"255":                     {Mechanism: zmq.Plain{Username: strings.Repeat("u", 256), Password: "p"}},
		"Plain.Username is empty": {Mechanism: zmq.Plain{Password: "p"}},
		"Plain.Password is empty": {Mechanism: zmq.Plain{Username: "u"}},
	} {
		o := &zmq.Options{Security: sec}
		_, err := zmq.NewPull(o)
		if !errors.Is(err, zmq.ErrInvalidOption) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	for _, m := range []zmq.Mechanism{(*zmq.Curve)(nil), (*zmq.Plain)(nil), (*zmq.PlainServer)(nil)} {
		_, err := zmq.NewPull(&zmq.Options{Security: zmq.Security{Mechanism: m, Authenticator: zmq.AllowAny}})
		if !errors.Is(err, zmq.ErrInvalidOption) || !strings.Contains(err.Error(), "Security.Mechanism") {
			t.Errorf("%T that is nil: error %v", m, err)
		}
	}
	pull := must(zmq.NewPull(&zmq.Options{Security: zmq.Security{Mechanism: &zmq.Curve{Key: key, Server: true}, Authenticator: zmq.AllowAny}}))
	closeAtEnd(t, pull)
	if err := pull.SetSecurity(zmq.Security{Mechanism: (*zmq.Curve)(nil)}); !errors.Is(err, zmq.ErrInvalidOption) {
		t.Errorf("SetSecurity to a nil mechanism: error %v", err)
	}
	for _, s := range []struct {
		name string
		err  func(*zmq.Options) error
	}{
		{"STREAM", func(o *zmq.Options) error { _, err := zmq.NewStream(o); return err }},
		{"DGRAM", func(o *zmq.Options) error { _, err := zmq.NewDgram(o); return err }},
	} {
		err := s.err(&zmq.Options{Security: zmq.Security{Mechanism: zmq.Curve{ServerKey: key.Public()}}})
		if !errors.Is(err, zmq.ErrInvalidOption) || !strings.Contains(err.Error(), s.name) {
			t.Errorf("%s: error %v", s.name, err)
		}
	}
	radio := must(zmq.NewRadio(curveClient(key.Public(), key)))
	defer radio.Close()
	if err := radio.Connect("udp://127.0.0.1:5555"); !errors.Is(err, zmq.ErrUnsupportedTransport) {
		t.Errorf("connecting a RADIO with CURVE over udp: %v", err)
	}
}

// No secret is in the text of a value that holds one.
func TestSecretsAreNotPrinted(t *testing.T) {
	key := newKey()
	secret := key.Secret()
	for _, v := range []any{
		zmq.Curve{Key: key, Server: true}, zmq.Security{Mechanism: zmq.Curve{Key: key}},
		zmq.Plain{Username: "u", Password: "hunter2"}, zmq.Security{Mechanism: zmq.Plain{Password: "hunter2"}},
		&zmq.Options{Security: zmq.Security{Mechanism: zmq.Plain{Password: "hunter2"}}},
		&zmq.AuthRequest{Username: "u", Password: "hunter2"}, zmq.AuthRequest{Password: "hunter2"},
		struct{ Options zmq.Options }{zmq.Options{Security: zmq.Security{Mechanism: zmq.Plain{Password: "hunter2"}}}},
		struct{ options zmq.Options }{zmq.Options{Security: zmq.Security{Mechanism: zmq.Curve{Key: key}}}},
		struct{ mechanism zmq.Mechanism }{zmq.Curve{Key: key}},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
			text := fmt.Sprintf(verb, v)
			for _, hidden := range []string{
				"hunter2", fmt.Sprintf("%x", "hunter2"), key.SecretZ85(), fmt.Sprintf("%x", secret[:8]), fmt.Sprint(secret[:4])[1:],
			} {
				if strings.Contains(text, strings.Trim(hidden, "[]")) {
					t.Errorf("%s of %T has the secret: %s", verb, v, text)
				}
			}
		}
	}
}
