package zap_test

import (
	"context"
	"crypto/subtle"
	"fmt"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zap"
)

// passwords are the passwords of the users.
var passwords = map[string]string{"admin": "secret"}

// decide returns the reply to a request.
func decide(req zap.Request) zap.Reply {
	if req.Mechanism != "PLAIN" {
		return zap.Reply{Status: zap.StatusDenied, Text: "Use PLAIN"}
	}
	want, known := passwords[req.Username()]
	if !known || subtle.ConstantTimeCompare([]byte(req.Password()), []byte(want)) == 0 {
		return zap.Reply{Status: zap.StatusDenied, Text: "Wrong username or password"}
	}
	return zap.Reply{Status: zap.StatusAccepted, Text: "OK", UserID: req.Username()}
}

// serve answers requests until the context ends.
func serve(ctx context.Context, rep *zmq.Rep) error {
	for m, err := range rep.Messages(ctx) {
		if err != nil {
			return err
		}
		req, err := zap.ParseRequest(m.Frames())
		reply := decide(req)
		if err != nil {
			reply = zap.Reply{Status: zap.StatusInternalError, Text: err.Error()}
		}
		if err := rep.SendMessage(ctx, zmq.NewMessage(req.Reply(reply)...)); err != nil {
			return err
		}
	}
	return nil
}

// A handler accepts the users it knows. A REQ takes the place of the socket that
// asks.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	opts := &zmq.Options{Namespace: zmq.NewNamespace()}
	rep, err := zmq.NewRep(opts)
	if err != nil {
		panic(err)
	}
	defer rep.Close()
	if _, err := rep.Bind(zap.Endpoint); err != nil {
		panic(err)
	}
	go serve(ctx, rep)

	req, err := zmq.NewReq(opts)
	if err != nil {
		panic(err)
	}
	defer req.Close()
	if err := req.Connect(zap.Endpoint); err != nil {
		panic(err)
	}
	for _, password := range []string{"secret", "guess"} {
		request := zap.Request{
			ID: "1", Domain: "global", Address: "127.0.0.1",
			Mechanism: "PLAIN", Credentials: [][]byte{[]byte("admin"), []byte(password)},
		}
		if err := req.SendMessage(ctx, zmq.NewMessage(request.Frames()...)); err != nil {
			panic(err)
		}
		m, err := req.Recv(ctx)
		if err != nil {
			panic(err)
		}
		reply, err := zap.ParseReply(m.Frames(), request.ID)
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s %q %q\n", reply.Status, reply.Text, reply.UserID)
	}
	// Output:
	// 200 "OK" "admin"
	// 400 "Wrong username or password" ""
}
