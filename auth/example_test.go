package auth_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/auth"
	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/zcert"
)

// A server accepts the clients whose certificates are in a directory. When a key
// is revoked, the connection of its owner ends.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	dir := must(os.MkdirTemp("", "clients"))
	defer os.RemoveAll(dir)
	serverKey, clientKey := must(curve.GenerateKey()), must(curve.GenerateKey())
	cert := zcert.Certificate{Public: clientKey.Public(), Metadata: []zcert.Property{{Name: "name", Value: "alice"}}}
	if err := cert.Write(filepath.Join(dir, "alice.cert")); err != nil {
		panic(err)
	}

	keys := must(auth.OpenKeys(dir, nil))
	policy := auth.Policy{Keys: keys}
	pull := must(zmq.NewPull(&zmq.Options{Security: zmq.Security{
		Mechanism:     zmq.Curve{Key: serverKey, Server: true},
		Authenticator: policy.Authenticate,
	}}))
	defer pull.Close()
	endpoint := must(pull.Bind("tcp://127.0.0.1:*"))

	push := must(zmq.NewPush(&zmq.Options{Security: zmq.Security{
		Mechanism: zmq.Curve{Key: clientKey, ServerKey: serverKey.Public()},
	}}))
	defer push.Close()
	if err := push.Connect(endpoint); err != nil {
		panic(err)
	}
	if err := push.Send(ctx, []byte("hello")); err != nil {
		panic(err)
	}
	m := must(pull.Recv(ctx))
	fmt.Printf("%s from %s\n", m.Bytes(), m.From().UserID())

	revoked := m.From().PublicKey()
	keys.Revoke(revoked)
	n := pull.DisconnectPeers(func(p zmq.PeerInfo) bool { return p.PublicKey() == revoked })
	fmt.Println("disconnected:", n)
	// Output:
	// hello from alice
	// disconnected: 1
}
