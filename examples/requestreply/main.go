// Command requestreply is the smallest exchange: a server that answers requests,
// and a client.
//
//	go run ./requestreply serve tcp://127.0.0.1:5555
//	go run ./requestreply ask tcp://127.0.0.1:5555 world
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/zerobroker/zmq"
)

// serve answers each request with a greeting until ctx ends.
func serve(ctx context.Context, endpoint string) error {
	rep, err := zmq.NewRep(nil) // nil: default options
	if err != nil {
		return err
	}
	defer rep.Close()
	if _, err := rep.Bind(endpoint); err != nil {
		return err
	}
	for request, err := range rep.Messages(ctx) {
		if err != nil {
			return err // ctx has ended
		}
		if err := rep.Send(ctx, []byte("hello, "+request.String())); err != nil {
			return err
		}
	}
	return nil
}

// ask sends one request and returns its reply.
func ask(ctx context.Context, endpoint, name string) (string, error) {
	req, err := zmq.NewReq(nil)
	if err != nil {
		return "", err
	}
	defer req.Close()
	if err := req.Connect(endpoint); err != nil { // returns at once
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	reply, err := req.Do(ctx, []byte(name)) // waits for the connection and the reply
	if err != nil {
		return "", err
	}
	return reply.String(), nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	switch args := os.Args[1:]; {
	case len(args) == 2 && args[0] == "serve":
		if err := serve(ctx, args[1]); ctx.Err() == nil {
			log.Fatal(err)
		}
	case len(args) == 3 && args[0] == "ask":
		reply, err := ask(ctx, args[1], args[2])
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(reply)
	default:
		log.Fatal("usage: requestreply serve ENDPOINT | requestreply ask ENDPOINT NAME")
	}
}
