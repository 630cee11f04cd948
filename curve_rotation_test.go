package zmq_test

import (
	"testing"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
)

// A client that knows the old and the new key of its server connects to it before and
// after the key is replaced. A client that knows one of them does not.
func TestCurveClientWithTwoServerKeysConnectsDuringRotation(t *testing.T) {
	before, after, other := newKey(), newKey(), newKey()
	server := func(k curve.Key) zmq.Security {
		return zmq.Security{Mechanism: zmq.Curve{Key: k, Server: true}, Authenticator: zmq.AllowAny}
	}
	ctx := testContext(t)
	o := quickOptions()
	o.Security = server(before)
	pull := must(zmq.NewPull(o))
	endpoint := must(pull.Bind("tcp://127.0.0.1:*"))
	client := func(key, next curve.PublicKey) *zmq.Push {
		o := quickOptions()
		o.Security.Mechanism = zmq.Curve{ServerKey: key, NextServerKey: next}
		push := must(zmq.NewPush(o))
		closeAtEnd(t, push)
		if err := push.Connect(endpoint); err != nil {
			t.Fatal(err)
		}
		return push
	}
	closeAtEnd(t, pull)
	current, reverse := client(before.Public(), after.Public()), client(after.Public(), before.Public())
	stranger := client(other.Public(), after.Public())
	old := client(before.Public(), curve.PublicKey{})
	wantConnected := func(push *zmq.Push, times uint64) {
		t.Helper()
		await(t, "the client is connected", func() bool { return push.Stats().Events[zmq.EventReady] == times })
		wantError(t, "Send", push.Send(ctx, []byte("x")), nil)
		if _, err := pull.Recv(ctx); err != nil {
			t.Fatal(err)
		}
	}
	wantConnected(current, 1)
	wantConnected(reverse, 1)
	wantConnected(old, 1)
	if n := current.Stats().Events[zmq.EventHandshakeFailed]; n != 0 {
		t.Errorf("%d handshakes failed although the first key is right", n)
	}
	await(t, "attempts of a client fail with both keys", func() bool { return stranger.Stats().Events[zmq.EventHandshakeFailed] >= 4 })
	if n := stranger.Stats().Events[zmq.EventReady]; n != 0 {
		t.Error("a client connected to a server with neither of its keys")
	}

	if err := pull.SetSecurity(server(after)); err != nil {
		t.Fatal(err)
	}
	pull.DisconnectPeers(func(zmq.PeerInfo) bool { return true })
	wantConnected(current, 2)
	wantConnected(reverse, 2)
	wantConnected(stranger, 1)
	failed := current.Stats().Events[zmq.EventHandshakeFailed]
	if failed == 0 {
		t.Error("no handshake failed although the first key is wrong")
	}
	await(t, "attempts with the old key fail", func() bool { return old.Stats().Events[zmq.EventHandshakeFailed] >= 4 })
	if n := old.Stats().Events[zmq.EventReady]; n != 1 {
		t.Errorf("the client with the old key connected %d times, want once", n)
	}

	// The key that was right is used first when the connection is lost again.
	pull.DisconnectPeers(func(zmq.PeerInfo) bool { return true })
	await(t, "the client connects again", func() bool { return current.Stats().Events[zmq.EventReady] == 3 })
	if n := current.Stats().Events[zmq.EventHandshakeFailed]; n != failed {
		t.Errorf("%d handshakes failed although the key was known", n-failed)
	}
}

// The second key is checked as the first one, and does not belong to a server.
func TestCurveNextServerKeyIsChecked(t *testing.T) {
	lowOrder := curve.PublicKey{1}
	for _, s := range []zmq.Security{
		{Mechanism: zmq.Curve{ServerKey: newKey().Public(), NextServerKey: lowOrder}},
		{Mechanism: zmq.Curve{NextServerKey: newKey().Public()}},
		{Mechanism: zmq.Curve{Key: newKey(), Server: true, NextServerKey: newKey().Public()}, Authenticator: zmq.AllowAny},
	} {
		_, err := zmq.NewPull(&zmq.Options{Security: s})
		wantError(t, "NewPull", err, zmq.ErrInvalidOption)
	}
}

// A client that ends its connections, to use another key, connects again without the
// long delay that follows a refusal.
func TestDialerConnectsAgainSoonAfterDisconnectPeers(t *testing.T) {
	pull, o := must(zmq.NewPull(quickOptions())), quickOptions()
	o.Reconnect = zmq.ReconnectOptions{Interval: time.Millisecond, MaxInterval: time.Hour}
	push := must(zmq.NewPush(o))
	join(t, "tcp://127.0.0.1:*", pull, push)
	for i := range uint64(3) {
		await(t, "the client is connected", func() bool { return push.Stats().Events[zmq.EventReady] == i+1 })
		if n := push.DisconnectPeers(func(zmq.PeerInfo) bool { return true }); n != 1 {
			t.Errorf("%d peers are disconnected, want 1", n)
		}
	}
}
