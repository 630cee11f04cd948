package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/zerobroker/zmq"
)

// flserver3 is a server of the Freelance pattern (chapter 4), for flclient3: a ROUTER
// that answers PING with PONG, and a request of a number and a body with the number and
// OK. Its routing ID is the endpoint that clients connect to.
func flserver3(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("flserver3", flag.ContinueOnError)
	endpoint := flags.String("bind", "tcp://127.0.0.1:5555", "endpoint for clients")
	id := flags.String("id", "tcp://localhost:5555", "routing ID: the endpoint by which clients know the server")
	if err := flags.Parse(args); err != nil {
		return err
	}

	server, err := zmq.NewRouter(&zmq.Options{RoutingID: *id})
	if err != nil {
		return err
	}
	defer server.Close()
	if _, err := server.Bind(*endpoint); err != nil {
		return err
	}
	fmt.Fprintf(out, "I: service is ready at %s\n", *endpoint)
	for request, err := range server.Messages(ctx) {
		if err != nil {
			return err
		}
		reply := [][]byte{request.Frame(0), []byte("OK")}
		if string(request.Frame(0)) == "PING" {
			reply = [][]byte{[]byte("PONG")}
		}
		err := server.SendTo(ctx, request.RoutingID(), reply...)
		if err != nil && !errors.Is(err, zmq.ErrNoRoute) {
			return err
		}
	}
	return nil
}
