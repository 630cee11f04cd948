package zmq_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync/atomic"
	"testing"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
)

// One SUB connects to publishers that have different keys. One REP serves local
// peers without a mechanism over ipc, and others with CURVE over tcp.
func TestEndpointsHaveSecurityOfTheirOwn(t *testing.T) {
	ctx := testContext(t)
	sub := must(zmq.NewSub(quickOptions()))
	closeAtEnd(t, sub)
	if err := sub.Subscribe(""); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		key := newKey()
		pub := must(zmq.NewPub(curveServer(key, zmq.AllowAny)))
		closeAtEnd(t, pub)
		ep := must(pub.Bind("tcp://127.0.0.1:*"))
		err := sub.ConnectWith(ep, zmq.EndpointOptions{
			Security: &zmq.Security{Mechanism: zmq.Curve{ServerKey: key.Public()}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(pub.WaitSubscribers(ctx, 1, ""), pub.Send(ctx, fmt.Append(nil, i))); err != nil {
			t.Fatal(err)
		}
		if m := must(sub.Recv(ctx)); m.String() != fmt.Sprint(i) {
			t.Errorf("received %v, want %d", m, i)
		}
	}

	key := newKey()
	rep := must(zmq.NewRep(curveServer(key, zmq.AllowAny)))
	closeAtEnd(t, rep)
	local := must(rep.BindWith("ipc://*", zmq.EndpointOptions{Security: &zmq.Security{}}))
	remote := must(rep.Bind("tcp://127.0.0.1:*"))
	for ep, o := range map[string]*zmq.Options{local: quickOptions(), remote: curveClient(key.Public(), curve.Key{})} {
		req := must(zmq.NewReq(o))
		closeAtEnd(t, req)
		if err := errors.Join(req.Connect(ep), req.Send(ctx, []byte("x"))); err != nil {
			t.Fatal(err)
		}
		m := must(rep.Recv(ctx))
		if want := map[string]string{local: "NULL", remote: "CURVE"}[ep]; m.From().Mechanism() != want {
			t.Errorf("%s uses %s, want %s", ep, m.From().Mechanism(), want)
		}
		if err := rep.Send(ctx, m.Frame(0)); err != nil {
			t.Fatal(err)
		}
	}
}

// The options of an endpoint apply to every connection to it.
func TestEndpointKeepsItsSecurityWhenItReconnects(t *testing.T) {
	ctx := testContext(t)
	key := newKey()
	pull := must(zmq.NewPull(curveServer(key, zmq.AllowAny)))
	ep := must(pull.Bind("tcp://127.0.0.1:*"))
	push := must(zmq.NewPush(quickOptions()))
	closeAtEnd(t, push)
	err := push.ConnectWith(ep, zmq.EndpointOptions{Security: &zmq.Security{Mechanism: zmq.Curve{ServerKey: key.Public()}}})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := push.Send(ctx, []byte("x")); err != nil {
			t.Fatal(err)
		}
		if m := must(pull.Recv(ctx)); m.From().Mechanism() != "CURVE" {
			t.Errorf("received from a peer with %s", m.From().Mechanism())
		}
		pull.Close()
		await(t, "no peer", func() bool { return len(push.Peers()) == 0 }) // or the next message would be lost with the connection
		pull = must(zmq.NewPull(curveServer(key, zmq.AllowAny)))
		must(pull.Bind(ep))
	}
	pull.Close()
}

// SetSecurity applies to later connections. Established ones stay until
// DisconnectPeers ends them.
func TestSecurityIsReplacedWithoutDroppingPeers(t *testing.T) {
	ctx := testContext(t)
	oldKey, key, clientKey := newKey(), newKey(), newKey()
	var revoked atomic.Bool
	auth := func(_ context.Context, r *zmq.AuthRequest) (zmq.Identity, error) {
		if r.PublicKey == clientKey.Public() && revoked.Load() {
			return zmq.Identity{}, errors.New("revoked")
		}
		return zmq.Identity{UserID: r.PublicKey.String()}, nil
	}
	pull := must(zmq.NewPull(curveServer(oldKey, auth)))
	closeAtEnd(t, pull)
	ep := must(pull.Bind("tcp://127.0.0.1:*"))
	connect := func(server curve.PublicKey, key curve.Key) *zmq.Push {
		p := must(zmq.NewPush(curveClient(server, key)))
		closeAtEnd(t, p)
		if err := errors.Join(p.Connect(ep), p.WaitConnected(ctx)); err != nil {
			t.Fatal(err)
		}
		return p
	}
	receive := func(p *zmq.Push) {
		t.Helper()
		if err := p.Send(ctx, []byte("x")); err != nil {
			t.Fatal(err)
		}
		must(pull.Recv(ctx))
	}
	first := connect(oldKey.Public(), clientKey)
	receive(first)
	if err := pull.SetSecurity(zmq.Security{Mechanism: zmq.Curve{Key: key, Server: true}, Authenticator: auth}); err != nil {
		t.Fatal(err)
	}
	receive(first)
	receive(connect(key.Public(), newKey()))
	await(t, "two peers", func() bool { return len(pull.Peers()) == 2 })

	revoked.Store(true)
	n := pull.DisconnectPeers(func(p zmq.PeerInfo) bool { return p.PublicKey() == clientKey.Public() })
	if n != 1 {
		t.Errorf("%d peers were disconnected, want 1", n)
	}
	await(t, "one peer", func() bool { return len(pull.Peers()) == 1 })
	for _, ep := range []string{ep, ""} {
		err := pull.SetEndpointSecurity(ep, zmq.Security{})
		if !errors.Is(err, zmq.ErrEndpointNotFound) {
			t.Errorf("%q is no endpoint with security of its own: %v", ep, err)
		}
	}
}

// Peers over inproc have no security, and do not connect again: they are not
// offered to the function. Peers of NULL have no public key, as in the example of
// package auth.
func TestDisconnectPeersIsNotForInproc(t *testing.T) {
	key, clientKey := newKey(), newKey()
	server, local := curveServer(key, allowOnly(clientKey.Public())), quickOptions()
	local.Namespace = server.Namespace
	pull := must(zmq.NewPull(server))
	closeAtEnd(t, pull)
	null := must(pull.BindWith("tcp://127.0.0.1:*", zmq.EndpointOptions{Security: &zmq.Security{}}))
	curveEnd := must(pull.Bind("tcp://127.0.0.1:*"))
	must(pull.Bind("inproc://a"))
	for ep, o := range map[string]*zmq.Options{"inproc://a": local, null: quickOptions(), curveEnd: curveClient(key.Public(), clientKey)} {
		push := must(zmq.NewPush(o))
		closeAtEnd(t, push)
		if err := push.Connect(ep); err != nil {
			t.Fatal(err)
		}
	}
	await(t, "three peers", func() bool { return len(pull.Peers()) == 3 })
	offered := map[string]int{}
	n := pull.DisconnectPeers(func(p zmq.PeerInfo) bool {
		offered[p.Mechanism()]++
		return !p.PublicKey().IsZero()
	})
	if want := map[string]int{"NULL": 1, "CURVE": 1}; n != 1 || !maps.Equal(offered, want) {
		t.Errorf("%d peers were disconnected, of %v, want 1 of %v", n, offered, want)
	}
}
