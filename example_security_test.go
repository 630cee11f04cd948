package zmq_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/internal/transport/tlstest"
)

// A CURVE server accepts one client, whose key it knows.
func ExampleSecurity() {
	ctx := context.Background()
	serverKey, clientKey := must(curve.GenerateKey()), must(curve.GenerateKey())

	pull := must(zmq.NewPull(&zmq.Options{Security: zmq.Security{
		Mechanism: zmq.Curve{Server: true, Key: serverKey},
		Authenticator: func(_ context.Context, r *zmq.AuthRequest) (zmq.Identity, error) {
			if r.PublicKey != clientKey.Public() {
				return zmq.Identity{}, errors.New("unknown key")
			}
			return zmq.Identity{UserID: "alice"}, nil
		},
	}}))
	defer pull.Close()
	endpoint := must(pull.Bind("tcp://127.0.0.1:*"))

	push := must(zmq.NewPush(&zmq.Options{Security: zmq.Security{
		Mechanism: zmq.Curve{Key: clientKey, ServerKey: serverKey.Public()},
	}}))
	defer push.Close()
	check(push.Connect(endpoint))
	check(push.Send(ctx, []byte("hello")))

	m := must(pull.Recv(ctx))
	fmt.Println(m, "from", m.From().UserID())
	// Output:
	// hello from alice
}

// TLS encrypts endpoints with the scheme tls+tcp. A server needs a certificate, as
// tls.LoadX509KeyPair returns. A client verifies it for the host of the endpoint,
// with the authorities in RootCAs, by default those of the system.
func ExampleSecurity_tls() {
	ctx := context.Background()
	authority := tlstest.NewAuthority()

	rep := must(zmq.NewRep(&zmq.Options{Security: zmq.Security{
		TLS: &tls.Config{Certificates: []tls.Certificate{authority.Issue("server", "127.0.0.1")}},
	}}))
	defer rep.Close()
	endpoint := must(rep.Bind("tls+tcp://127.0.0.1:*"))

	req := must(zmq.NewReq(&zmq.Options{Security: zmq.Security{
		TLS: &tls.Config{RootCAs: authority.Pool},
	}}))
	defer req.Close()
	check(req.Connect(endpoint))
	check(req.Send(ctx, []byte("hello")))

	fmt.Println(must(rep.Recv(ctx)))
	fmt.Println("over TLS:", req.Peers()[0].TLS() != nil)
	// Output:
	// hello
	// over TLS: true
}

// A SUB connects to two publishers that have different keys.
func ExampleConnector_ConnectWith() {
	ctx := context.Background()
	sub := must(zmq.NewSub(nil))
	defer sub.Close()
	check(sub.Subscribe(""))
	for range 2 {
		key := must(curve.GenerateKey())
		pub := must(zmq.NewPub(&zmq.Options{Security: zmq.Security{
			Mechanism: zmq.Curve{Server: true, Key: key}, Authenticator: zmq.AllowAny,
		}}))
		defer pub.Close()
		endpoint := must(pub.Bind("tcp://127.0.0.1:*"))
		check(sub.ConnectWith(endpoint, zmq.EndpointOptions{
			Security: &zmq.Security{Mechanism: zmq.Curve{ServerKey: key.Public()}},
		}))
		check(pub.WaitSubscribers(ctx, 1, ""))
		check(pub.Send(ctx, []byte("news")))
		fmt.Println(must(sub.Recv(ctx)))
	}
	// Output:
	// news
	// news
}

// A server replaces its key: new connections use the new one, and DisconnectPeers
// ends those with the old one.
func ExampleSocket_SetSecurity() {
	ctx := context.Background()
	security := func(key curve.Key) zmq.Security {
		return zmq.Security{Mechanism: zmq.Curve{Server: true, Key: key}, Authenticator: zmq.AllowAny}
	}
	before, after := must(curve.GenerateKey()), must(curve.GenerateKey())
	pull := must(zmq.NewPull(&zmq.Options{Security: security(before)}))
	defer pull.Close()
	endpoint := must(pull.Bind("tcp://127.0.0.1:*"))

	push := must(zmq.NewPush(&zmq.Options{Security: zmq.Security{
		Mechanism: zmq.Curve{ServerKey: before.Public(), NextServerKey: after.Public()},
	}}))
	defer push.Close()
	check(push.Connect(endpoint))
	check(push.Send(ctx, []byte("old key")))
	fmt.Println(must(pull.Recv(ctx)))

	events := push.Events(ctx)
	check(pull.SetSecurity(security(after)))
	pull.DisconnectPeers(func(zmq.PeerInfo) bool { return true })
	for ev := range events {
		// A message that is written to the connection that ends would be lost.
		if ev.Kind == zmq.EventReady {
			break
		}
	}
	check(push.Send(ctx, []byte("new key")))
	fmt.Println(must(pull.Recv(ctx)))
	// Output:
	// old key
	// new key
}
