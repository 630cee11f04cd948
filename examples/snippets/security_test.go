package snippets_test

import (
	"context"
	"fmt"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/auth"
	"github.com/zerobroker/zmq/curve"
)

func Example_curve() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	server, alice := must(curve.GenerateKey()), must(curve.GenerateKey()) // zmq curve keygen writes them to files

	clients := new(auth.Keys)
	clients.Allow(alice.Public())
	pull := must(zmq.NewPull(&zmq.Options{Security: zmq.Security{
		Mechanism:     zmq.Curve{Server: true, Key: server},
		Authenticator: auth.Policy{Keys: clients}.Authenticate,
	}}))
	defer pull.Close()
	endpoint := must(pull.Bind("tcp://127.0.0.1:*"))

	push := must(zmq.NewPush(&zmq.Options{Security: zmq.Security{
		Mechanism: zmq.Curve{ServerKey: server.Public(), Key: alice},
	}}))
	defer push.Close()
	check(push.Connect(endpoint))
	check(push.Send(ctx, []byte("hello")))

	m := must(pull.Recv(ctx))
	fmt.Println(m.From().PublicKey() == alice.Public(), m)
	// Output:
	// true hello
}
