package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/zerobroker/zmq"
)

// lpclient is the client of the Lazy Pirate pattern (chapter 4): it waits 2.5 seconds
// for a reply, sends the request again on a new socket, and gives up after three
// attempts without a reply.
//
// It closes the socket, as the C program does, because a REQ that waits for a reply
// cannot send. A program whose servers are REP sockets would call [zmq.Req.Do] with a
// context that has a timeout: the socket stays usable, and late replies are dropped. Its
// requests have an ID in their envelope, which the Guide's ppworker does not expect.
func lpclient(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("lpclient", flag.ContinueOnError)
	endpoint := flags.String("connect", "tcp://127.0.0.1:5555", "endpoint of the server")
	if err := flags.Parse(args); err != nil {
		return err
	}
	const timeout, retries = 2500 * time.Millisecond, 3

	fmt.Fprintln(out, "I: connecting to server...")
	client, err := lpclientConnect(*endpoint)
	if err != nil {
		return err
	}
	defer func() { client.Close() }()

	left := retries
	for sequence := 1; ; {
		request := strconv.Itoa(sequence)
		waiting, cancel := context.WithTimeout(ctx, timeout)
		reply, err := lpclientRequest(waiting, client, request)
		cancel()
		switch {
		case err == nil && reply.String() == request:
			fmt.Fprintf(out, "I: server replied OK (%s)\n", reply)
			left = retries
			sequence++
			continue
		case err == nil:
			fmt.Fprintf(out, "E: malformed reply from server: %s\n", reply)
			continue
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.Is(err, context.DeadlineExceeded):
			return err
		}
		if left--; left == 0 {
			fmt.Fprintln(out, "E: server seems to be offline, abandoning")
			return nil
		}
		fmt.Fprintln(out, "W: no response from server, retrying...")
		client.Close()
		if client, err = lpclientConnect(*endpoint); err != nil {
			return err
		}
	}
}

// lpclientRequest sends a request and returns the reply.
func lpclientRequest(ctx context.Context, client *zmq.Req, request string) (zmq.Message, error) {
	if err := client.Send(ctx, []byte(request)); err != nil {
		return zmq.Message{}, err
	}
	return client.Recv(ctx)
}

// lpclientConnect returns a REQ that discards its unsent request when it is closed.
func lpclientConnect(endpoint string) (*zmq.Req, error) {
	client, err := zmq.NewReq(&zmq.Options{Linger: zmq.NoLinger})
	if err != nil {
		return nil, err
	}
	return client, client.Connect(endpoint)
}
