package zmq_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
)

// Both sides receive the properties of the other, with every mechanism and over
// every transport. A later change of the map has no effect.
func TestPeersReceiveMetadata(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	anyone := func(context.Context, *zmq.AuthRequest) (zmq.Identity, error) { return zmq.Identity{}, nil }
	key := must(curve.GenerateKey())
	for _, c := range []struct {
		endpoint       string
		server, client zmq.Security
	}{
		{endpoint: "tcp://127.0.0.1:*"},
		{endpoint: "inproc://metadata"},
		{"tcp://127.0.0.1:*", zmq.Security{Mechanism: zmq.PlainServer{}, Authenticator: anyone}, zmq.Security{Mechanism: zmq.Plain{Username: "u", Password: "p"}}},
		{"tcp://127.0.0.1:*", zmq.Security{Mechanism: zmq.Curve{Key: key, Server: true}, Authenticator: anyone},
			zmq.Security{Mechanism: zmq.Curve{ServerKey: key.Public()}}},
	} {
		server := map[string]string{"X-Role": "server", "X-Empty": ""}
		client := map[string]string{"x-role": "client"}
		rep := must(zmq.NewRep(&zmq.Options{Metadata: server, Security: c.server}))
		req := must(zmq.NewReq(&zmq.Options{Metadata: client, Security: c.client}))
		server["X-Role"], client["X-role"] = "changed", "changed"
		if err := errors.Join(req.Connect(must(rep.Bind(c.endpoint))), req.Send(ctx, []byte("x"))); err != nil {
			t.Fatal(err)
		}
		m := must(rep.Recv(ctx))
		if got, ok := m.From().Property("X-ROLE"); got != "client" || !ok {
			t.Errorf("%s: the server received %q, %v", c.endpoint, got, ok)
		}
		if got, ok := m.From().Property("X-Empty"); ok {
			t.Errorf("%s: the server received a property %q that the client did not set", c.endpoint, got)
		}
		if err := rep.Send(ctx, []byte("y")); err != nil {
			t.Fatal(err)
		}
		m = must(req.Recv(ctx))
		if got, ok := m.From().Property("x-role"); got != "server" || !ok {
			t.Errorf("%s: the client received %q, %v", c.endpoint, got, ok)
		}
		if got, ok := m.From().Property("x-empty"); got != "" || !ok {
			t.Errorf("%s: the client received the empty property as %q, %v", c.endpoint, got, ok)
		}
		req.Close()
		rep.Close()
	}
}

// The largest metadata is within the limits of a peer of this library.
func TestLargestMetadataIsAccepted(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	o := &zmq.Options{RoutingID: strings.Repeat("r", 255), Metadata: map[string]string{"X-a": strings.Repeat("v", 4088)}}
	dealer, router := must(zmq.NewDealer(o)), must(zmq.NewRouter(nil))
	defer dealer.Close()
	defer router.Close()
	if err := errors.Join(dealer.Connect(must(router.Bind("tcp://127.0.0.1:*"))), dealer.Send(ctx, []byte("x"))); err != nil {
		t.Fatal(err)
	}
	m := must(router.Recv(ctx))
	if got, _ := m.From().Property("X-a"); len(got) != 4088 {
		t.Errorf("received %d bytes", len(got))
	}
}

func TestNewRefusesInvalidMetadata(t *testing.T) {
	for want, metadata := range map[string]map[string]string{
		`name "Role": begin it with X-`:                            {"Role": "x"},
		`name "X-On-Error": the library uses it`:                   {"X-On-Error": "x"},
		`name "x-a": another differs only in case`:                 {"x-a": "", "X-A": ""},
		`name "X-a:b": use up to 255 letters, digits, and - _ . +`: {"X-a:b": ""},
		`4097 bytes with their lengths: at most 4096`:              {"X-a": strings.Repeat("v", 4089)},
	} {
		_, err := zmq.NewPush(&zmq.Options{Metadata: metadata})
		wantInvalid(t, err, "zmq: new PUSH: invalid option: Options.Metadata "+want)
	}
}
