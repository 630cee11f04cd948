package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/zerobroker/zmq"
)

// flserver2 is a server of the Freelance pattern (chapter 4), for flclient2: it answers
// a request of a number and a body with the number and OK.
//
//	go run ./zguide flserver2 tcp://127.0.0.1:5555
//
// The C program ends with an assertion if a request is malformed. This one answers
// without OK, because a REP has to answer.
func flserver2(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("flserver2", flag.ContinueOnError)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("usage: flserver2 ENDPOINT")
	}

	server, err := zmq.NewRep(nil)
	if err != nil {
		return err
	}
	defer server.Close()
	if _, err := server.Bind(flags.Arg(0)); err != nil {
		return err
	}
	fmt.Fprintf(out, "I: service is ready at %s\n", flags.Arg(0))
	for request, err := range server.Messages(ctx) {
		if err != nil {
			return err
		}
		reply := [][]byte{request.Frame(0), []byte("OK")}
		if request.NumFrames() != 2 {
			reply = reply[:1]
		}
		if err := server.Send(ctx, reply...); err != nil {
			return err
		}
	}
	return nil
}
