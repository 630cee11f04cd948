package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"
)

// ticlient is a client of titanic (chapter 4): it stores a request for the service echo,
// asks for the reply until there is one, and closes the request.
func ticlient(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("ticlient", flag.ContinueOnError)
	broker := flags.String("broker", "tcp://127.0.0.1:5555", "endpoint of the broker")
	if err := flags.Parse(args); err != nil {
		return err
	}

	client, err := newMDClient(*broker)
	if err != nil {
		return err
	}
	defer client.close()
	_, reply, err := ticlientCall(ctx, client, "titanic.request", []byte("echo"), []byte("Hello world"))
	if err != nil {
		return err
	}
	id := reply[0]
	fmt.Fprintf(out, "I: request UUID %s\n", id)

	delay := 100 * time.Millisecond
	for {
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return ctx.Err()
		}
		delay = 5 * time.Second
		status, reply, err := ticlientCall(ctx, client, "titanic.reply", id)
		if err != nil {
			return err
		}
		if status == "200" {
			fmt.Fprintf(out, "Reply: %s\n", reply[len(reply)-1])
			_, _, err := ticlientCall(ctx, client, "titanic.close", id)
			return err
		}
		fmt.Fprintln(out, "I: no reply yet, trying again...")
	}
}

// ticlientCall calls a service of titanic. The status is 200, or 300 for a request
// without a reply yet; all others are errors.
func ticlientCall(ctx context.Context, client *mdClient, service string, body ...[]byte) (status string, reply [][]byte, err error) {
	reply, err = client.send(ctx, service, body...)
	if err != nil {
		return "", nil, err
	}
	status = string(reply[0])
	if status != "300" && (status != "200" || service != "titanic.close" && len(reply) < 2) {
		return "", nil, fmt.Errorf("%s: status %s", service, status)
	}
	return status, reply[1:], nil
}
