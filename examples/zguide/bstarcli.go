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

// bstarcli is a client of the Binary Star pattern (chapter 4): it sends a request each
// second to one of two servers (bstarsrv), and to the other one if it receives no reply
// within a second.
func bstarcli(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("bstarcli", flag.ContinueOnError)
	at := flags.String("at", "tcp://127.0.0.1:", "prefix of the endpoints, before a port")
	if err := flags.Parse(args); err != nil {
		return err
	}
	const timeout, settle = time.Second, 2 * time.Second // settle: until the servers have failed over
	servers := []string{*at + "5001", *at + "5002"}

	client, err := bstarcliConnect(out, servers[0])
	if err != nil {
		return err
	}
	defer func() { client.Close() }()
	for sequence, server := 1, 0; ; {
		request := strconv.Itoa(sequence)
		waiting, cancel := context.WithTimeout(ctx, timeout)
		reply, err := bstarcliRequest(waiting, client, request)
		cancel()
		pause := time.Second
		switch {
		case err == nil && reply.String() == request:
			fmt.Fprintf(out, "I: server replied OK (%s)\n", reply)
			sequence++
		case err == nil:
			return fmt.Errorf("bad reply from server: %s", reply)
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.Is(err, context.DeadlineExceeded):
			return err
		default:
			fmt.Fprintln(out, "W: no response from server, failing over")
			pause = settle
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
		if pause == settle {
			client.Close()
			server = (server + 1) % len(servers)
			if client, err = bstarcliConnect(out, servers[server]); err != nil {
				return err
			}
		}
	}
}

func bstarcliRequest(ctx context.Context, client *zmq.Req, request string) (zmq.Message, error) {
	if err := client.Send(ctx, []byte(request)); err != nil {
		return zmq.Message{}, err
	}
	return client.Recv(ctx)
}

func bstarcliConnect(out io.Writer, server string) (*zmq.Req, error) {
	fmt.Fprintf(out, "I: connecting to server at %s...\n", server)
	client, err := zmq.NewReq(&zmq.Options{Linger: zmq.NoLinger})
	if err != nil {
		return nil, err
	}
	return client, client.Connect(server)
}
