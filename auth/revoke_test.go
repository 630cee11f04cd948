package auth_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/auth"
	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/zcert"
)

// curveServer returns a PULL that is bound as a CURVE server, its key and its
// endpoint.
func curveServer(t *testing.T, a zmq.Authenticator) (*zmq.Pull, curve.PublicKey, string) {
	t.Helper()
	key := must(curve.GenerateKey())
	pull := must(zmq.NewPull(&zmq.Options{Linger: zmq.NoLinger, Security: zmq.Security{
		Mechanism: zmq.Curve{Key: key, Server: true}, Authenticator: a,
	}}))
	t.Cleanup(func() { pull.Close() })
	return pull, key.Public(), must(pull.Bind("tcp://127.0.0.1:*"))
}

// curveClient returns a PUSH that connects as a CURVE client.
func curveClient(t *testing.T, key curve.Key, server curve.PublicKey, endpoint string) *zmq.Push {
	t.Helper()
	push := must(zmq.NewPush(&zmq.Options{
		Linger:    zmq.NoLinger,
		Reconnect: zmq.ReconnectOptions{Interval: time.Millisecond, MaxInterval: 50 * time.Millisecond},
		Security:  zmq.Security{Mechanism: zmq.Curve{Key: key, ServerKey: server}},
	}))
	t.Cleanup(func() { push.Close() })
	if err := push.Connect(endpoint); err != nil {
		t.Fatal(err)
	}
	return push
}

// await polls a condition, and fails the test if it is not met within a minute.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not within a minute: " + what)
		}
	}
}

// users returns the user IDs of the peers, sorted.
func users(s zmq.Socket) (list []string) {
	for _, p := range s.Peers() {
		list = append(list, p.UserID())
	}
	slices.Sort(list)
	return list
}

// enforce runs DisconnectRevoked until the test ends.
func enforce(t *testing.T, s zmq.Socket, lookup func(curve.PublicKey) (zmq.Identity, error)) {
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { auth.DisconnectRevoked(ctx, s, lookup) })
	t.Cleanup(func() { cancel(); running.Wait() })
}

// A client is disconnected when its certificate is removed, connects again when it is
// back, and is disconnected when its key is revoked. The other client stays.
func TestClientIsDisconnectedWhenItsCertificateIsRemoved(t *testing.T) {
	dir := t.TempDir()
	alice, bob := must(curve.GenerateKey()), must(curve.GenerateKey())
	writeCert(t, dir, "alice", alice.Public(), zcert.Property{Name: "name", Value: "alice"})
	keys := must(auth.OpenKeys(dir, nil))
	pull, server, endpoint := curveServer(t, auth.Policy{Keys: keys}.Authenticate)
	enforce(t, pull.Socket, keys.Lookup)
	curveClient(t, alice, server, endpoint)
	curveClient(t, bob, server, endpoint)
	wantUsers := func(want ...string) {
		t.Helper()
		await(t, "the users are as wanted", func() bool { return slices.Equal(users(pull.Socket), want) })
	}

	wantUsers("alice")
	await(t, "bob is refused", func() bool { return pull.Stats().CloseReasons[zmq.CloseAuthDenied] > 0 })
	addBob := func() { writeCert(t, dir, "bob", bob.Public(), zcert.Property{Name: "name", Value: "bob"}) }
	addBob()
	wantUsers("alice", "bob")
	if err := os.Remove(filepath.Join(dir, "bob")); err != nil {
		t.Fatal(err)
	}
	wantUsers("alice")
	if n := pull.Stats().CloseReasons[zmq.CloseRevoked]; n != 1 {
		t.Errorf("%d connections ended with %v, want 1", n, zmq.CloseRevoked)
	}
	addBob()
	wantUsers("alice", "bob")
	keys.Revoke(bob.Public())
	wantUsers("alice")
	if n := pull.Stats().CloseReasons[zmq.CloseRevoked]; n != 2 {
		t.Errorf("%d connections ended with %v, want 2", n, zmq.CloseRevoked)
	}
}

// Only a client whose key is unknown is disconnected: not if the key cannot be
// checked, nor a peer that has no key.
func TestOtherPeersAreNotDisconnected(t *testing.T) {
	var mu sync.Mutex
	fails, checks := zmq.ErrAuthUnavailable, 0
	pull, server, endpoint := curveServer(t, zmq.AllowAny)
	curveClient(t, must(curve.GenerateKey()), server, endpoint)
	plain := must(pull.BindWith("tcp://127.0.0.1:*", zmq.EndpointOptions{Security: &zmq.Security{}}))
	push := must(zmq.NewPush(&zmq.Options{Linger: zmq.NoLinger}))
	defer push.Close()
	if err := push.Connect(plain); err != nil {
		t.Fatal(err)
	}
	await(t, "both peers are connected", func() bool { return len(pull.Peers()) == 2 })

	enforce(t, pull.Socket, func(key curve.PublicKey) (zmq.Identity, error) {
		mu.Lock()
		defer mu.Unlock()
		if key.IsZero() {
			t.Error("a peer without a key is checked")
		}
		checks++
		return zmq.Identity{}, fails
	})
	await(t, "the client was checked twice", func() bool { mu.Lock(); defer mu.Unlock(); return checks >= 2 })
	if n := len(pull.Peers()); n != 2 || pull.Stats().CloseReasons[zmq.CloseRevoked] != 0 {
		t.Errorf("%d peers, %v", n, pull.Stats().CloseReasons)
	}
	mu.Lock()
	fails = auth.ErrUnknownKey
	mu.Unlock()
	await(t, "the client is disconnected", func() bool { return pull.Stats().CloseReasons[zmq.CloseRevoked] > 0 })
	if !slices.ContainsFunc(pull.Peers(), func(p zmq.PeerInfo) bool { return p.PublicKey().IsZero() }) {
		t.Error("the peer without a key is disconnected")
	}
}

// DisconnectRevoked looks at the clients often, and leaves the handshakes of others
// alone, also one that takes longer than the time between two of its checks.
func TestDisconnectRevokedLeavesHandshakesAlone(t *testing.T) {
	var checks atomic.Int32
	waits := must(curve.GenerateKey())
	pull, server, endpoint := curveServer(t, func(ctx context.Context, r *zmq.AuthRequest) (zmq.Identity, error) {
		if r.PublicKey == waits.Public() {
			for from := checks.Load(); checks.Load() < from+2 && ctx.Err() == nil; {
				time.Sleep(time.Millisecond)
			}
		}
		return zmq.Identity{UserID: "any"}, ctx.Err()
	})
	curveClient(t, must(curve.GenerateKey()), server, endpoint)
	await(t, "the first client is connected", func() bool { return len(pull.Peers()) == 1 })
	enforce(t, pull.Socket, func(curve.PublicKey) (zmq.Identity, error) {
		checks.Add(1)
		return zmq.Identity{}, nil
	})
	curveClient(t, waits, server, endpoint)
	await(t, "the second client is connected", func() bool { return len(pull.Peers()) == 2 })
	if n := pull.Stats().Events[zmq.EventHandshakeFailed]; n != 0 {
		t.Errorf("%d handshakes failed", n)
	}
}
