package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/zerobroker/zmq"
)

// flserver1 is a server of the Freelance pattern (chapter 4), for flclient1: it sends
// requests back.
//
//	go run ./zguide flserver1 tcp://127.0.0.1:5555
func flserver1(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("flserver1", flag.ContinueOnError)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("usage: flserver1 ENDPOINT")
	}

	server, err := zmq.NewRep(nil)
	if err != nil {
		return err
	}
	defer server.Close()
	if _, err := server.Bind(flags.Arg(0)); err != nil {
		return err
	}
	fmt.Fprintf(out, "I: echo service is ready at %s\n", flags.Arg(0))
	for request, err := range server.Messages(ctx) {
		if err != nil {
			return err
		}
		if err := server.SendMessage(ctx, request); err != nil {
			return err
		}
	}
	return nil
}
